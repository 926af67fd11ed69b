/** One fetch of an object a second, over all shields of a cluster: whoever takes its token first asks the origin. Never waits for the store. */
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Store } from '../../runtime/store/store.ts'

export interface FetchBucketOptions {
  /** Tried again until it succeeds: a shield serves without a store as well. */
  openStore: () => Promise<Store>
  /** Told once when the store cannot be opened. */
  onAway: (cause: unknown) => void
}

/**
 * `taken`: this shield is to fetch. `held`: `holder` has fetched within the last second, by the name it gave itself. `open`: the store is away,
 * or slow, and nobody is held up for it.
 */
export type Taking = { how: 'taken' } | { how: 'held'; holder: string } | { how: 'open' }

/** Not given back: so it is a fetch a second, be it that the first failed. */
export const TOKEN_MS = 1000
/** A store that takes longer costs more than a second fetch. */
export const STORE_PATIENCE_MS = 50
/** After a failure nobody asks it for so long. */
const LEFT_ALONE_MS = 1000
const OPEN_AGAIN_MS = 2000

export class FetchBucket {
  readonly #options: FetchBucketOptions
  readonly #stop = new AbortController()
  #store: Store | null = null
  #isStarted = false
  #leftAloneUntilMs = 0

  constructor(options: FetchBucketOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#isStarted) return
    this.#isStarted = true
    void this.#open()
  }

  /** One that is being opened is closed when it is open: a Redis that is away holds no end up. */
  async close(): Promise<void> {
    this.#stop.abort()
    const store = this.#store
    this.#store = null
    await store?.close()
  }

  /** `name` is what others are told who has it. Never rejects, and takes `STORE_PATIENCE_MS` at most. */
  async take(path: string, name: string): Promise<Taking> {
    const store = this.#store
    if (store === null || performance.now() < this.#leftAloneUntilMs) return { how: 'open' }
    const taking = takeFrom(store, path, name).catch(() => null)
    const taken = await Promise.race([taking, delay(STORE_PATIENCE_MS, null)])
    if (taken !== null) return taken
    this.#leftAloneUntilMs = performance.now() + LEFT_ALONE_MS
    return { how: 'open' }
  }

  async #open(): Promise<void> {
    const { signal } = this.#stop
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      try {
        const store = await this.#options.openStore()
        if (signal.aborted) await store.close()
        else this.#store = store
        return
      } catch (cause) {
        if (isFirst) this.#options.onAway(cause)
        await delay(OPEN_AGAIN_MS, null, { signal }).catch(() => null)
      }
    }
  }
}

async function takeFrom(store: Store, path: string, name: string): Promise<Taking> {
  if (await store.compareAndSet(`fetch:${path}`, null, name, { ttlMs: TOKEN_MS })) return { how: 'taken' }
  // It may have run out meanwhile: then its second is over.
  const holder = await store.get(`fetch:${path}`)
  return holder === null ? { how: 'taken' } : { how: 'held', holder }
}

/** The name of a shield that no other can ask: its address is not among those of the shields. */
export function anonymousName(): string {
  return `shield-${randomUUID()}`
}
