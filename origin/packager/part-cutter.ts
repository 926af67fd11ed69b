/** Groups a track's samples into parts by time alone: part k holds the samples that start in its quarter second. */
import type { Sample } from '../../media/fragment.ts'
import { PARTS_PER_SECOND, runningNumberAt } from '../../media/part.ts'
import { MediaError } from '../../media/media-error.ts'

export interface CutPart {
  k: number
  samples: Sample[]
}

/** More than a quarter second of anything holds; a source of endless samples at one time is malformed. */
const MAX_SAMPLES_IN_PART = 512

export class PartCutter {
  readonly timescale: number
  #k: number | null = null
  #samples: Sample[] = []

  constructor(timescale: number) {
    this.timescale = timescale
  }

  /** The parts this sample completes: one, when it is the last of its part or the first of the next. Throws `MediaError`. */
  push(sample: Sample): CutPart[] {
    const cut: CutPart[] = []
    const k = runningNumberAt(sample.time, this.timescale)
    if (this.#k !== null && k !== this.#k) cut.push(...this.#cut())
    this.#k = k
    this.#samples.push(sample)
    if (this.#samples.length > MAX_SAMPLES_IN_PART)
      throw new MediaError(`more than ${MAX_SAMPLES_IN_PART} samples in a part`)
    // A part that ends here need not wait for the next sample to say so.
    const isComplete = (sample.time + sample.duration) * PARTS_PER_SECOND >= (k + 1) * this.timescale
    if (isComplete) cut.push(...this.#cut())
    return cut
  }

  /** Forgets a part that was begun: its encoder is gone. */
  reset(): void {
    this.#k = null
    this.#samples = []
  }

  #cut(): CutPart[] {
    if (this.#k === null || this.#samples.length === 0) return []
    const part = { k: this.#k, samples: this.#samples }
    this.reset()
    return [part]
  }
}
