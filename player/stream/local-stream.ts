/**
 * One program as local tracks, and every request of hls.js answered out of them: playlists written here by the origin's own
 * writer, init segments, parts and segments from memory or from the network.
 */
import { parseDeliveryDirectives } from '../../media/playlist/directives.ts'
import { formatMediaPlaylist, viewMediaPlaylist } from '../../media/playlist/media.ts'
import { runningNumberAt, partIdOf } from '../../media/part.ts'
import type { Part, PartHeader } from '../../media/part.ts'
import { PlayerError } from '../player-error.ts'
import { locate, parseMaster, type Master } from './master.ts'
import type { MediaFetch } from './media-fetch.ts'
import { TrackFeed } from './track-feed.ts'

export interface LocalStreamOptions {
  /** the room's multivariant playlist, absolute */
  address: string
  http: MediaFetch
  /** the stream cannot go on as it is */
  onLost?: (error: PlayerError) => void
  onServerDate?: (date: { serverMs: number; localMs: number }) => void
}

const PLAYLIST = /\/index\.m3u8$/
const INIT = /\/(init-\d+\.mp4)$/
const PART = /\/(\d+)\.(\d+)\.m4s$/
const SEGMENT = /\/(\d+)\.m4s$/

export class LocalStream {
  readonly #options: LocalStreamOptions
  readonly #feeds = new Map<string, TrackFeed>()
  #master: Promise<Master> | null = null
  #partSegments = 9
  #epochMs: number | null = null
  #isClosed = false
  readonly #held = new Set<() => void>()
  /** the rendition that was primed: the one to begin with */
  primed: string | null = null
  /** told of every part that came over HTTP */
  onFetched: ((part: Part) => void) | null = null

  constructor(options: LocalStreamOptions) {
    this.#options = options
  }

  /** The multivariant playlist, read once. Throws `PlayerError`. */
  master(): Promise<Master> {
    this.#master ??= this.#readMaster().then(({ text, address, date }) => {
      if (date) this.#options.onServerDate?.(date)
      return parseMaster(text, address)
    })
    return this.#master
  }

  /** How far back playlists list single parts. */
  set partWindowS(seconds: number) {
    this.#partSegments = Math.ceil(seconds / 2)
  }

  /** Begins with what a start at this distance from live will need, before anybody asks for it. */
  async prime(rendition: string, targetS: number, onAsked?: () => void): Promise<void> {
    this.primed ??= rendition
    const { audioTrack } = await this.master()
    const names = audioTrack ? [rendition, audioTrack] : [rendition]
    const feeds = await Promise.all(names.map((name) => this.activate(name)))
    const coming = feeds.map((feed) => feed.prime(targetS))
    onAsked?.()
    await Promise.all(coming)
  }

  /** A track's feed, started at the first call. */
  async activate(name: string): Promise<TrackFeed> {
    const master = await this.master()
    const known = this.#feeds.get(name)
    if (known?.isResting) known.close()
    const feed = known && !known.isResting ? known : this.#open(name, master)
    try {
      const info = await feed.ready
      this.#epochMs ??= info.epochMs
      return feed
    } catch (cause) {
      // who asks again begins anew
      if (this.#feeds.get(name) === feed) this.#feeds.delete(name)
      feed.close()
      throw cause
    }
  }

  /** What is followed, in the order in which it was begun. */
  get followed(): string[] {
    return [...this.#feeds].flatMap(([name, feed]) => (feed.isResting ? [] : [name]))
  }

  find(name: string): TrackFeed | undefined {
    return this.#feeds.get(name)
  }

  /** Nothing more of this track will be loaded, though what was is still to be shown. */
  rest(name: string): void {
    this.#feeds.get(name)?.rest()
  }

  /** Ends the feeds of renditions no longer played. */
  retireExcept(names: readonly string[]): void {
    for (const [name, feed] of this.#feeds) {
      if (names.includes(name)) continue
      this.#feeds.delete(name)
      feed.close()
    }
  }

  /** Header of the part that covers a media time, once its bytes have been here. */
  headerAt(name: string, mediaTimeS: number): PartHeader | null {
    const { msn, part } = partIdOf(runningNumberAt(Math.max(0, mediaTimeS), 1))
    const found = this.#feeds.get(name)?.track.find(msn, part)
    return found?.bytes ? found.header : null
  }

  /** Answers one request of hls.js. Throws `PlayerError`. */
  async answer(address: URL, signal: AbortSignal): Promise<string | ArrayBuffer> {
    const master = await this.master()
    if (address.href === master.address || address.href === this.#options.address) return master.text
    const at = locate(address.href, master.address)
    if (!at || at.program !== master.program)
      throw new PlayerError('part_not_found', `no ${address.pathname} here`)
    if (PLAYLIST.test(address.pathname))
      return this.#playlist(await this.activate(at.track), address.searchParams, signal)
    // a resting track still gives what it has
    const feed = this.#feeds.get(at.track) ?? (await this.activate(at.track))
    return copy(await this.#media(feed, address.pathname))
  }

  /** Answers the playlist requests that wait, with what there is: hls.js notices a seek only when a playlist comes. */
  nudge(): void {
    for (const answerNow of [...this.#held]) answerNow()
  }

  close(): void {
    this.#isClosed = true
    this.retireExcept([])
  }

  /** The first of all that is asked for. */
  #readMaster(): ReturnType<MediaFetch['getText']> {
    return this.#options.http.getText(this.#options.address, { isFirst: true })
  }

  async #playlist(feed: TrackFeed, query: URLSearchParams, signal: AbortSignal): Promise<string> {
    const { track } = feed
    const { initName, partTargetSec, epochMs } = await feed.ready
    const state = { head: track.head, ended: track.ended, partTargetSec }
    const directives = parseDeliveryDirectives(query, state)
    if (directives.kind === 'wait')
      await this.#hold(track.whenReached(directives.msn, directives.part, signal))
    return formatMediaPlaylist(viewMediaPlaylist(track, []), {
      partTargetSec,
      epochMs: this.#epochMs ?? epochMs,
      partSegments: this.#partSegments,
      init: initName,
    })
  }

  /** Resolves with the promise, or when nudged. */
  #hold(reached: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#held.add(resolve)
      reached.then(resolve, reject).finally(() => this.#held.delete(resolve))
    })
  }

  #media({ fetch }: TrackFeed, path: string): Promise<Uint8Array> {
    const init = INIT.exec(path)
    if (init?.[1]) return fetch.init(init[1])
    const part = PART.exec(path)
    if (part) return fetch.part(Number(part[1]), Number(part[2]))
    const segment = SEGMENT.exec(path)
    if (segment) return fetch.segment(Number(segment[1]))
    throw new PlayerError('part_not_found', `no ${path} here`)
  }

  #open(name: string, master: Master): TrackFeed {
    if (this.#isClosed) throw new PlayerError('part_not_found', 'the stream is closed')
    const { http, onLost, onServerDate } = this.#options
    const address = new URL(`${master.program}/${name}/`, master.address).href
    const feed = new TrackFeed({
      ...{ name, program: master.program, address, http, onLost, onServerDate },
      onPart: (part) => this.onFetched?.(part),
    })
    // begun anew: the last one
    this.#feeds.delete(name)
    this.#feeds.set(name, feed)
    return feed
  }
}

/** hls.js may transfer what it is given to a worker: the track's own bytes must stay. */
function copy(bytes: Uint8Array): ArrayBuffer {
  const copied = new ArrayBuffer(bytes.byteLength)
  new Uint8Array(copied).set(bytes)
  return copied
}
