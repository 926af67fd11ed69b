/** One origin a store: the right to be it, renewed every second. Whoever has the same data directory takes it over at once, another only when it has run out. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Store } from '../../runtime/store/store.ts'

export interface OriginLeaseOptions {
  store: Store
  /** Of the data directory: the same for every process that had it. */
  id: string
  /** What people know this process by. */
  name: string
  /** Called once, with `store_in_use`, when another origin has the store by now: this one has to end. */
  onLost: (error: HeadwaterError) => void
  logger: Logger
  leaseMs?: number
}

const ORIGIN_KEY = 'origin'
/** Longer than an origin that is held up, or a Redis that fails over, is away as a rule. */
const LEASE_MS = 10_000
const RENEWALS_PER_LEASE = 10
/** What is waited for one that was killed: its lease, and as much again as the store may be late by. */
const WAIT_LEASES = 1.2
/** Others that take it in the moment between reading and writing. */
const TRIES = 5

const holderSchema = z.object({
  id: z.string().max(64),
  /** This process: its fence. What another has written since is not overwritten. */
  run: z.string().max(64),
  name: z.string().max(300),
  sinceMs: z.number(),
})
type Holder = z.infer<typeof holderSchema>
const UNKNOWN: Holder = { id: '', run: '', name: 'of another version', sinceMs: 0 }

export class OriginLease {
  readonly #options: OriginLeaseOptions
  readonly #leaseMs: number
  #own: Holder
  readonly #stop = new AbortController()
  #renewing: Promise<void> | null = null
  #heldUntilMs = 0

  constructor(options: OriginLeaseOptions) {
    this.#options = options
    this.#leaseMs = options.leaseMs ?? LEASE_MS
    const { id, name } = options
    this.#own = { id, run: randomUUID(), name, sinceMs: Date.now() }
  }

  /** Whether nobody else can have it: false when it could not be renewed in time, as while the store is away. */
  get isHeld(): boolean {
    return performance.now() < this.#heldUntilMs
  }

  /** Takes it, and waits as long as another's lease may last. Throws `store_in_use` when that is renewed, `store_unavailable`. */
  async start(): Promise<void> {
    const endsAtMs = performance.now() + this.#leaseMs * WAIT_LEASES
    for (let looks = 0; ; looks++) {
      const problem = await this.#take((before) => this.#follow(before)).then(
        (other) => (other === null ? null : inUse(other)),
        (error: unknown) => error,
      )
      if (problem === null) break
      if (performance.now() > endsAtMs || this.#stop.signal.aborted) throw problem
      if (looks === 0) this.#options.logger.warn({ reason: String(problem) }, 'waiting for the store')
      await this.#pause()
    }
    this.#renewing = this.#keep()
  }

  /** Gives it back, so that another need not wait. */
  async close(): Promise<void> {
    this.#stop.abort()
    if (this.#renewing === null) return
    await this.#renewing
    this.#renewing = null
    this.#heldUntilMs = 0
    await this.#options.store.compareAndSet(ORIGIN_KEY, JSON.stringify(this.#own), null).catch(() => false)
  }

  /** The store being away ends nothing. */
  async #keep(): Promise<void> {
    for (;;) {
      await this.#pause()
      if (this.#stop.signal.aborted) return
      const other = await this.#renew().catch(() => null)
      if (other === null) continue
      this.#heldUntilMs = 0
      return this.#options.onLost(inUse(other))
    }
  }

  async #renew(): Promise<Holder | null> {
    if (await this.#swap(JSON.stringify(this.#own))) return null
    // Its own, after a failover to a Redis that had not heard of this process yet.
    return this.#take(({ sinceMs }) => sinceMs < this.#own.sinceMs)
  }

  /** Later than a process before it, whatever the clock says: of two, the later one stays. */
  #follow({ sinceMs }: Holder): boolean {
    this.#own = { ...this.#own, sinceMs: Math.max(this.#own.sinceMs, sinceMs + 1) }
    return true
  }

  /** Null when it is ours, else who has it. `mayFollow` says whether a process of the same data directory gives way. */
  async #take(mayFollow: (holder: Holder) => boolean): Promise<Holder | null> {
    for (let tries = 0; tries < TRIES; tries++) {
      const found = await this.#options.store.get(ORIGIN_KEY)
      const holder = found === null ? null : parseHolder(found)
      if (holder !== null && !(holder.id === this.#own.id && mayFollow(holder))) return holder
      if (await this.#swap(found)) return null
    }
    throw new HeadwaterError('store_unavailable', `who has this store changed ${TRIES} times at once`)
  }

  async #swap(found: string | null): Promise<boolean> {
    const askedAtMs = performance.now()
    const { store } = this.#options
    const isOurs = await store.compareAndSet(ORIGIN_KEY, found, JSON.stringify(this.#own), {
      ttlMs: this.#leaseMs,
    })
    if (isOurs) this.#heldUntilMs = askedAtMs + this.#leaseMs
    return isOurs
  }

  async #pause(): Promise<void> {
    const { signal } = this.#stop
    await delay(this.#leaseMs / RENEWALS_PER_LEASE, null, { signal }).catch(() => null)
  }
}

function parseHolder(text: string): Holder {
  try {
    return holderSchema.parse(JSON.parse(text))
  } catch {
    return UNKNOWN
  }
}

function inUse({ name, sinceMs }: Holder): HeadwaterError {
  const since = sinceMs === 0 ? '' : ` since ${new Date(sinceMs).toISOString()}`
  const message = `another origin, ${name}, has held this store${since}: stop it, or give this one another REDIS_URL or REDIS_PREFIX`
  return new HeadwaterError('store_in_use', message)
}
