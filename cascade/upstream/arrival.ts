/**
 * How long after the first sign of a part a parent's chunks of it usually come: mean and mean deviation as TCP keeps them for
 * round-trips (RFC 6298). What has not come by then is late. Chunks count whether needed or not: one that a repair brought
 * first still tells how long this parent takes.
 */
import { PARTS_PER_SEGMENT } from '../../media/part.ts'
import type { PartState } from '../assembly/part-state.ts'

const MEAN_GAIN = 1 / 8
const DEVIATION_GAIN = 1 / 4
const DEVIATIONS = 4
/** Sooner than this nothing is late: packets of one burst come apart. */
export const MIN_PATIENCE_MS = 60
/** Deep in the tree, below lines that are well used, what begins a segment takes as long as this from a root's first sign of it. */
const MAX_PATIENCE_MS = 900

class ArrivalClock {
  #mean = 60
  #deviation = 20

  /** A chunk came so many ms after the part's first sign. */
  note(delayMs: number): void {
    const error = delayMs - this.#mean
    this.#mean += error * MEAN_GAIN
    this.#deviation += (Math.abs(error) - this.#deviation) * DEVIATION_GAIN
  }

  get patienceMs(): number {
    const usual = this.#mean + DEVIATIONS * this.#deviation
    return Math.min(MAX_PATIENCE_MS, Math.max(MIN_PATIENCE_MS, usual))
  }

  get jitterMs(): number {
    return this.#deviation
  }
}

/** Tracks and kinds of parts differ: audio is small, and what begins a segment is large. */
export class Arrivals {
  readonly #clocks: ArrivalClock[] = []

  of({ track, number }: Pick<PartState, 'track' | 'number'>): ArrivalClock {
    const at = track * 2 + (number % PARTS_PER_SEGMENT === 0 ? 1 : 0)
    return (this.#clocks[at] ??= new ArrivalClock())
  }

  /** Of the parts there are most of. */
  get jitterMs(): number {
    return this.of({ track: 0, number: 1 }).jitterMs
  }
}
