/**
 * When the rest of a GOP is best left out of a source that runs ahead of the wall: so close before its next keyframe that
 * this one comes in time. Waiting for the limit would leave out up to a whole GOP. Pure.
 */

const KEPT_GROWTHS = 8
/** The network trembles: a source this close to the limit may pass it at any moment. */
const MARGIN_MS = 150

export class KeyframeCadence {
  readonly #limitMs: number
  #last: { sourceMs: number; aheadMs: number } | null = null
  #intervalMs: number | null = null
  /** By how much it got farther ahead over each of the last GOPs, newest first. */
  #growthsMs: number[] = []

  /** `limitMs`: how far ahead of the wall a source may be. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  /** A keyframe that was placed, by the source's time and how far ahead of the wall that is. */
  keyframe(sourceMs: number, aheadMs: number): void {
    if (this.#last) {
      this.#intervalMs = sourceMs - this.#last.sourceMs
      this.#growthsMs = [aheadMs - this.#last.aheadMs, ...this.#growthsMs].slice(0, KEPT_GROWTHS)
    }
    this.#last = { sourceMs, aheadMs }
  }

  /**
   * Whether what comes before the next keyframe is to be left out: the source would pass the limit before there is another
   * chance, and what it is ahead by lasts until that keyframe. One that is ahead but gets no farther is left alone.
   */
  isTimeToSkip(sourceMs: number, aheadMs: number): boolean {
    if (!this.#last || this.#intervalMs === null || this.#growthsMs.length < 2) return false
    const growthMs = this.#growthMs()
    const willPass = growthMs > 0 && this.#last.aheadMs + 2 * growthMs > this.#limitMs - MARGIN_MS
    if (aheadMs < this.#limitMs / 2 || !willPass) return false
    const untilKeyframeMs = this.#last.sourceMs + this.#intervalMs - sourceMs
    return untilKeyframeMs > 0 && untilKeyframeMs <= aheadMs
  }

  /** The median, the lower one of two: a hiccup, in either direction, is no speed. */
  #growthMs(): number {
    const sorted = this.#growthsMs.toSorted((a, b) => a - b)
    return sorted[(sorted.length - 1) >> 1] ?? 0
  }

  /** The source goes on at the time of the wall: what it was ahead by says nothing of what comes. */
  restart(): void {
    this.#last = null
    this.#growthsMs = []
  }
}
