/**
 * Fills a local track over HTTP: reads the server's playlist once, then asks for the next part by its number, which the
 * server holds until the part exists. What lies behind is fetched when somebody wants it.
 */
import { partIdOf, runningNumber } from '../../media/part.ts'
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

/** A network that is away for longer than the server keeps media leaves nothing to go on with: the player starts anew. */
const AWAY_LIMIT_MS = 90_000
const MAX_IDLE_LOOKS = 10
/** A held request that ends sooner was not held: asking at once again would be a flood. */
const SHORTEST_HOLD_MS = 2000
/** With half a part's time on the way, the next question would come too late for the next part. */
const LONG_ROUND_TRIP_MS = 120
/** So many parts quicker than they were made: the track is behind, one look at the playlist catches up. */
const CATCH_UP_PARTS = 8
const CATCH_UP_SHARE = 0.6
/** A part comes about a second after its picture reached the origin. If all of them are old, looking often does not help. */
const OLD_MS = 3000
const LOOK_AGAIN_MS = 5000

export class HttpSource {
  readonly #options: HttpSourceOptions
  readonly #closing = new AbortController()
  #recent: number[] = []
  #lookedAtMs = -Infinity
  /** how old the newest part was when it came */
  #lagMs: number | null = null
  /** resolves when following goes on; null while it does */
  #pause: { over: Promise<void>; end: () => void } | null = null

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

  /** Asks for nothing more until `resume`: the parts come by another way. What was asked for still comes. */
  pause(): void {
    if (this.#pause) return
    let end = (): void => undefined
    const over = new Promise<void>((resolve) => (end = resolve))
    this.#pause = { over, end }
  }

  resume(): void {
    this.#pause?.end()
    this.#pause = null
  }

  close(): void {
    this.#closing.abort()
    this.resume()
  }

  /** Asks for the parts to come one after the other, several at once where an answer takes longer than a part. */
  async #follow(): Promise<void> {
    const { track } = this.#options
    let asked: { id: PartId; answer: Promise<boolean> }[] = []
    let idle = 0
    while (!this.#closing.signal.aborted && !track.ended) {
      if (this.#pause) {
        asked = await this.#rest(asked)
        continue
      }
      const depth = this.#depth()
      while (asked.length < depth) asked.push(this.#ask(this.#after(asked.at(-1)?.id ?? null)))
      const isThere = await asked.shift()?.answer
      if (isThere) idle = 0
      if (isThere && !this.#isBehind()) continue
      this.#lookedAtMs = this.#options.http.nowMs()
      if (!isThere) asked = await this.#abandon(asked)
      const { next } = track
      this.#note(await this.#retry(() => this.#readPlaylist(isThere ? null : next)))
      if (isThere || !isSame(next, track.next)) continue
      if (idle >= MAX_IDLE_LOOKS) throw new PlayerError('part_not_found', 'the playlist does not go on')
      await this.#wait(idle++)
    }
    await this.#abandon(asked)
  }

  #ask(id: PartId): { id: PartId; answer: Promise<boolean> } {
    const { fetch } = this.#options
    const answer = this.#retry(() => this.#isAnswered(() => fetch.follow(id.msn, id.part, this.#signal())))
    // whoever awaits it hears of a failure; until then it must not count as unheard
    answer.catch(() => undefined)
    return { id, answer }
  }

  async #rest(asked: readonly { answer: Promise<boolean> }[]): Promise<[]> {
    await this.#abandon(asked)
    await this.#pause?.over
    this.#recent = []
    return []
  }

  async #abandon(asked: readonly { answer: Promise<boolean> }[]): Promise<[]> {
    await Promise.allSettled(asked.map(({ answer }) => answer))
    return []
  }

  #after(id: PartId | null): PartId {
    const { next, find } = this.#followed()
    let number = id === null ? next : Math.max(next, runningNumber(id) + 1)
    // what came by another way need not come twice
    while (find(number)) number++
    return partIdOf(number)
  }

  #followed(): { next: number; find: (number: number) => boolean } {
    const { track } = this.#options
    if (!track.next) throw new PlayerError('part_not_found', 'the playlist lists no part')
    const find = (number: number): boolean => {
      const { msn, part } = partIdOf(number)
      return (track.find(msn, part)?.bytes ?? null) !== null
    }
    return { next: runningNumber(track.next), find }
  }

  #depth(): number {
    return this.#options.http.roundTripMs > LONG_ROUND_TRIP_MS ? 3 : 1
  }

  /** False when the server says there is no such part: only the playlist can tell why. */
  async #isAnswered(ask: () => Promise<{ lagMs: number | null }>): Promise<boolean> {
    try {
      this.#lagMs = (await ask()).lagMs
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

  /** Parts that come faster than time passes come from the past, and so do old ones, however slowly a busy page asks for them. */
  #isBehind(): boolean {
    const now = this.#options.http.nowMs()
    if ((this.#lagMs ?? 0) > OLD_MS && now - this.#lookedAtMs > LOOK_AGAIN_MS) return true
    this.#recent.push(now)
    const first = this.#recent.at(-CATCH_UP_PARTS - 1)
    if (first === undefined) return false
    this.#recent = this.#recent.slice(-CATCH_UP_PARTS)
    return now - first < CATCH_UP_PARTS * 250 * CATCH_UP_SHARE
  }

  /** Asks again while it makes sense: at once after a hold that ran out, with growing waits when the network fails. */
  async #retry<Result>(ask: () => Promise<Result>): Promise<Result> {
    const { nowMs } = this.#options.http
    let failures = 0
    for (let wellAtMs = nowMs(); ;) {
      const asked = nowMs()
      try {
        return await ask()
      } catch (error) {
        const isOver = this.#closing.signal.aborted || nowMs() - wellAtMs > AWAY_LIMIT_MS
        if (isOver || !isWorthAsking(error)) throw error
        const wasHeld = isTimeout(error) && nowMs() - asked > SHORTEST_HOLD_MS
        if (wasHeld) {
          failures = 0
          wellAtMs = nowMs()
        } else await this.#wait(failures++)
      }
    }
  }

  async #wait(failures: number): Promise<void> {
    await waitMs(
      backoffMs(failures, this.#options.http.retry),
      this.#options.http.waking(this.#closing.signal),
    )
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

function isTimeout(error: unknown): boolean {
  return error instanceof PlayerError && error.code === 'part_timeout'
}

function isWorthAsking(error: unknown): boolean {
  return isTimeout(error) || (error instanceof PlayerError && error.code === 'network_failed')
}

function isSame(a: PartId | null, b: PartId | null): boolean {
  return a?.msn === b?.msn && a?.part === b?.part
}
