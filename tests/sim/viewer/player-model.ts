/** A player as far as stalls go: media loaded in a row, a playhead that needs it, and what happens when it does not come. */
import { PART_MS } from '../world/stream.ts'

export type Mode = 'continuity' | 'low'

/** Distance from the newest part at which playing begins. */
export const RESERVE_MS: Readonly<Record<Mode, number>> = { continuity: 9000, low: 1000 }
/** How fast a player that fell behind catches up. */
const CATCH_UP_RATE = 1.05
const BEHIND_MS = 250
/** A hole that nobody fills is jumped when what is behind it is there and this long has passed. */
const GIVE_UP_MS = 4000
const FORGET_PARTS = 80

export class PlayerModel {
  stalls = 0
  stallMs = 0
  playedMs = 0
  lostParts = 0
  readonly #tracks: number
  readonly #targetMs: number
  readonly #have = new Map<number, number>()
  /** First part that is not here with all of its tracks. */
  #missing: number
  #newest: number
  #playheadMs: number
  #atMs: number
  #isStalled = false
  #stalledSinceMs = 0
  /** Until the first part is shown nothing counts as a stall. */
  #hasBegun = false

  /** `first`: the part it begins with. */
  constructor(options: { first: number; tracks: number; mode: Mode; nowMs: number }) {
    this.#tracks = options.tracks
    this.#targetMs = RESERVE_MS[options.mode]
    this.#missing = options.first
    this.#newest = options.first - 1
    this.#playheadMs = options.first * PART_MS
    this.#atMs = options.nowMs
  }

  get reserveMs(): number {
    return Math.max(0, this.#missing * PART_MS - this.#playheadMs)
  }

  get missing(): number {
    return this.#missing
  }

  has(number: number): boolean {
    return number < this.#missing || this.#have.get(number) === this.#tracks
  }

  /** One track's part is here. */
  add(number: number, nowMs: number): void {
    this.advance(nowMs)
    if (number < this.#missing) return
    this.#have.set(number, (this.#have.get(number) ?? 0) + 1)
    this.#newest = Math.max(this.#newest, number)
    this.#close()
    this.#hasBegun ||= this.reserveMs > 0
    if (this.reserveMs > 0) this.#isStalled = false
  }

  /** Plays up to now. `edgeMs`: the end of the newest part that is published. */
  advance(nowMs: number, edgeMs?: number): void {
    const elapsedMs = nowMs - this.#atMs
    this.#atMs = nowMs
    if (!this.#hasBegun || elapsedMs <= 0) return
    const isBehind = edgeMs !== undefined && edgeMs - this.#playheadMs > this.#targetMs + BEHIND_MS
    const rate = isBehind ? CATCH_UP_RATE : 1
    const movedMs = Math.min(elapsedMs * rate, this.reserveMs)
    this.#playheadMs += movedMs
    this.playedMs += movedMs / rate
    const lackingMs = elapsedMs - movedMs / rate
    if (lackingMs < 1) return
    this.stallMs += lackingMs
    if (!this.#isStalled) {
      this.stalls += 1
      this.#stalledSinceMs = nowMs - lackingMs
      this.#isStalled = true
    }
    if (nowMs - this.#stalledSinceMs > GIVE_UP_MS && this.#newest > this.#missing) this.#jump()
  }

  #close(): void {
    while (this.#have.get(this.#missing) === this.#tracks) {
      this.#have.delete(this.#missing - FORGET_PARTS)
      this.#have.delete(this.#missing)
      this.#missing += 1
    }
  }

  #jump(): void {
    const from = this.#missing
    while (this.#missing < this.#newest && this.#have.get(this.#missing) !== this.#tracks) {
      this.#have.delete(this.#missing)
      this.#missing += 1
    }
    this.lostParts += this.#missing - from
    this.#playheadMs = this.#missing * PART_MS
    this.#close()
    this.#isStalled = false
  }
}
