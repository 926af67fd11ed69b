/**
 * Fills a local track over HTTP: reads the server's playlist once, then asks for the next part by its number, which the
 * server holds until the part exists. One request is open at a time; what lies behind is fetched when somebody wants it.
 */
import type { PartId } from '../../media/part.ts'
import { parseMediaPlaylist } from '../../media/playlist/parse.ts'
import type { ParsedMediaPlaylist } from '../../media/playlist/parse.ts'
import type { Track } from '../../media/track.ts'
import { PlayerError } from '../player-error.ts'
import { backoffMs, waitMs } from '../room/backoff.ts'
import { noteInventory, readTrackInfo, type TrackInfo } from './inventory.ts'
import type { MediaFetch } from './media-fetch.ts'
import type { TrackFetch } from './track-fetch.ts'

export interface HttpSourceOptions {
  track: Track
  program: string
  /** the track's folder, absolute, with its slash */
  address: string
  http: MediaFetch
  fetch: TrackFetch
  /** told once, when the track cannot go on: gone, or too far behind */
  onLost: (error: PlayerError) => void
  onServerDate?: (date: { serverMs: number; localMs: number }) => void
}

const RETRY = { firstMs: 200, maxMs: 2000 }
const MAX_FAILURES = 10
/** So many parts quicker than they were made: the track is behind, one look at the playlist catches up. */
const CATCH_UP_PARTS = 8
const CATCH_UP_SHARE = 0.6

export class HttpSource {
  readonly #options: HttpSourceOptions
  readonly #closing = new AbortController()
  #recent: number[] = []

  constructor(options: HttpSourceOptions) {
    this.#options = options
  }

  /** Resolves with the track's facts once the inventory is noted; following goes on until `close`. */
  async start(): Promise<TrackInfo> {
    const playlist = await this.#retry(() => this.#readPlaylist(null))
    this.#note(playlist)
    void this.#follow().catch((cause: unknown) => this.#lose(cause))
    return readTrackInfo(playlist)
  }

  close(): void {
    this.#closing.abort()
  }

  async #follow(): Promise<void> {
    const { track, fetch } = this.#options
    while (!this.#closing.signal.aborted && !track.ended) {
      const next = track.next
      if (!next) throw new PlayerError('part_not_found', 'the playlist lists no part')
      const isThere = await this.#retry(() =>
        this.#isAnswered(() => fetch.follow(next.msn, next.part, this.#signal())),
      )
      if (!isThere || this.#isBehind())
        this.#note(await this.#retry(() => this.#readPlaylist(isThere ? null : next)))
    }
  }

  /** False when the server says there is no such part: only the playlist can tell why. */
  async #isAnswered(ask: () => Promise<unknown>): Promise<boolean> {
    try {
      await ask()
      return true
    } catch (error) {
      if (error instanceof PlayerError && error.code === 'part_not_found') return false
      throw error
    }
  }

  async #readPlaylist(next: PartId | null): Promise<ParsedMediaPlaylist> {
    const { http, address, onServerDate } = this.#options
    const query = next ? `?_HLS_msn=${next.msn}&_HLS_part=${next.part}` : ''
    const { text, date } = await http.getText(`${address}index.m3u8${query}`, this.#signal())
    if (date) onServerDate?.(date)
    return parseMediaPlaylist(text)
  }

  #note(playlist: ParsedMediaPlaylist): void {
    const { track, program } = this.#options
    const head = track.head
    if (head && playlist.mediaSequence > head.msn + 1)
      throw new PlayerError(
        'fell_behind',
        `the window begins at ${playlist.mediaSequence}, the track ends at ${head.msn}`,
      )
    noteInventory(track, program, playlist)
    this.#recent = []
  }

  /** Parts that come faster than time passes come from the past. */
  #isBehind(): boolean {
    const now = performance.now()
    this.#recent.push(now)
    const first = this.#recent.at(-CATCH_UP_PARTS - 1)
    if (first === undefined) return false
    this.#recent = this.#recent.slice(-CATCH_UP_PARTS)
    return now - first < CATCH_UP_PARTS * 250 * CATCH_UP_SHARE
  }

  /** Asks again while it makes sense: at once after a hold that ran out, with growing waits when the network fails. */
  async #retry<Result>(ask: () => Promise<Result>): Promise<Result> {
    for (let failures = 0; ;) {
      try {
        return await ask()
      } catch (error) {
        if (this.#closing.signal.aborted || !isWorthAsking(error) || failures >= MAX_FAILURES) throw error
        if (isHeldTooLong(error)) continue
        await waitMs(backoffMs(failures++, RETRY), this.#closing.signal)
      }
    }
  }

  #lose(cause: unknown): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    const error =
      cause instanceof PlayerError ? cause : new PlayerError('answer_malformed', 'unreadable', { cause })
    this.#options.onLost(error)
  }

  #signal(): { signal: AbortSignal } {
    return { signal: this.#closing.signal }
  }
}

function isHeldTooLong(error: unknown): boolean {
  return error instanceof PlayerError && error.code === 'part_timeout'
}

function isWorthAsking(error: unknown): boolean {
  return isHeldTooLong(error) || (error instanceof PlayerError && error.code === 'network_failed')
}
