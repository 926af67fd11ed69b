/** Checks stream keys, and stops listening to addresses that only guess. */
import { FailureLimiter, networkOf, type FailureLimiterOptions } from './failure-limiter.ts'
import type { KeyMatch } from './registry.ts'

export interface KeyGuardOptions extends FailureLimiterOptions {
  rooms: { findByKey(key: string): Promise<KeyMatch | null> }
}

/**
 * An address that has shown a right key is not limited for so long: behind a proxy or in one house a stranger's wrong keys must not keep out a
 * publisher who comes back.
 */
const TRUST_MS = 24 * 60 * 60_000
const MAX_TRUSTED = 10_000

export class KeyGuard {
  readonly #rooms: KeyGuardOptions['rooms']
  readonly #limiter: FailureLimiter
  readonly #now: () => number
  readonly #trustedUntil = new Map<string, number>()

  constructor({ rooms, ...options }: KeyGuardOptions) {
    this.#rooms = rooms
    this.#limiter = new FailureLimiter(options)
    this.#now = options.now ?? (() => performance.now())
  }

  /** Whose key it is; null for nobody's; `limited` without a look at it after too many of those. */
  async find(key: string, address: string): Promise<KeyMatch | 'limited' | null> {
    if (this.#limiter.waitMs(address) > 0 && !this.#isTrusted(address)) return 'limited'
    const found = await this.#rooms.findByKey(key)
    if (found) this.#trust(address)
    else this.#limiter.note(address)
    return found
  }

  #isTrusted(address: string): boolean {
    return (this.#trustedUntil.get(networkOf(address)) ?? 0) > this.#now()
  }

  #trust(address: string): void {
    const network = networkOf(address)
    this.#trustedUntil.delete(network)
    this.#trustedUntil.set(network, this.#now() + TRUST_MS)
    if (this.#trustedUntil.size <= MAX_TRUSTED) return
    const [oldest] = this.#trustedUntil.keys()
    if (oldest !== undefined) this.#trustedUntil.delete(oldest)
  }
}
