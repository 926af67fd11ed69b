/** Token buckets by key, for a bounded number of keys. */
import { TokenBucket, type Rate } from '../../runtime/token-bucket.ts'

const MAX_KEYS = 10_000

export class TokenBuckets {
  readonly #rate: Rate
  readonly #now: () => number
  readonly #buckets = new Map<string, TokenBucket>()

  constructor(rate: Rate, now: () => number) {
    this.#rate = rate
    this.#now = now
  }

  /** Whether it may; takes one if so. */
  take(key: string): boolean {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.#rate)
    // Whoever asks last is forgotten last.
    this.#buckets.delete(key)
    this.#buckets.set(key, bucket)
    const [oldest] = this.#buckets.keys()
    if (this.#buckets.size > MAX_KEYS && oldest !== undefined) this.#buckets.delete(oldest)
    return bucket.take(this.#now())
  }

  forget(key: string): void {
    this.#buckets.delete(key)
  }
}
