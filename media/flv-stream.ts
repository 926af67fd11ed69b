/** Cuts a byte stream of FLV into tags, however the bytes arrive. */
import { MAX_TAG_BYTES, tagTypeOf, type FlvTag } from './flv-tag.ts'
import { MediaError } from './media-error.ts'
import { PendingBytes } from './pending-bytes.ts'

export { encodeFlvTag, FLV_HEADER, isKeyframe, isSequenceHeader, type FlvTag } from './flv-tag.ts'

const FILE_HEADER_BYTES = 13
const TAG_HEADER_BYTES = 11
const TRAILER_BYTES = 4

export interface FlvParserOptions {
  /** A tag larger than this is an error before anything is kept for it. */
  maxTagBytes?: number
}

export class FlvParser {
  readonly #pending = new PendingBytes()
  #headerSeen = false
  readonly #maxTagBytes: number

  constructor(options: FlvParserOptions = {}) {
    this.#maxTagBytes = options.maxTagBytes ?? MAX_TAG_BYTES
  }

  /** The tags completed by this chunk; their data are views on memory nobody writes again. Throws `MediaError`. */
  push(chunk: Uint8Array): FlvTag[] {
    this.#pending.append(chunk)
    const tags: FlvTag[] = []
    if (!this.#headerSeen && !this.#readHeader()) return tags
    const pending = this.#pending.bytes
    let at = 0
    while (pending.length - at >= TAG_HEADER_BYTES) {
      const size = this.#tagSize(pending, at)
      if (pending.length - at < TAG_HEADER_BYTES + size + TRAILER_BYTES) break
      const tag = readTag(pending, at, size)
      if (tag) tags.push(tag)
      at += TAG_HEADER_BYTES + size + TRAILER_BYTES
    }
    this.#pending.drop(at)
    return tags
  }

  /** False while it has not come whole. */
  #readHeader(): boolean {
    if (this.#pending.length < FILE_HEADER_BYTES) return false
    const [f, l, v] = this.#pending.bytes
    if (f !== 0x46 || l !== 0x4c || v !== 0x56) throw new MediaError('no FLV signature at the start')
    this.#pending.drop(FILE_HEADER_BYTES)
    this.#headerSeen = true
    return true
  }

  #tagSize(pending: Uint8Array, at: number): number {
    const size = u24At(pending, at + 1)
    if (size > this.#maxTagBytes) throw new MediaError(`tag of ${size} bytes, at most ${this.#maxTagBytes}`)
    return size
  }
}

function readTag(pending: Uint8Array, at: number, size: number): FlvTag | undefined {
  const type = tagTypeOf((pending[at] ?? 0) & 0x1f)
  if (!type) return undefined // reserved types are passed over, as annex E.4.1 allows
  const extended = pending[at + 7] ?? 0
  const timestampMs = ((extended << 24) | u24At(pending, at + 4)) >>> 0
  return { type, timestampMs, data: pending.subarray(at + TAG_HEADER_BYTES, at + TAG_HEADER_BYTES + size) }
}

function u24At(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
}
