/**
 * NACK: u8 count of wants, and for each u8 track, u32 number, u8 flags (1: META is needed, 2: all chunks), u8 length of the bitmap,
 * bitmap: bit c & 7 of byte c >> 3 asks for chunk c. No bitmap with flag 2.
 */
import { MAX_PART_CHUNKS, MAX_TRACKS, MAX_WANTS, type NackFrame, type Want } from './frame.ts'
import { atMost, FrameError } from './frame-error.ts'
import { createMessage, HEADER_BYTES } from './header.ts'
import { FrameReader } from './reader.ts'
import { FrameWriter } from './writer.ts'

const NEEDS_META = 1
const ALL_CHUNKS = 2
const WANT_BYTES = 7
const MAX_BITMAP_BYTES = MAX_PART_CHUNKS / 8
const MAX_U32 = 0xffffffff

export function encodeNackFrame({ wants }: NackFrame): Uint8Array {
  atMost(wants.length, MAX_WANTS, 'wants')
  let payloadBytes = 1
  for (const { chunks } of wants) payloadBytes += WANT_BYTES + bitmapBytes(chunks)
  const bytes = createMessage('nack', payloadBytes)
  const writer = new FrameWriter(bytes, HEADER_BYTES)
  writer.u8(wants.length)
  for (const want of wants) writeWant(writer, want)
  return bytes
}

export function parseNackFrame(bytes: Uint8Array): NackFrame {
  const reader = new FrameReader(bytes, HEADER_BYTES)
  const count = atMost(reader.u8(), MAX_WANTS, 'wants')
  const wants: Want[] = []
  for (let at = 0; at < count; at++) wants.push(readWant(reader))
  reader.end()
  return { type: 'nack', wants }
}

function writeWant(writer: FrameWriter, { track, number, needsMeta, chunks }: Want): void {
  writer.u8(atMost(track, MAX_TRACKS - 1, 'track'))
  writer.u32(atMost(number, MAX_U32, 'number'))
  writer.u8((needsMeta ? NEEDS_META : 0) | (chunks ? 0 : ALL_CHUNKS))
  const length = bitmapBytes(chunks)
  writer.u8(length)
  const start = writer.position
  for (const chunk of chunks ?? []) {
    const at = start + (chunk >> 3)
    writer.bytes[at] = (writer.bytes[at] ?? 0) | (1 << (chunk & 7))
  }
  writer.position = start + length
}

/** Chunks come in order. */
function readWant(reader: FrameReader): Want {
  const track = atMost(reader.u8(), MAX_TRACKS - 1, 'track')
  const number = reader.u32()
  const flags = reader.u8()
  const length = atMost(reader.u8(), MAX_BITMAP_BYTES, 'bytes of a bitmap')
  const bitmap = reader.take(length)
  const needsMeta = (flags & NEEDS_META) !== 0
  const wantsAll = (flags & ALL_CHUNKS) !== 0
  if (wantsAll && length > 0) throw new FrameError('a bitmap where all chunks are wanted')
  return { track, number, needsMeta, chunks: wantsAll ? null : chunksOf(bitmap) }
}

function chunksOf(bitmap: Uint8Array): number[] {
  const chunks: number[] = []
  bitmap.forEach((byte, at) => {
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) chunks.push(8 * at + bit)
  })
  return chunks
}

function bitmapBytes(chunks: readonly number[] | null): number {
  let length = 0
  for (const chunk of chunks ?? [])
    length = Math.max(length, (atMost(chunk, MAX_PART_CHUNKS - 1, 'chunk') >> 3) + 1)
  return length
}
