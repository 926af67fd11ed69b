/** Allows a burst, then so many a second; by key, for a bounded number of keys. */

export interface Rate {
  burst: number
  perSecond: number
}

interface Bucket {
  left: number
  atMs: number
}

const MAX_KEYS = 10_000

export class TokenBuckets {
  readonly #rate: Rate
  readonly #now: () => number
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate
    this.#now = now
  }

  /** Whether it may; takes one if so. */
  take(key: string): boolean {
    const now = this.#now()
    const known = this.#buckets.get(key)
    const { burst, perSecond } = this.#rate
    const refilled = known ? known.left + ((now - known.atMs) / 1000) * perSecond : burst
    const left = Math.min(burst, refilled)
    // Whoever asks last is forgotten last.
    this.#buckets.delete(key)
    this.#buckets.set(key, { left: left >= 1 ? left - 1 : left, atMs: now })
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > MAX_KEYS && oldest !== undefined) this.#buckets.delete(oldest)
    return left >= 1
  }

  forget(key: string): void {
    this.#buckets.delete(key)
  }
}
