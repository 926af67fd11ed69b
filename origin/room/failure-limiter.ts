/** Counts failed proofs of identity by address, so that guessing a weak admin token takes for ever. */

export interface FailureLimiterOptions {
  /** Failures an address may have within the window. */
  maxFailures?: number
  windowMs?: number
  /** Addresses remembered; the longest known goes first. */
  maxAddresses?: number
  /** Milliseconds; never goes back. */
  now?: () => number
}

interface Failures {
  count: number
  endsAt: number
}

const MAX_FAILURES = 20
const WINDOW_MS = 60_000
const MAX_ADDRESSES = 10_000

/** How often each address has failed lately. */
export class FailureLimiter {
  readonly #maxFailures: number
  readonly #windowMs: number
  readonly #maxAddresses: number
  readonly #now: () => number
  readonly #failures = new Map<string, Failures>()

  constructor(options: FailureLimiterOptions = {}) {
    this.#maxFailures = options.maxFailures ?? MAX_FAILURES
    this.#windowMs = options.windowMs ?? WINDOW_MS
    this.#maxAddresses = options.maxAddresses ?? MAX_ADDRESSES
    this.#now = options.now ?? (() => performance.now())
  }

  /** Milliseconds the address has to wait before its next try; 0 when it may try now. */
  waitMs(address: string): number {
    const failures = this.#failures.get(networkOf(address))
    if (failures === undefined || failures.count < this.#maxFailures) return 0
    return Math.max(0, failures.endsAt - this.#now())
  }

  /** Notes a failure of the address. */
  note(address: string): void {
    const key = networkOf(address)
    const known = this.#failures.get(key)
    if (known !== undefined && known.endsAt > this.#now()) {
      known.count += 1
      return
    }
    this.#failures.delete(key)
    this.#failures.set(key, { count: 1, endsAt: this.#now() + this.#windowMs })
    if (this.#failures.size > this.#maxAddresses) {
      const [oldest] = this.#failures.keys()
      if (oldest !== undefined) this.#failures.delete(oldest)
    }
  }
}

/** What an address is counted by: who has one IPv6 address has a whole /64 of them. */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.startsWith('::ffff:')) return address
  return address.split(':').slice(0, 4).join(':')
}
