/** Figures out of samples. */

export interface Spread {
  p50: number
  p95: number
  max: number
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN)
  return { p50: at(0.5), p95: at(0.95), max: round(sorted.at(-1) ?? NaN) }
}

export function median(samples: readonly number[]): number {
  return spreadOf(samples).p50
}

/** Milliseconds with two digits, or shares with four. */
export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits))
}
