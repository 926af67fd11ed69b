/**
 * How long a program waits before the slate takes over: viewers live from their reserve meanwhile, and the reserve is shorter
 * by every pause that it has not made up for yet. Pure: the clock is handed in.
 */

/** Continuity players keep nine seconds: half of them for one outage. */
export const SLATE_AFTER_MS = 4000
const LEAST_MS = 500
/** Players rebuild their reserve at 0.97 times the speed. */
const REPAID_PER_MS = 0.03

export class SlateDelay {
  #debtMs = 0
  #atMs = 0

  /** The timeline stood still for so long. */
  pause(ms: number, nowMs: number): void {
    this.#debtMs = this.debtMs(nowMs) + Math.max(0, ms)
    this.#atMs = nowMs
  }

  /** What viewers lack of their reserve. */
  debtMs(nowMs: number): number {
    return Math.max(0, this.#debtMs - Math.max(0, nowMs - this.#atMs) * REPAID_PER_MS)
  }

  /** `atMostMs`: the room's own wish, null for the usual. */
  delayMs(atMostMs: number | null, nowMs: number): number {
    const most = atMostMs ?? SLATE_AFTER_MS
    return Math.min(Math.max(most - this.debtMs(nowMs), LEAST_MS), most)
  }
}
