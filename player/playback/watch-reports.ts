/** Tells the server now and then how this viewer fares: distance to live and stalls. Nothing of it says who he is. */
import type { RoomChannel } from '../room/room-channel.ts'

export interface WatchTotals {
  /** capture to screen; null: not known */
  distanceMs: number | null
  stalls: number
  stallMs: number
  playedMs: number
}

/** About so often: between three quarters of it and one and a half, so that a crowd that came together does not report together. */
export const REPORT_MS = 10_000

export class WatchReports {
  readonly #channel: RoomChannel | null
  readonly #random: () => number
  #told: WatchTotals = { distanceMs: null, stalls: 0, stallMs: 0, playedMs: 0 }
  #dueAtMs: number

  constructor(channel: RoomChannel | null, nowMs: number, random: () => number = Math.random) {
    this.#channel = channel
    this.#random = random
    this.#dueAtMs = nowMs + this.#waitMs()
  }

  /** To be called often; totals are asked for only when a report is due. */
  look(nowMs: number, totals: () => WatchTotals): void {
    if (this.#channel?.isOpen !== true || nowMs < this.#dueAtMs) return
    this.#dueAtMs = nowMs + this.#waitMs()
    const now = totals()
    const message = {
      type: 'watch-stats',
      distance_ms: now.distanceMs === null ? null : Math.max(0, now.distanceMs),
      stalls: Math.max(0, now.stalls - this.#told.stalls),
      stall_ms: Math.round(Math.max(0, now.stallMs - this.#told.stallMs)),
      played_ms: Math.round(Math.max(0, now.playedMs - this.#told.playedMs)),
    }
    if (this.#channel.send(message)) this.#told = now
  }

  #waitMs(): number {
    return REPORT_MS * (1 + this.#random()) * 0.75
  }
}
