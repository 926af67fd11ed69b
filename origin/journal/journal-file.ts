/**
 * A file of a journal: a track's init segment and then its parts, as they are served, so that any player plays it. Parts say
 * themselves what they are, so there is no index to go wrong. Pure.
 */
import { createHash } from 'node:crypto'
import { getBox } from '../../media/box.ts'
import { parseMeta, runningNumber, type Part } from '../../media/part.ts'
import { hashChunks } from '../../media/signature.ts'

export interface JournalFile {
  init: Uint8Array
  /** Of numbers one after the other. */
  parts: Part[]
}

/** Named by its track and the number of its first part. */
export interface JournalFileName {
  track: string
  firstPart: number
}

const NAME = /^(?<track>[a-z0-9]{1,16})-(?<first>\d{1,12})\.mp4$/

export function formatFileName({ track, firstPart }: JournalFileName): string {
  return `${track}-${firstPart}.mp4`
}

/** Null for any other file. */
export function parseFileName(name: string): JournalFileName | null {
  const found = NAME.exec(name)?.groups
  return found ? { track: found['track'] ?? '', firstPart: Number(found['first']) } : null
}

/**
 * What was written whole, up to the first byte that is not what it should be: a process that was killed leaves its last part
 * torn, a machine that lost power whatever it likes. Null without a whole init segment.
 */
export function readJournalFile(
  bytes: Uint8Array,
  of: { program: string; track: string },
): JournalFile | null {
  const init = readInit(bytes)
  if (!init) return null
  const parts: Part[] = []
  for (let at = init.length; at < bytes.length;) {
    const part = readFirstPart(bytes.subarray(at))
    const before = parts.at(-1)
    const isNext = part && (!before || runningNumber(part.header) === runningNumber(before.header) + 1)
    if (!part || !isNext || part.header.program !== of.program || part.header.track !== of.track) break
    parts.push(part)
    at += part.bytes.length
  }
  return { init, parts }
}

/** Everything before the first `uuid` box. */
function readInit(bytes: Uint8Array): Uint8Array | null {
  let end = 0
  for (let box = readBoxHead(bytes, 0); box && box.type !== 'uuid'; box = readBoxHead(bytes, end)) {
    if (box.size < 8 || end + box.size > bytes.length) break
    end += box.size
  }
  try {
    getBox(bytes.subarray(0, end), 'moov/trak/mdia/mdhd')
    return bytes.subarray(0, end)
  } catch {
    return null
  }
}

function readBoxHead(bytes: Uint8Array, at: number): { size: number; type: string } | null {
  if (at + 8 > bytes.length) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8)
  return { size: view.getUint32(0), type: String.fromCharCode(...bytes.subarray(at + 4, at + 8)) }
}

function readFirstPart(bytes: Uint8Array): Part | null {
  try {
    const { meta, bodyOffset } = parseMeta(bytes)
    const end = bodyOffset + meta.bodyBytes
    if (end > bytes.length || meta.bodyBytes === 0) return null
    const hashes = hashChunks(bytes.subarray(bodyOffset, end), meta.chunkBytes, sha256)
    const isWhole = hashes.every((hash, index) =>
      Buffer.from(hash).equals(meta.chunkHashes[index] ?? hash.subarray(1)),
    )
    return isWhole ? { header: meta.header, bytes: bytes.subarray(0, end) } : null
  } catch {
    return null
  }
}

function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
