/** Chance from a seed: the same seed gives the same run. */

export interface Random {
  /** 0 to 1, 1 not included. */
  next(): number
  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number
  isTrue(probability: number): boolean
  between(low: number, high: number): number
  /** Mean 0, deviation 1. */
  normal(): number
  exponential(mean: number): number
  lognormal(median: number, sigma: number): number
  pick<T>(items: readonly T[]): T
  /** A generator of its own, whose numbers do not depend on what is drawn here later. */
  fork(): Random
}

/** sfc32 by Chris Doty-Humphrey: 128 bits of state, passes PractRand. */
export function seededRandom(seed: number): Random {
  const next = sfc32(seed)
  return {
    next,
    below: (limit) => Math.floor(next() * limit),
    isTrue: (probability) => next() < probability,
    between: (low, high) => low + next() * (high - low),
    normal: () => normalOf(next),
    exponential: (mean) => -mean * Math.log(1 - next()),
    lognormal: (median, sigma) => median * Math.exp(sigma * normalOf(next)),
    pick(items) {
      const item = items[Math.floor(next() * items.length)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
    fork: () => seededRandom(Math.floor(next() * 2 ** 32)),
  }
}

function sfc32(seed: number): () => number {
  let a = 0x9e3779b9
  let b = seed | 0
  let c = Math.floor(seed / 2 ** 32) | 0
  let counter = 1
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < 12; round += 1) next()
  return next
}

/** Box and Muller. */
function normalOf(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
}
