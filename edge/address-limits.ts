/** What one address may ask of an edge that has no proxy in front: media requests at once, and new ones a second. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { HeadwaterError } from '../runtime/errors.ts'
import { CountedWarn } from '../runtime/flood-limiter.ts'
import { clientAddress } from '../runtime/http/client-address.ts'
import { allowAnyOrigin, sendError } from '../runtime/http/respond.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Counter, Metrics } from '../runtime/metrics.ts'
import { TokenBucket } from '../runtime/token-bucket.ts'
import { isMediaPath } from './media-path.ts'

export interface AddressLimitsOptions {
  /** Requests of one address that are not answered whole; null without a bound. */
  maxRequests: number | null
  /** New requests of one address, for as long as it likes; null without a bound. */
  requestsPerSecond: number | null
  trustProxy: boolean
  logger: Logger
  metrics: Metrics
  /** Addresses remembered at once. */
  maxAddresses?: number
  /** Milliseconds; for tests. */
  now?: () => number
}

interface Caller {
  running: number
  /** New requests it may make; null without a bound. */
  allowance: TokenBucket | null
}

/** Joining is more requests than watching: what is not used in so long may be used at once. */
const BURST_SECONDS = 2
const RETRY_AFTER_SECONDS = 1
const MAX_ADDRESSES = 100_000
const SWEEP_MS = 1000

export class AddressLimits {
  readonly name = 'address-limits'
  readonly #options: AddressLimitsOptions
  readonly #now: () => number
  readonly #callers = new Map<string, Caller>()
  readonly #refused: Counter<'reason'>
  readonly #warn: CountedWarn
  #sweptAtMs = 0

  constructor(options: AddressLimitsOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    this.#warn = new CountedWarn({ logger: options.logger })
    this.#refused = options.metrics.counter(
      'headwater_edge_refused_total',
      'Media requests refused because their address had too many',
      ['reason'],
    )
  }

  /** How many addresses are remembered. */
  get addresses(): number {
    return this.#callers.size
  }

  close(): void {
    this.#warn.close()
  }

  /** Answers and returns true where the address asks for too much; counts the request and returns false otherwise. */
  handle(req: IncomingMessage, res: ServerResponse): boolean {
    if (!isMediaPath(req.url ?? '')) return false
    const nowMs = this.#now()
    const caller = this.#callerAt(householdOf(clientAddress(req, this.#options.trustProxy)), nowMs)
    const { maxRequests, requestsPerSecond } = this.#options
    if (maxRequests !== null && caller.running >= maxRequests)
      return this.#refuse(req, res, 'at_once', `no more than ${maxRequests} requests at once`)
    if (caller.allowance?.take(nowMs) === false)
      return this.#refuse(req, res, 'per_second', `no more than ${requestsPerSecond} requests a second`)
    caller.running++
    res.once('close', () => caller.running--)
    return false
  }

  #refuse(req: IncomingMessage, res: ServerResponse, reason: string, limit: string): true {
    this.#refused.inc({ reason })
    const isForwarded = req.headers['x-forwarded-for'] !== undefined && !this.#options.trustProxy
    const hint = isForwarded ? ': all of it came by a proxy, which http.trustProxy does not say' : ''
    this.#warn.warn('edge-address', { reason }, `an address asks too much of the edge${hint}`)
    allowAnyOrigin(res)
    res.setHeader('Retry-After', RETRY_AFTER_SECONDS)
    sendError(res, new HeadwaterError('too_many_requests', `one address may have ${limit}`))
    return true
  }

  #callerAt(address: string, nowMs: number): Caller {
    const known = this.#callers.get(address)
    if (known !== undefined) return known
    this.#makeRoom(nowMs)
    const made = { running: 0, allowance: this.#createAllowance() }
    this.#callers.set(address, made)
    return made
  }

  #createAllowance(): TokenBucket | null {
    const { requestsPerSecond } = this.#options
    if (requestsPerSecond === null) return null
    return new TokenBucket({ burst: BURST_SECONDS * requestsPerSecond, perSecond: requestsPerSecond })
  }

  /** Forgets who is as good as new; where that is not enough, whoever is here longest and has nothing running. */
  #makeRoom(nowMs: number): void {
    const { maxAddresses = MAX_ADDRESSES } = this.#options
    if (nowMs - this.#sweptAtMs >= SWEEP_MS) {
      this.#sweptAtMs = nowMs
      for (const [address, { running, allowance }] of this.#callers)
        if (running === 0 && allowance?.isFull(nowMs) !== false) this.#callers.delete(address)
    }
    if (this.#callers.size < maxAddresses) return
    for (const [address, { running }] of this.#callers)
      if (running === 0) return void this.#callers.delete(address)
  }
}

/** Who counts as one: an IPv4 address, or the /64 that a household has in IPv6. */
export function householdOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined || !address.includes(':')) return mapped ?? address
  const [head = '', tail] = address.split('::')
  const left = head.split(':').filter(Boolean)
  const right = (tail ?? '').split(':').filter(Boolean)
  const between = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const groups = [...left, ...Array.from({ length: between }, () => '0'), ...right]
  return `${groups.slice(0, 4).join(':')}::/64`
}
