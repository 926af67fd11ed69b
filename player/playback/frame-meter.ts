/** Counts what a viewer sees of trouble: gaps between rendered frames and waits for data. Pure; the clock is handed in. */

/** A longer gap between two frames is a stall. */
export const STALL_GAP_MS = 250
/** A wait for data shorter than this is not seen. */
const SHORTEST_WAIT_MS = 100
const MAX_GAPS = 64

export class FrameMeter {
  #firstAtMs: number | null = null
  #lastAtMs: number | null = null
  #waitingSinceMs: number | null = null
  #stalls = 0
  #stallMs = 0
  /** largest gap of each recent second, for judging a switch afterwards */
  #gaps: { atMs: number; gapMs: number }[] = []

  get firstAtMs(): number | null {
    return this.#firstAtMs
  }

  onFrame(nowMs: number): void {
    this.#firstAtMs ??= nowMs
    const gapMs = this.#lastAtMs === null ? 0 : nowMs - this.#lastAtMs
    const waitedMs = this.#waitingSinceMs === null ? 0 : nowMs - this.#waitingSinceMs
    if (gapMs > STALL_GAP_MS) this.#count(gapMs)
    else if (waitedMs > SHORTEST_WAIT_MS) this.#count(waitedMs)
    this.#lastAtMs = nowMs
    this.#waitingSinceMs = null
    this.#remember(nowMs, gapMs)
  }

  /** The element ran out of data while it should play. */
  onWaiting(nowMs: number): void {
    if (this.#firstAtMs !== null) this.#waitingSinceMs ??= nowMs
  }

  /**
   * Frames are not expected from now on: paused, seeking, hidden, or another element shows. A stall that lasts is over, and
   * the next frame starts afresh.
   */
  rest(nowMs: number): void {
    const sinceMs = this.#lastAtMs === null ? 0 : nowMs - this.#lastAtMs
    if (sinceMs > STALL_GAP_MS) this.#count(sinceMs)
    this.#lastAtMs = null
    this.#waitingSinceMs = null
  }

  /** Totals, with a stall that still lasts. */
  read(nowMs: number): { stalls: number; stallMs: number } {
    const sinceMs = this.#lastAtMs === null ? 0 : nowMs - this.#lastAtMs
    const isStalled = sinceMs > STALL_GAP_MS
    return {
      stalls: this.#stalls + (isStalled ? 1 : 0),
      stallMs: Math.round(this.#stallMs + (isStalled ? sinceMs : 0)),
    }
  }

  /** The largest gap between frames since then. */
  largestGapSince(thenMs: number): number {
    return Math.round(
      Math.max(0, ...this.#gaps.filter(({ atMs }) => atMs >= thenMs).map(({ gapMs }) => gapMs)),
    )
  }

  #count(ms: number): void {
    this.#stalls++
    this.#stallMs += ms
  }

  #remember(atMs: number, gapMs: number): void {
    const last = this.#gaps.at(-1)
    if (last && atMs - last.atMs < 1000 && gapMs <= last.gapMs) return
    this.#gaps.push({ atMs, gapMs })
    if (this.#gaps.length > MAX_GAPS) this.#gaps.shift()
  }
}
