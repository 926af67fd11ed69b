/** Figures of many values: percentiles, and how they are spread. */

export interface Distribution {
  count: number
  p50: number
  p90: number
  p99: number
  max: number
  /** Upper end of each bucket, and how many are in it; empty ones are left out. */
  histogram: [number, number][]
}

export function distributionOf(values: readonly number[], bucket: number): Distribution {
  const sorted = [...values].sort((a, b) => a - b)
  const buckets = new Map<number, number>()
  for (const value of sorted) {
    const end = (Math.floor(value / bucket) + 1) * bucket
    buckets.set(end, (buckets.get(end) ?? 0) + 1)
  }
  return {
    count: sorted.length,
    p50: round(quantile(sorted, 0.5)),
    p90: round(quantile(sorted, 0.9)),
    p99: round(quantile(sorted, 0.99)),
    max: round(sorted.at(-1) ?? 0),
    histogram: [...buckets],
  }
}

/** 0 where there is nothing. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}

export function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits))
}
