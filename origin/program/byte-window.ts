/** Bytes over the last seconds, in buckets: what it costs does not depend on how many pieces they come in. Pure. */

const BUCKET_MS = 100

export class ByteWindow {
  readonly #windowMs: number
  #buckets: { atMs: number; bytes: number }[] = []
  #total = 0
  #lastMs = 0

  constructor(windowMs: number) {
    this.#windowMs = windowMs
  }

  /** All there are in the window. */
  get bytes(): number {
    return this.#total
  }

  add(bytes: number, nowMs: number): void {
    if (nowMs < this.#lastMs) this.#clear() // the clock was set back
    this.#lastMs = nowMs
    this.#total += bytes
    const newest = this.#buckets.at(-1)
    if (newest && nowMs - newest.atMs < BUCKET_MS) newest.bytes += bytes
    else this.#buckets.push({ atMs: nowMs, bytes })
    for (let oldest = this.#buckets[0]; oldest && oldest.atMs < nowMs - this.#windowMs;) {
      this.#total -= oldest.bytes
      this.#buckets.shift()
      oldest = this.#buckets[0]
    }
  }

  /** The mean; null before there is half a second. */
  get kbps(): number | null {
    const spanMs = this.#lastMs - (this.#buckets[0]?.atMs ?? this.#lastMs)
    return spanMs < 500 ? null : Math.round((this.#total * 8) / spanMs)
  }

  #clear(): void {
    this.#buckets = []
    this.#total = 0
  }
}
