/** Which time of the program mpegts.js calls zero: the earlier of the first sound and the first picture it was given. */
import { isSequenceHeader, type FlvTag } from '../../media/flv-stream.ts'

/** Both kinds come within the first tags, or one of them does not come at all. */
const MAX_TAGS = 64

export class FlvClock {
  readonly #firstMs = new Map<string, number>()
  #tags = 0
  #isDone = false

  /** seconds on the program's timeline; null until known */
  get baseS(): number | null {
    return this.#isDone ? Math.min(...this.#firstMs.values()) / 1000 : null
  }

  /** To be given the stream's tags from its start. What it cannot read is the engine's to complain about. */
  push(tag: FlvTag): void {
    if (this.#isDone || tag.type === 'script' || isHeader(tag)) return
    if (!this.#firstMs.has(tag.type)) this.#firstMs.set(tag.type, tag.timestampMs)
    this.#tags++
    this.#isDone = this.#firstMs.size === 2 || this.#tags >= MAX_TAGS
  }
}

function isHeader(tag: FlvTag): boolean {
  try {
    return isSequenceHeader(tag)
  } catch {
    return true
  }
}
