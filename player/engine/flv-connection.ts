/** One viewer's FLV over as many connections as it takes: a broken one is followed by another that goes on where it broke. */
import type { FlvTag } from '../../media/flv-stream.ts'
import { PlayerError } from '../player-error.ts'
import { backoffMs, waitMs } from '../room/backoff.ts'
import type { MediaFetch } from '../stream/media-fetch.ts'
import { FlvSplice } from './flv-splice.ts'

export interface FlvConnectionOptions {
  /** the stream's address; `behind` is added to it */
  address: string
  /** seconds back from the newest to begin with */
  behindS: number
  http: MediaFetch
  /** whole tags, one stream over all connections */
  onBytes: (bytes: Uint8Array) => void
  /** every tag of `onBytes`, before it */
  onTag: (tag: FlvTag) => void
}

/** How it ended: the broadcast is over, or it cannot go on. */
export type FlvConnectionEnd = { reason: 'over' } | { reason: 'failed'; error: PlayerError }

/** The server keeps ten seconds: what broke longer ago cannot be joined again, and the player starts anew. */
const AWAY_LIMIT_MS = 90_000
/** A new connection begins so much before the place where the last one broke, or at the keyframe before that. */
const REJOIN_MARGIN_S = 4
/** An answer that ends with nothing new, so often: it will not go on. */
const MAX_EMPTY = 3

export class FlvConnection {
  readonly #options: FlvConnectionOptions
  readonly #splice: FlvSplice
  readonly #closing = new AbortController()
  #hasNew = false
  #newestAtMs = 0

  constructor(options: FlvConnectionOptions) {
    this.#options = options
    this.#splice = new FlvSplice((tag) => {
      if (tag.type !== 'script') this.#hasNew = true
      this.#newestAtMs = performance.now()
      options.onTag(tag)
    })
  }

  close(): void {
    this.#closing.abort()
  }

  /** Resolves when there is nothing more to come, or never after `close`. */
  async run(): Promise<FlvConnectionEnd> {
    let brokeAtMs: number | null = null
    let isFirst = true
    for (let failures = 0, empty = 0; ;) {
      this.#hasNew = false
      const cause = await this.#read(isFirst ? this.#options.behindS : this.#rejoinBehindS())
      if (this.#closing.signal.aborted) return new Promise(() => undefined)
      if (this.#hasNew) {
        brokeAtMs = null
        failures = 0
        empty = 0
      } else if (cause === null) empty++
      if (this.#hasNew) isFirst = false
      brokeAtMs ??= performance.now()
      if (empty >= MAX_EMPTY || isOver(cause, isFirst)) return { reason: 'over' }
      const isLong = performance.now() - brokeAtMs > AWAY_LIMIT_MS
      if (cause !== null && (isLong || cause.code !== 'network_failed'))
        return { reason: 'failed', error: cause }
      await this.#wait(failures++)
    }
  }

  async #read(behindS: number): Promise<PlayerError | null> {
    const { address, http, onBytes } = this.#options
    const url = behindS > 0 ? `${address}?behind=${behindS}` : address
    try {
      for await (const chunk of http.read(url, this.#closing.signal)) {
        const bytes = this.#splice.push(chunk)
        if (bytes.length > 0) onBytes(bytes)
      }
      return null
    } catch (cause) {
      return cause instanceof PlayerError
        ? cause
        : new PlayerError('answer_malformed', 'the stream is no FLV', { cause })
    } finally {
      this.#splice.begin()
    }
  }

  #rejoinBehindS(): number {
    return Math.ceil((performance.now() - this.#newestAtMs) / 1000) + REJOIN_MARGIN_S
  }

  async #wait(failures: number): Promise<void> {
    const { http } = this.#options
    await waitMs(backoffMs(failures, http.retry), http.waking(this.#closing.signal))
  }
}

/** After what was played, a room that is live no more has ended; before it, there is nothing to play. */
function isOver(cause: PlayerError | null, isFirst: boolean): boolean {
  return !isFirst && (cause?.code === 'room_not_live' || cause?.code === 'room_not_found')
}
