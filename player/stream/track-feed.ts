/** One local track with what fills it: opened together, closed together. */
import { PARTS_PER_SEGMENT, partIdOf, runningNumber } from '../../media/part.ts'
import type { Part } from '../../media/part.ts'
import { Track } from '../../media/track.ts'
import type { PlayerError } from '../player-error.ts'
import { HttpSource } from './http-source.ts'
import type { TrackInfo } from './inventory.ts'
import type { MediaFetch } from './media-fetch.ts'
import { TrackFetch } from './track-fetch.ts'

export interface TrackFeedOptions {
  name: string
  program: string
  /** the track's folder, absolute, with its slash */
  address: string
  http: MediaFetch
  onLost: ((error: PlayerError) => void) | undefined
  onServerDate: ((date: { serverMs: number; localMs: number }) => void) | undefined
  /** told of every part that came over HTTP */
  onPart?: ((part: Part) => void) | undefined
}

/** 40 s: the playing distance, what a viewer may go back, and a margin. */
const MAX_SEGMENTS = 20
/** A few requests at once fill a start quickly and leave connections for the rest. */
const PRIME_SEGMENTS = 2

export class TrackFeed {
  readonly track: Track
  readonly fetch: TrackFetch
  /** the track's facts, once its inventory is known; rejects with `PlayerError` */
  readonly ready: Promise<TrackInfo>
  isResting = false
  readonly #source: HttpSource

  constructor(options: TrackFeedOptions) {
    const { name, program, address, http, onPart } = options
    this.track = new Track({ name, maxSegments: MAX_SEGMENTS })
    this.fetch = new TrackFetch({ track: this.track, address, http, onPart })
    this.#source = new HttpSource({
      track: this.track,
      program,
      address,
      http,
      fetch: this.fetch,
      onLost: (error) => options.onLost?.(error),
      onServerDate: (date) => options.onServerDate?.(date),
    })
    this.ready = this.#source.start()
    this.ready.catch(() => undefined)
  }

  /** Fetches init and the media a start needs first; failures are left to whoever really asks. */
  async prime(targetS: number): Promise<void> {
    const { initName } = await this.ready
    const { head } = this.track
    if (!head) return
    const first = partIdOf(Math.max(0, runningNumber(head) + 1 - Math.ceil(targetS * 4)))
    const finished = this.track
      .segments()
      .filter(({ msn, gap }) => !gap && msn >= first.msn && msn < head.msn)
      .slice(0, PRIME_SEGMENTS)
    const wanted: Promise<unknown>[] = [this.fetch.init(initName)]
    for (const { msn } of finished) wanted.push(this.fetch.part(msn, 0))
    if (finished.length < PRIME_SEGMENTS)
      for (let part = 0; part <= Math.min(head.part, PARTS_PER_SEGMENT - 1); part++)
        wanted.push(this.fetch.part(head.msn, part))
    await Promise.allSettled(wanted)
  }

  /** Follows no more while the parts come by another way. */
  pause(): void {
    this.#source.pause()
  }

  resume(): void {
    this.#source.resume()
  }

  /** Follows no more; what is known stays. */
  rest(): void {
    this.isResting = true
    this.#source.close()
  }

  close(): void {
    this.#source.close()
    this.track.close()
  }
}
