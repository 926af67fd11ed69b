/**
 * The header of every frame: u8 type, u8 flags, u8 track, u8 stripe, u32 number, u16 chunk, u16 count. Fields that a kind does
 * not use are 0, and ignored on reading.
 */
import { MAX_MESSAGE_BYTES } from '../transport.ts'
import { FRAME_CODES, MAX_TRACKS, type FrameType, type TrackIndex } from './frame.ts'
import { atMost, FrameError } from './frame-error.ts'
import { readU16, readU32 } from './reader.ts'
import { writeU16, writeU32 } from './writer.ts'

export const HEADER_BYTES = 12
const MAX_U32 = 0xffffffff

const FLAGS_AT = 1
const TRACK_AT = 2
const STRIPE_AT = 3
const NUMBER_AT = 4
const CHUNK_AT = 8
const COUNT_AT = 10

const TYPES: (FrameType | undefined)[] = []
for (const [type, code] of Object.entries(FRAME_CODES)) TYPES[code] = type as FrameType

/** A message of this kind with everything else 0. Throws `FrameError` where it would be longer than any. */
export function createMessage(type: FrameType, payloadBytes: number): Uint8Array {
  const bytes = new Uint8Array(atMost(HEADER_BYTES + payloadBytes, MAX_MESSAGE_BYTES, 'message length'))
  bytes[0] = FRAME_CODES[type]
  return bytes
}

/** Throws `FrameError` where there is no whole header, more than a message, or a kind that is not known. */
export function readType(bytes: Uint8Array): FrameType {
  if (bytes.length < HEADER_BYTES) throw new FrameError(`${bytes.length} bytes, a header has ${HEADER_BYTES}`)
  atMost(bytes.length, MAX_MESSAGE_BYTES, 'message length')
  const type = TYPES[bytes[0] ?? 0]
  if (type === undefined) throw new FrameError(`frame of type ${bytes[0]}`)
  return type
}

export function readFlags(bytes: Uint8Array): number {
  return bytes[FLAGS_AT] ?? 0
}

export function writeFlags(bytes: Uint8Array, flags: number): void {
  bytes[FLAGS_AT] = flags
}

export function readTrack(bytes: Uint8Array): TrackIndex {
  return atMost(bytes[TRACK_AT] ?? 0, MAX_TRACKS - 1, 'track')
}

export function writeTrack(bytes: Uint8Array, track: TrackIndex): void {
  bytes[TRACK_AT] = atMost(track, MAX_TRACKS - 1, 'track')
}

export function readStripe(bytes: Uint8Array): number {
  return bytes[STRIPE_AT] ?? 0
}

export function writeStripe(bytes: Uint8Array, stripe: number): void {
  bytes[STRIPE_AT] = stripe
}

export function readNumber(bytes: Uint8Array): number {
  return readU32(bytes, NUMBER_AT)
}

export function writeNumber(bytes: Uint8Array, number: number): void {
  writeU32(bytes, NUMBER_AT, atMost(number, MAX_U32, 'number'))
}

export function readChunk(bytes: Uint8Array): number {
  return readU16(bytes, CHUNK_AT)
}

export function writeChunk(bytes: Uint8Array, chunk: number): void {
  writeU16(bytes, CHUNK_AT, chunk)
}

export function readCount(bytes: Uint8Array): number {
  return readU16(bytes, COUNT_AT)
}

export function writeCount(bytes: Uint8Array, count: number): void {
  writeU16(bytes, COUNT_AT, count)
}
