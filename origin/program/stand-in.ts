/** What becomes of a program that no publisher feeds: it waits, the slate stands in, and in the end it is given up. */
import type { Logger } from '../../runtime/logger.ts'
import type { SlateClip } from '../slate/clip.ts'
import { Outage } from './outage.ts'
import { SlateDelay } from './slate-delay.ts'
import { SlateFeeder } from './slate-feeder.ts'
import type { SourceSink } from './source-feed.ts'
import type { Timeline } from './timeline.ts'

/** What a room may set; read at each outage. */
export interface OutageSettings {
  /** How long after the last tag the slate comes at most; null for the usual. */
  slateAfterMs: number | null
  reconnectWindowMs: number
}

/** How a publisher went: it said goodbye, or not. */
export type Departure = 'unpublished' | 'gone'

export interface StandInOptions {
  timeline: Timeline
  sink: SourceSink
  logger: Logger
  now: () => number
  settings: () => OutageSettings
  slate: (() => Promise<SlateClip>) | null
  /** The program has had a picture. */
  hasVideo: () => boolean
}

/** A streamer who has stopped his stream and starts it again within this goes on in the same program. */
export const WINDOW_AFTER_STOP_MS = 15_000

export class StandIn {
  readonly #options: StandInOptions
  readonly #delay = new SlateDelay()
  #outage: Outage | null = null
  #slate: SlateFeeder | null = null

  constructor(options: StandInOptions) {
    this.#options = options
  }

  /** The slate feeds. */
  get isFeeding(): boolean {
    return this.#slate !== null
  }

  /** When nobody may come back any more; null while a publisher feeds. */
  get endsAtMs(): number | null {
    return this.#outage?.endsAtMs ?? null
  }

  /** Nobody feeds since then. `endsAtMs`: when to give up, where that is settled already. */
  begin(sinceMs: number, departure: Departure, endsAtMs: number | null = null): void {
    const { now, settings, slate, logger } = this.#options
    const { slateAfterMs, reconnectWindowMs } = settings()
    this.end()
    this.#outage = new Outage({
      sinceMs,
      slateAtMs: sinceMs + this.#delay.delayMs(slateAfterMs, now()),
      endsAtMs: endsAtMs ?? now() + reconnectWindowMs,
      slate,
      logger,
    })
    if (departure === 'unpublished') this.hurry()
  }

  /** A publisher feeds again, or nobody ever will. */
  end(): void {
    this.#outage?.close()
    this.#outage = null
    this.#slate = null
  }

  /** The timeline stood still for so long: viewers have that much less in reserve. */
  paused(ms: number): void {
    this.#delay.pause(ms, this.#options.now())
  }

  /** A publisher has come, and is given this long for its picture. */
  wait(ms: number): void {
    if (this.#outage) this.#outage.endsAtMs = Math.max(this.#outage.endsAtMs, this.#options.now() + ms)
  }

  /** The streamer has stopped: viewers need not live from their reserve in the hope that he is back at once. */
  hurry(): void {
    if (!this.#outage) return
    const nowMs = this.#options.now()
    this.#outage.slateAtMs = Math.min(this.#outage.slateAtMs, nowMs)
    this.#outage.endsAtMs = Math.min(this.#outage.endsAtMs, nowMs + WINDOW_AFTER_STOP_MS)
  }

  /** Brings the slate up to the wall's time. */
  tick(): void {
    this.#slate?.tick()
  }

  /** Whether the slate has just begun, or it is time to give up. */
  judge(): 'slate' | 'over' | null {
    const nowMs = this.#options.now()
    const outage = this.#outage
    if (!outage) return null
    if (nowMs >= outage.endsAtMs) return 'over'
    return nowMs >= outage.slateAtMs && this.#start(outage.clip) ? 'slate' : null
  }

  #start(loaded: SlateClip | null): boolean {
    const { timeline, hasVideo, slate } = this.#options
    const clip = hasVideo() ? loaded : null
    // Before a publisher's first picture there is nothing to stand in for.
    const isPossible = slate && timeline.epochMs !== null && (clip || !hasVideo())
    if (this.#slate || !isPossible) return false
    const feeder = new SlateFeeder({ ...this.#options, clip })
    if (!feeder.start()) return false
    this.#slate = feeder
    return true
  }
}
