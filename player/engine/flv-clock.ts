/** Which time of the program mpegts.js calls zero: the earlier of the first sound and the first picture it was given. */
import { FlvParser, isSequenceHeader } from '../../media/flv-stream.ts'

/** Both kinds come within the first tags, or one of them does not come at all. */
const MAX_TAGS = 64

export class FlvClock {
  readonly #parser = new FlvParser()
  readonly #firstMs = new Map<string, number>()
  #tags = 0
  #isDone = false

  /** seconds on the program's timeline; null until known */
  get baseS(): number | null {
    return this.#isDone ? Math.min(...this.#firstMs.values()) / 1000 : null
  }

  /** To be given the stream's bytes from its start. Bytes it cannot read are the engine's to complain about. */
  push(chunk: Uint8Array): void {
    if (this.#isDone) return
    try {
      for (const tag of this.#parser.push(chunk)) {
        if (tag.type === 'script' || isSequenceHeader(tag)) continue
        if (!this.#firstMs.has(tag.type)) this.#firstMs.set(tag.type, tag.timestampMs)
        this.#tags++
        if (this.#firstMs.size === 2 || this.#tags >= MAX_TAGS) return void (this.#isDone = true)
      }
    } catch {
      this.#isDone = this.#firstMs.size > 0
    }
  }
}
