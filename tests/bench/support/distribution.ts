/** Many figures of one kind: percentiles and a histogram. */
import { round } from './statistics.ts'

export interface Distribution {
  count: number
  p50: number | null
  p95: number | null
  p99: number | null
  max: number | null
  /** how many lie below each bound and not below the one before */
  histogram: Record<string, number>
}

export const GAP_BOUNDS_MS = [25, 50, 100, 150, 200, 250, 300, 400, 500, 750, 1000, 2000]

export function distributionOf(
  samples: readonly number[],
  bounds: readonly number[] = GAP_BOUNDS_MS,
): Distribution {
  const sorted = samples.toSorted((a, b) => a - b)
  // the smallest sample that so many are not above
  const at = (share: number): number | null => {
    const sample = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
    return sample === undefined ? null : round(sample, 1)
  }
  return {
    count: sorted.length,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    max: at(1),
    histogram: histogramOf(sorted, bounds),
  }
}

function histogramOf(sorted: readonly number[], bounds: readonly number[]): Record<string, number> {
  const histogram: Record<string, number> = {}
  let from = -Infinity
  for (const bound of [...bounds, Infinity]) {
    const count = sorted.filter((sample) => sample >= from && sample < bound).length
    if (count > 0) histogram[bound === Infinity ? `from ${from}` : `below ${bound}`] = count
    from = bound
  }
  return histogram
}
