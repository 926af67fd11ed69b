/** Cuts a byte stream of FLV into tags, however the bytes arrive. */
import { concatBytes } from './bytes.ts'
import { MAX_TAG_BYTES, tagTypeOf, type FlvTag } from './flv-tag.ts'
import { MediaError } from './media-error.ts'

export { encodeFlvTag, FLV_HEADER, isKeyframe, isSequenceHeader, type FlvTag } from './flv-tag.ts'

const FILE_HEADER_BYTES = 13
const TAG_HEADER_BYTES = 11
const TRAILER_BYTES = 4

export interface FlvParserOptions {
  /** A tag larger than this is an error before anything is kept for it. */
  maxTagBytes?: number
}

export class FlvParser {
  #pending: Uint8Array = new Uint8Array(0)
  #headerSeen = false
  readonly #maxTagBytes: number

  constructor(options: FlvParserOptions = {}) {
    this.#maxTagBytes = options.maxTagBytes ?? MAX_TAG_BYTES
  }

  /** The tags completed by this chunk; their data are views on memory nobody writes again. Throws `MediaError`. */
  push(chunk: Uint8Array): FlvTag[] {
    this.#pending = this.#pending.length === 0 ? chunk.slice() : concatBytes([this.#pending, chunk])
    const tags: FlvTag[] = []
    let at = this.#headerSeen ? 0 : this.#readHeader()
    while (at >= 0 && this.#pending.length - at >= TAG_HEADER_BYTES) {
      const size = this.#tagSize(at)
      if (this.#pending.length - at < TAG_HEADER_BYTES + size + TRAILER_BYTES) break
      const tag = this.#readTag(at, size)
      if (tag) tags.push(tag)
      at += TAG_HEADER_BYTES + size + TRAILER_BYTES
    }
    if (at > 0) this.#pending = this.#pending.subarray(at)
    return tags
  }

  #readHeader(): number {
    if (this.#pending.length < FILE_HEADER_BYTES) return -1
    const [f, l, v] = this.#pending
    if (f !== 0x46 || l !== 0x4c || v !== 0x56) throw new MediaError('no FLV signature at the start')
    this.#headerSeen = true
    return FILE_HEADER_BYTES
  }

  #tagSize(at: number): number {
    const b = this.#pending
    const size = ((b[at + 1] ?? 0) << 16) | ((b[at + 2] ?? 0) << 8) | (b[at + 3] ?? 0)
    if (size > this.#maxTagBytes) throw new MediaError(`tag of ${size} bytes, at most ${this.#maxTagBytes}`)
    return size
  }

  #readTag(at: number, size: number): FlvTag | undefined {
    const b = this.#pending
    const type = tagTypeOf((b[at] ?? 0) & 0x1f)
    if (!type) return undefined // reserved types are passed over, as annex E.4.1 allows
    const low = ((b[at + 4] ?? 0) << 16) | ((b[at + 5] ?? 0) << 8) | (b[at + 6] ?? 0)
    const timestampMs = (((b[at + 7] ?? 0) << 24) | low) >>> 0
    return { type, timestampMs, data: b.subarray(at + TAG_HEADER_BYTES, at + TAG_HEADER_BYTES + size) }
  }
}
