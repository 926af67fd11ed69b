/**
 * How long after the first sign of a part a parent usually has brought its share of it: mean and mean deviation as TCP keeps
 * them for round-trips (RFC 6298). What has not come by then is late.
 */

const MEAN_GAIN = 1 / 8
const DEVIATION_GAIN = 1 / 4
const DEVIATIONS = 4
/** Sooner than this nothing is late: packets of one burst come apart. */
export const MIN_PATIENCE_MS = 60
export const MAX_PATIENCE_MS = 200

export class ArrivalClock {
  #mean = 60
  #deviation = 20

  /** Its share was whole so many ms after the part's first sign. */
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
