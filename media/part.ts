/**
 * A part is a CMAF chunk (ISO/IEC 23000-19, 7.3.2.3) addressed by (msn, part), led by a `uuid` box that carries its META:
 * what it is, the hashes of its chunks and the origin's signature. Byte layout: docs/protocol.md.
 */
import { ByteReader, asciiBytes, concatBytes, u32Bytes, u64Bytes } from './bytes.ts'
import { encodeBox, readBoxes } from './box.ts'
import { MediaError } from './media-error.ts'

export interface PartId {
  /** Media sequence number of the segment (RFC 8216bis, 4.4.3.2). */
  msn: number
  /** Index of the part in its segment. */
  part: number
}

export interface PartHeader extends PartId {
  program: string
  track: string
  /** Decoding can begin here: EXT-X-PART's INDEPENDENT. */
  independent: boolean
  lastOfSegment: boolean
  timescale: number
  /** Start on the program's timeline, in timescale units. */
  mediaTime: number
  /** In timescale units. */
  duration: number
  /** Wall clock of the first sample's arrival at the origin, in ms since 1970: for meters only. */
  captureTimeMs: number
}

export interface Part {
  header: PartHeader
  /** `uuid`, `prft`, `moof` and `mdat`: playable as they are. */
  bytes: Uint8Array
}

/** What the origin signs: the header and how the bytes behind the uuid box hash. */
export interface PartMeta {
  header: PartHeader
  /** Length of what follows the uuid box. */
  bodyBytes: number
  chunkBytes: number
  /** First 16 bytes of each chunk's SHA-256. */
  chunkHashes: Uint8Array[]
}

export interface SignedMeta {
  meta: PartMeta
  /** The bytes under the signature. */
  signed: Uint8Array
  signature: Uint8Array
  /** Where the body begins. */
  bodyOffset: number
}

export const PARTS_PER_SECOND = 4
export const PARTS_PER_SEGMENT = 8
export const SEGMENT_SECONDS = PARTS_PER_SEGMENT / PARTS_PER_SECOND
export const HASH_BYTES = 16
export const SIGNATURE_BYTES = 64
/** A part is cut into at least five chunks, one a stripe, of 16 KiB at most. */
export const MIN_CHUNKS = 5
export const MAX_CHUNK_BYTES = 16 * 1024

const META_VERSION = 1
const MAX_CHUNKS = 1024
/** Of a program id and of a track's name. */
export const MAX_NAME_BYTES = 64
const INDEPENDENT = 1
const LAST_OF_SEGMENT = 2
/** The extended type of the META box: `headwater part 1` in ASCII. */
const META_UUID = asciiBytes('headwater part 1')

/** k: counts parts from the start of the timeline, the same in every track. */
export function runningNumber(id: PartId): number {
  return id.msn * PARTS_PER_SEGMENT + id.part
}

export function partIdOf(k: number): PartId {
  return { msn: Math.floor(k / PARTS_PER_SEGMENT), part: k % PARTS_PER_SEGMENT }
}

/** k = floor(4·t), in integers. */
export function runningNumberAt(time: number, timescale: number): number {
  return Math.floor((time * PARTS_PER_SECOND) / timescale)
}

/** The bytes that are signed. Throws `MediaError` when the part is larger than `parseMeta` would take. */
export function encodeMeta(meta: PartMeta): Uint8Array {
  const { header } = meta
  if (meta.chunkHashes.length > MAX_CHUNKS)
    throw new MediaError(`${meta.chunkHashes.length} chunks in a part, at most ${MAX_CHUNKS}`)
  const flags = (header.independent ? INDEPENDENT : 0) | (header.lastOfSegment ? LAST_OF_SEGMENT : 0)
  return concatBytes([
    Uint8Array.of(
      META_VERSION,
      flags,
      header.part,
      meta.chunkHashes.length >> 8,
      meta.chunkHashes.length & 0xff,
    ),
    u32Bytes(header.msn, header.timescale),
    u64Bytes(header.mediaTime),
    u32Bytes(header.duration),
    u64Bytes(Math.round(header.captureTimeMs)),
    u32Bytes(meta.bodyBytes, meta.chunkBytes),
    encodeName(header.program),
    encodeName(header.track),
    ...meta.chunkHashes,
  ])
}

export function encodeMetaBox(signed: Uint8Array, signature: Uint8Array): Uint8Array {
  return encodeBox('uuid', META_UUID, signed, signature)
}

/** Reads the leading uuid box. Throws `MediaError` when the bytes do not begin with one or lengths do not fit. */
export function parseMeta(bytes: Uint8Array): SignedMeta {
  const head = new ByteReader(bytes)
  const boxBytes = head.u32()
  if (head.ascii(4) !== 'uuid' || boxBytes > bytes.length)
    throw new MediaError('a part begins with its uuid box')
  const uuid = head.take(16)
  if (META_UUID.some((byte, index) => uuid[index] !== byte)) throw new MediaError('unknown uuid box')
  const reader = new ByteReader(bytes.subarray(0, boxBytes), head.position)
  const meta = readSignedMeta(reader)
  const signed = bytes.subarray(head.position, reader.position)
  const signature = reader.take(SIGNATURE_BYTES)
  if (reader.remaining > 0) throw new MediaError(`${reader.remaining} bytes behind the signature`)
  return { meta, signed, signature, bodyOffset: boxBytes }
}

/** Reads the bytes under the signature alone. Throws `MediaError`. */
export function parseSignedMeta(signed: Uint8Array): PartMeta {
  const reader = new ByteReader(signed)
  const meta = readSignedMeta(reader)
  if (reader.remaining > 0) throw new MediaError(`${reader.remaining} bytes behind the chunk hashes`)
  return meta
}

/**
 * The part that was taken apart into these, byte for byte; `body` in one piece or in several. Throws `MediaError` where lengths do
 * not fit; says nothing about hashes and signature.
 */
export function assemblePart(
  signed: Uint8Array,
  signature: Uint8Array,
  body: Uint8Array | readonly Uint8Array[],
): Part {
  const { header, bodyBytes } = parseSignedMeta(signed)
  const pieces = body instanceof Uint8Array ? [body] : body
  const givenBytes = pieces.reduce((length, piece) => length + piece.length, 0)
  if (givenBytes !== bodyBytes) throw new MediaError(`${givenBytes} bytes of body, META says ${bodyBytes}`)
  if (signature.length !== SIGNATURE_BYTES) throw new MediaError(`signature of ${signature.length} bytes`)
  return { header, bytes: concatBytes([encodeMetaBox(signed, signature), ...pieces]) }
}

/** A part from its bytes. Throws `MediaError`; says nothing about the signature (see `verifyPart`). */
export function readPart(bytes: Uint8Array): Part {
  const { meta, bodyOffset } = parseMeta(bytes)
  if (bytes.length - bodyOffset !== meta.bodyBytes)
    throw new MediaError(`${bytes.length - bodyOffset} bytes of body, META says ${meta.bodyBytes}`)
  return { header: meta.header, bytes }
}

/** A segment is the concatenation of its parts. Throws `MediaError`. */
export function splitSegment(bytes: Uint8Array): Part[] {
  const starts = readBoxes(bytes).filter((box) => box.type === 'uuid')
  if (starts.length === 0 || starts[0]?.start !== 0) throw new MediaError('a segment begins with a part')
  return starts.map((box, index) =>
    readPart(bytes.subarray(box.start, starts[index + 1]?.start ?? bytes.length)),
  )
}

function readSignedMeta(reader: ByteReader): PartMeta {
  const version = reader.u8()
  if (version !== META_VERSION) throw new MediaError(`META version ${version}, only ${META_VERSION} is known`)
  const flags = reader.u8()
  const part = reader.u8()
  const count = reader.u16()
  if (part >= PARTS_PER_SEGMENT) throw new MediaError(`part ${part}, a segment has ${PARTS_PER_SEGMENT}`)
  if (count > MAX_CHUNKS) throw new MediaError(`${count} chunks in a part, at most ${MAX_CHUNKS}`)
  const msn = reader.u32()
  const timescale = reader.u32()
  if (timescale === 0) throw new MediaError('timescale is 0')
  const mediaTime = reader.u64()
  const duration = reader.u32()
  const captureTimeMs = reader.u64()
  const bodyBytes = reader.u32()
  const chunkBytes = reader.u32()
  if (count !== chunkCount(bodyBytes, chunkBytes))
    throw new MediaError(`${count} chunks of ${chunkBytes} bytes for a body of ${bodyBytes}`)
  const program = readName(reader)
  const track = readName(reader)
  const chunkHashes = Array.from({ length: count }, () => reader.take(HASH_BYTES))
  const independent = (flags & INDEPENDENT) !== 0
  const lastOfSegment = (flags & LAST_OF_SEGMENT) !== 0
  const times = { timescale, mediaTime, duration, captureTimeMs }
  const header = { program, track, msn, part, independent, lastOfSegment, ...times }
  return { header, bodyBytes, chunkBytes, chunkHashes }
}

function chunkCount(bodyBytes: number, chunkBytes: number): number {
  return bodyBytes === 0 ? 0 : Math.ceil(bodyBytes / chunkBytes)
}

function encodeName(name: string): Uint8Array {
  const bytes = asciiBytes(name)
  if (bytes.length > MAX_NAME_BYTES)
    throw new MediaError(`name of ${bytes.length} bytes, at most ${MAX_NAME_BYTES}`)
  return concatBytes([Uint8Array.of(bytes.length), bytes])
}

function readName(reader: ByteReader): string {
  const length = reader.u8()
  if (length > MAX_NAME_BYTES) throw new MediaError(`name of ${length} bytes, at most ${MAX_NAME_BYTES}`)
  return reader.ascii(length)
}
