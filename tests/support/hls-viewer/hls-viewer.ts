/** A viewer without a browser: follows picture and sound nine seconds behind live, and counts what a player would show of it. */
import { setTimeout as delay } from 'node:timers/promises'
import { PARTS_PER_SECOND } from '../../../media/part.ts'
import { PlayerModel, RESERVE_MS } from '../../sim/viewer/player-model.ts'
import { EdgeChoice, type EdgeChoiceOptions } from './edge-choice.ts'
import type { PartLedger } from './part-ledger.ts'
import { TrackFollower } from './track-follower.ts'

export interface HlsViewerOptions extends EdgeChoiceOptions {
  program: string
  tracks: readonly string[]
  ledger: PartLedger
}

/** Since `mark`. */
export interface ViewerFigures {
  stallMs: number
  stalls: number
  missing: number
  parts: number
  switches: number
  /** Least that was left to play. */
  leastReserveMs: number
  /** Longest time without a new part of the picture. */
  longestGapMs: number
  /** When the last gap of more than `LATE_MS` ended, by `performance.now()`; null: there was none. */
  lateUntilMs: number | null
}

/** Four parts' time. */
export const LATE_MS = 1000
/** A playlist's time. */
const CAUGHT_UP_PARTS = 2
const RESERVE_PARTS = (RESERVE_MS.continuity / 1000) * PARTS_PER_SECOND

export class HlsViewer {
  readonly #options: HlsViewerOptions
  readonly #edges: EdgeChoice
  readonly #closing = new AbortController()
  #following: Promise<void>[] = []
  #player: PlayerModel | null = null
  /** Parts that came before playing began. */
  #early: number[] = []
  #newPartAtMs = 0
  #figures = noFigures()
  #base = { stallMs: 0, stalls: 0, switches: 0 }

  constructor(options: HlsViewerOptions) {
    this.#options = options
    this.#edges = new EdgeChoice(options)
  }

  get edge(): string {
    return this.#edges.current
  }

  /** Resolves when it plays. Rejects where the program cannot be read. */
  async start(): Promise<void> {
    const { room, program, tracks } = this.#options
    const { signal } = this.#closing
    const followers = tracks.map(
      (track, index) =>
        new TrackFollower({
          folder: `/live/${room}/${program}/${track}`,
          edges: this.#edges,
          signal,
          onPart: (number, bytes) => this.#add(track, number, bytes, index === 0),
          onMissing: () => (this.#figures.missing += 1),
        }),
    )
    const heads = await Promise.all(followers.map((each) => each.head()))
    const head = Math.min(...heads)
    const first = Math.max(0, head - RESERVE_PARTS + 1)
    this.#following = followers.map((each) => each.follow(first))
    await this.#catchUp(head, async () =>
      Math.min(...(await Promise.all(followers.map((each) => each.head())))),
    )
    if (this.#figures.missing > 0)
      throw new Error(`${this.#figures.missing} of the last nine seconds' parts are missing`)
    this.mark()
  }

  /** Begins to count anew. */
  mark(): void {
    this.#player?.advance(performance.now())
    this.#figures = noFigures()
    this.#newPartAtMs = performance.now()
    const { stallMs = 0, stalls = 0 } = this.#player ?? {}
    this.#base = { stallMs, stalls, switches: this.#edges.switches }
  }

  figures(): ViewerFigures {
    const nowMs = performance.now()
    this.#player?.advance(nowMs)
    const { stallMs = 0, stalls = 0 } = this.#player ?? {}
    return {
      ...this.#figures,
      stallMs: stallMs - this.#base.stallMs,
      stalls: stalls - this.#base.stalls,
      switches: this.#edges.switches - this.#base.switches,
      longestGapMs: Math.max(this.#figures.longestGapMs, nowMs - this.#newPartAtMs),
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all(this.#following)
    await this.#edges.close()
  }

  /** Until everything is here that there is by then: on a busy machine that takes seconds. Then it plays. */
  async #catchUp(head: number, look: () => Promise<number>): Promise<void> {
    const { length } = this.#options.tracks
    const isThere = (): boolean => this.#early.filter((number) => number === head).length === length
    for (;;) {
      while (!isThere() && !this.#closing.signal.aborted) await delay(20)
      const now = await look()
      if (now - head <= CAUGHT_UP_PARTS) return this.#play(now)
      head = now
    }
  }

  /** Nine seconds behind what there is by now, which is more than at the beginning. */
  #play(head: number): void {
    const nowMs = performance.now()
    const { length } = this.#options.tracks
    const first = head - RESERVE_PARTS + 1
    this.#player = new PlayerModel({ first, tracks: length, mode: 'continuity', nowMs })
    for (const number of this.#early.splice(0)) this.#player.add(number, nowMs)
  }

  #add(track: string, number: number, bytes: Buffer, isPicture: boolean): void {
    const { room, program, ledger } = this.#options
    const nowMs = performance.now()
    ledger.enter(`${room}/${program}/${track}`, number, bytes)
    if (!this.#player) return void this.#early.push(number)
    this.#player.advance(nowMs)
    this.#figures.parts += 1
    this.#figures.leastReserveMs = Math.min(this.#figures.leastReserveMs, this.#player.reserveMs)
    this.#player.add(number, nowMs)
    if (!isPicture) return
    const gapMs = nowMs - this.#newPartAtMs
    this.#newPartAtMs = nowMs
    this.#figures.longestGapMs = Math.max(this.#figures.longestGapMs, gapMs)
    if (gapMs > LATE_MS) this.#figures.lateUntilMs = nowMs
  }
}

function noFigures(): ViewerFigures {
  const counts = { stallMs: 0, stalls: 0, missing: 0, parts: 0, switches: 0 }
  return { ...counts, leastReserveMs: RESERVE_MS.continuity, longestGapMs: 0, lateUntilMs: null }
}
