/** Allows a burst, then so many a second. Pure: the clock is handed in. */

export interface Rate {
  burst: number
  perSecond: number
}

export class TokenBucket {
  readonly #rate: Rate
  #left: number
  #atMs: number | null = null

  constructor(rate: Rate) {
    this.#rate = rate
    this.#left = rate.burst
  }

  /** Takes one; false when there is none. */
  take(nowMs: number): boolean {
    this.#left = this.#leftAt(nowMs)
    this.#atMs = nowMs
    if (this.#left < 1) return false
    this.#left--
    return true
  }

  /** Whether it is as good as new. */
  isFull(nowMs: number): boolean {
    return this.#leftAt(nowMs) >= this.#rate.burst
  }

  #leftAt(nowMs: number): number {
    const { burst, perSecond } = this.#rate
    const passedMs = Math.max(0, nowMs - (this.#atMs ?? nowMs))
    return Math.min(burst, this.#left + (passedMs * perSecond) / 1000)
  }
}
