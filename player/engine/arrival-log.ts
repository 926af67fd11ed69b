/** When the media of a stream that does not say it reached the origin: not later than it came here, nor than what followed it. */

const STEP_S = 0.1
/** A minute: more than any reserve. */
const MAX_MARKS = 600

export class ArrivalLog {
  readonly #marks: { mediaS: number; wallMs: number }[] = []

  /** Media up to `mediaS` is here at `wallMs`. */
  note(mediaS: number, wallMs: number): void {
    const last = this.#marks.at(-1)
    if (last && mediaS < last.mediaS + STEP_S) return
    this.#marks.push({ mediaS, wallMs })
    if (this.#marks.length > MAX_MARKS) this.#marks.shift()
  }

  /** Null where nothing is known of this time. A burst that came late counts as old as what came in time behind it. */
  wallMs(mediaS: number): number | null {
    const behind = this.#marks.filter((mark) => mark.mediaS >= mediaS - STEP_S)
    if (behind.length === 0) return null
    return mediaS * 1000 + Math.min(...behind.map((mark) => mark.wallMs - mark.mediaS * 1000))
  }
}
