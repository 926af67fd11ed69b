/**
 * How much hls.js may hold ahead of the playhead. It halves that whenever it looks for the next fragment while the last one is still
 * being appended (`reduceMaxBufferLength` in 1.7.4, for what it takes for a full buffer), and never gives it back: on a busy page a
 * few seconds of that left four of nine seconds of reserve, for good. Given back here, unless the browser itself has said that its
 * buffer is full.
 */

/** The part of hls.js' configuration that it lowers, s. */
export interface BufferLimits {
  maxBufferLength: number
  maxMaxBufferLength: number
}

/** As hls.js names it: the browser takes no more (QuotaExceededError). */
const BUFFER_FULL = 'bufferFullError'

export class BufferLimit {
  readonly #config: BufferLimits
  #isFull = false

  constructor(config: BufferLimits) {
    this.#config = config
  }

  /** `details`: of an error of hls.js. */
  noteError(details: string): void {
    this.#isFull ||= details === BUFFER_FULL
  }

  /** To be called now and then, with what the latency mode wants. */
  keep({ maxBufferLength, maxMaxBufferLength }: BufferLimits): void {
    if (!this.#isFull) Object.assign(this.#config, { maxBufferLength, maxMaxBufferLength })
  }
}
