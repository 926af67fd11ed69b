import { describe, expect, it } from 'vitest'
import { scoreParent, WEIGHTS } from './score.ts'
import type { ParentMerits } from './score.ts'

const IDEAL: ParentMerits = {
  ...{ rttMs: 0, loss: 0, spareStreams: 10, used: 0 },
  ...{ ageMs: 1e9, reliability: 1, diversity: 1 },
}

describe('scoreParent', () => {
  it('is 1 for a parent without a fault, and its weights are those of the design', () => {
    expect(scoreParent(IDEAL)).toBeCloseTo(1)
    expect(WEIGHTS).toEqual({ rtt: 0.3, loss: 0.3, spare: 0.2, stability: 0.1, diversity: 0.1 })
  })

  it('falls by no more than a fact weighs, however bad the fact is', () => {
    const worst: [Partial<ParentMerits>, number][] = [
      [{ rttMs: 1e9 }, WEIGHTS.rtt],
      [{ loss: 1 }, WEIGHTS.loss],
      [{ spareStreams: -3 }, WEIGHTS.spare],
      [{ used: 1.2 }, WEIGHTS.spare],
      [{ reliability: 0 }, WEIGHTS.stability],
      [{ ageMs: 0 }, WEIGHTS.stability],
      [{ diversity: 0 }, WEIGHTS.diversity],
    ]
    for (const [fact, weight] of worst) expect(scoreParent({ ...IDEAL, ...fact })).toBeCloseTo(1 - weight)
  })

  it('prefers the nearer, the cleaner, the one with more to spare, the older', () => {
    const usual = { ...IDEAL, rttMs: 60, loss: 0.01, spareStreams: 1, used: 0.5, ageMs: 60_000 }
    const better = [{ rttMs: 40 }, { loss: 0.005 }, { spareStreams: 1.5 }, { used: 0.3 }, { ageMs: 120_000 }]
    for (const fact of better) expect(scoreParent({ ...usual, ...fact })).toBeGreaterThan(scoreParent(usual))
  })
})
