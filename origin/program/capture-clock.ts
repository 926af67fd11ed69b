/** When what is shown at a media time came in: the wall clock of arrival, remembered for the last minute. */

const KEPT = 600
const STEP_MS = 100

export class CaptureClock {
  readonly #marks: { mediaMs: number; wallMs: number }[] = []

  mark(mediaMs: number, wallMs: number): void {
    const last = this.#marks.at(-1)
    if (last && mediaMs < last.mediaMs + STEP_MS) return
    this.#marks.push({ mediaMs, wallMs })
    if (this.#marks.length > KEPT) this.#marks.shift()
  }

  /** By the nearest mark before it; the first one where there is none. */
  wallMs(mediaMs: number): number {
    const mark = this.#marks.findLast((each) => each.mediaMs <= mediaMs) ?? this.#marks[0]
    return mark ? mark.wallMs + (mediaMs - mark.mediaMs) : Date.now()
  }
}
