/**
 * Whether a source's clock keeps step with the clock on the wall. Judged by the tags that travelled fastest in each stretch
 * of time, so that a hiccup of the network is not taken for a clock. Pure: the clock is handed in.
 */

/** A stretch of time that is judged by its earliest tag, and how many of them it takes to be sure. */
const STRETCH_MS = 5000
const STRETCHES = 6
/** Each stretch must show half of it: what only happened once is no clock. */
const NOTABLE_PERCENT = 1
/** Steps of its time beyond these are jumps, not speed. */
const JUMP_FORWARD_MS = 1500
const JUMP_BACK_MS = 500

interface Stretch {
  atMs: number
  /** How far the source's time was ahead of the wall's, at most; from where is of no matter. */
  leadMs: number
}

export class SourceClock {
  #stretches: Stretch[] = []
  #open: Stretch | null = null
  #last: { sourceMs: number; nowMs: number } | null = null

  /** Decode times of one track, as they come. */
  observe(sourceMs: number, nowMs: number): void {
    if (this.#isBroken(sourceMs, nowMs)) {
      this.#stretches = []
      this.#open = null
    }
    this.#last = { sourceMs, nowMs }
    const leadMs = sourceMs - nowMs
    if (this.#open && nowMs - this.#open.atMs < STRETCH_MS) {
      this.#open.leadMs = Math.max(this.#open.leadMs, leadMs)
      return
    }
    if (this.#open) this.#stretches.push(this.#open)
    if (this.#stretches.length > STRETCHES) this.#stretches.shift()
    this.#open = { atMs: nowMs, leadMs }
  }

  /** By how many percent it is fast, below zero where it is slow; null while it keeps step, or nobody knows. */
  get driftPercent(): number | null {
    const [first] = this.#stretches
    const last = this.#stretches.at(-1)
    if (!first || !last || this.#stretches.length < STRETCHES) return null
    const percent = ((last.leadMs - first.leadMs) * 100) / (last.atMs - first.atMs)
    const least = (STRETCH_MS * NOTABLE_PERCENT) / 200
    const isSteady = this.#stretches.slice(1).every(({ leadMs }, index) => {
      const stepMs = leadMs - (this.#stretches[index]?.leadMs ?? leadMs)
      return stepMs * Math.sign(percent) >= least
    })
    return isSteady && Math.abs(percent) >= NOTABLE_PERCENT ? percent : null
  }

  /** Its time has jumped, or nothing has come for so long that what was seen says nothing of now. */
  #isBroken(sourceMs: number, nowMs: number): boolean {
    if (!this.#last) return false
    const passedMs = nowMs - this.#last.nowMs
    const stepMs = sourceMs - this.#last.sourceMs
    return passedMs > STRETCH_MS || stepMs < -JUMP_BACK_MS || stepMs > passedMs + JUMP_FORWARD_MS
  }
}
