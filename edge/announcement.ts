/** Tells the cluster that this edge is there, where, and how busy; at the end takes it back, and serves on while viewers move away. */
import { setTimeout as delay } from 'node:timers/promises'
import { CountedWarn } from '../runtime/flood-limiter.ts'
import type { Logger } from '../runtime/logger.ts'
import { listEdge, unlistEdge } from '../runtime/store/edge-list.ts'
import type { Store } from '../runtime/store/store.ts'

export interface AnnouncementOptions {
  /** Tried again until it succeeds: an edge serves without a store as well. */
  openStore: () => Promise<Store>
  node: string
  url: string
  region: string
  capacityMbps: number
  /** Bytes given to viewers so far. */
  sentBytes: () => Promise<number>
  /** How long those who are here are served on after it is taken back. */
  drainMs: number
  logger: Logger
  intervalMs?: number
}

const INTERVAL_MS = 1000
const BITS_PER_MEGABIT = 1e6

export class Announcement {
  readonly name = 'announcement'
  readonly #options: AnnouncementOptions
  readonly #stop = new AbortController()
  readonly #warn: CountedWarn
  #store: Store | null = null
  #running: Promise<void> | null = null
  #last = { atMs: 0, bytes: 0 }

  constructor(options: AnnouncementOptions) {
    this.#options = options
    this.#warn = new CountedWarn({ logger: options.logger })
  }

  get isDraining(): boolean {
    return this.#stop.signal.aborted
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Resolves when viewers have had their time to go elsewhere. */
  async close(): Promise<void> {
    if (this.isDraining) return
    this.#stop.abort()
    await this.#running
    if (this.#store !== null) {
      await unlistEdge(this.#store, this.#options.node).catch(() => undefined)
      await delay(this.#options.drainMs)
      await this.#store.close()
    }
    this.#warn.close()
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      await this.#announce().catch((error: unknown) =>
        this.#warn.warn('announcement', { reason: String(error) }, 'the store does not know of this edge'),
      )
      await delay(this.#options.intervalMs ?? INTERVAL_MS, null, { signal }).catch(() => null)
    }
  }

  async #announce(): Promise<void> {
    const { node, url, region, openStore } = this.#options
    this.#store ??= await openStore()
    await listEdge(this.#store, { node, url, region, load: await this.#load() })
  }

  /** What was sent since the last time, of what can be. */
  async #load(): Promise<number> {
    const { atMs, bytes } = this.#last
    this.#last = { atMs: performance.now(), bytes: await this.#options.sentBytes() }
    const seconds = (this.#last.atMs - atMs) / 1000
    if (atMs === 0 || seconds <= 0) return 0
    const mbps = ((this.#last.bytes - bytes) * 8) / BITS_PER_MEGABIT / seconds
    return mbps / this.#options.capacityMbps
  }
}
