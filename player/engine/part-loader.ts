/**
 * The loader class hls.js is given: every request is answered by a function over local tracks, whatever pipe fills them.
 * What hls.js needs of it stands in the shape below (its own types are known to one file only).
 */
import { PlayerError } from '../player-error.ts'

export type LocalAnswer = (address: URL, signal: AbortSignal) => Promise<string | ArrayBuffer>

export interface LoaderStats {
  aborted: boolean
  loaded: number
  retry: number
  total: number
  chunkCount: number
  bwEstimate: number
  loading: { start: number; first: number; end: number }
  parsing: { start: number; end: number }
  buffering: { start: number; first: number; end: number }
}

interface Callbacks<Context> {
  onSuccess(
    response: { url: string; data: string | ArrayBuffer; code: number },
    stats: LoaderStats,
    context: Context,
    details: null,
  ): void
  onError(error: { code: number; text: string }, context: Context, details: null, stats: LoaderStats): void
  onAbort?(stats: LoaderStats, context: Context, details: null): void
}

export interface PartLoader<Context extends { url: string }> {
  context: Context | null
  stats: LoaderStats
  load(context: Context, config: unknown, callbacks: Callbacks<Context>): void
  abort(): void
  destroy(): void
}

/** hls.js branches on HTTP status codes: it asks again after a 5xx, and gives a 404 up at once. */
const GONE_STATUS = 404
const FAILED_STATUS = 503

/**
 * Makes the class. Time-outs in hls.js's configuration are ignored on purpose: it lowers them for blocked playlist
 * reloads, and a publisher's pause would then look like a broken server. The answer itself knows when to give up.
 */
export function createPartLoader<Context extends { url: string }>(
  answer: LocalAnswer,
): new () => PartLoader<Context> {
  return class implements PartLoader<Context> {
    context: Context | null = null
    stats: LoaderStats = createStats()
    readonly #gone = new AbortController()
    #callbacks: Callbacks<Context> | null = null

    load(context: Context, _config: unknown, callbacks: Callbacks<Context>): void {
      this.context = context
      this.#callbacks = callbacks
      this.stats.loading.start = performance.now()
      void this.#answer(context)
    }

    abort(): void {
      const callbacks = this.#callbacks
      const context = this.context
      if (!callbacks || !context) return
      this.#callbacks = null
      this.stats.aborted = true
      this.#gone.abort()
      callbacks.onAbort?.(this.stats, context, null)
    }

    destroy(): void {
      this.#callbacks = null
      this.context = null
      this.#gone.abort()
    }

    async #answer(context: Context): Promise<void> {
      const address = new URL(context.url, globalThis.location?.href)
      try {
        await Promise.resolve()
        this.#succeed(context, address.href, await answer(address, this.#gone.signal))
      } catch (cause) {
        this.#fail(context, cause)
      }
    }

    #succeed(context: Context, url: string, data: string | ArrayBuffer): void {
      const callbacks = this.#callbacks
      if (!callbacks) return
      this.#callbacks = null
      noteAnswer(this.stats, typeof data === 'string' ? data.length : data.byteLength)
      callbacks.onSuccess({ url, data, code: 200 }, this.stats, context, null)
    }

    #fail(context: Context, cause: unknown): void {
      const callbacks = this.#callbacks
      if (!callbacks) return
      this.#callbacks = null
      const text = cause instanceof Error ? cause.message : 'failed'
      callbacks.onError(
        { code: isGone(cause) ? GONE_STATUS : FAILED_STATUS, text },
        context,
        null,
        this.stats,
      )
    }
  }
}

/** The time an answer was held must not read as the age of a playlist: its first byte is now. */
function noteAnswer(stats: LoaderStats, size: number): void {
  const now = performance.now()
  stats.loading.first = now
  stats.loading.end = now
  stats.loaded = size
  stats.total = size
}

function isGone(cause: unknown): boolean {
  return cause instanceof PlayerError && cause.code !== 'network_failed' && cause.code !== 'part_timeout'
}

function createStats(): LoaderStats {
  return {
    aborted: false,
    loaded: 0,
    retry: 0,
    total: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  }
}
