/** Which way samples go: a straight line through them by least squares. Pure. */

export interface Sample {
  atMs: number
  value: number
}

export interface Trend {
  /** Units an hour. */
  perHour: number
  /** Of the line, from the first of these samples to the last. */
  growth: number
  /** What samples lie apart from the line: the root of the mean square. */
  noise: number
}

const HOUR_MS = 3_600_000

/** Of what comes behind the first third: until then caches fill and code is compiled. Null for fewer than three samples. */
export function trendOf(samples: readonly Sample[]): Trend | null {
  const late = samples.slice(Math.floor(samples.length / 3))
  const [first, last] = [late[0], late.at(-1)]
  if (!first || !last || late.length < 3) return null
  const mean = (pick: (sample: Sample) => number): number =>
    late.reduce((sum, sample) => sum + pick(sample), 0) / late.length
  const [meanAt, meanValue] = [mean(({ atMs }) => atMs), mean(({ value }) => value)]
  const spread = mean(({ atMs }) => (atMs - meanAt) ** 2)
  const perMs = spread === 0 ? 0 : mean(({ atMs, value }) => (atMs - meanAt) * (value - meanValue)) / spread
  const apart = mean(({ atMs, value }) => (value - meanValue - perMs * (atMs - meanAt)) ** 2)
  return { perHour: perMs * HOUR_MS, growth: perMs * (last.atMs - first.atMs), noise: Math.sqrt(apart) }
}
