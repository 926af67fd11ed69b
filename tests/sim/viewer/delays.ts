/** How late after their publication the last parts were here whole, with all of their tracks. */
const KEPT_PARTS = 128

export class Delays {
  readonly #numbers = new Int32Array(KEPT_PARTS).fill(-1)
  readonly #atMs = new Float64Array(KEPT_PARTS)
  readonly #tracks = new Uint8Array(KEPT_PARTS)
  readonly #wanted: number

  constructor(tracks: number) {
    this.#wanted = tracks
  }

  note(number: number, nowMs: number): void {
    const at = number % KEPT_PARTS
    if (this.#numbers[at] !== number) {
      this.#numbers[at] = number
      this.#tracks[at] = 0
    }
    this.#tracks[at] = (this.#tracks[at] ?? 0) + 1
    this.#atMs[at] = nowMs
  }

  /** When a part was complete; null where it is not, or no longer known. */
  completeAtMs(number: number): number | null {
    const at = number % KEPT_PARTS
    const isComplete = this.#numbers[at] === number && (this.#tracks[at] ?? 0) >= this.#wanted
    return isComplete ? (this.#atMs[at] ?? null) : null
  }
}
