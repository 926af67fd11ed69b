import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs, waitMs } from './backoff.ts'

describe('backoffMs', () => {
  it('grows, is capped, and is never shorter than half of what it could be', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
        const wait = backoffMs(attempt, { firstMs: 500, maxMs: 8000 }, () => random)
        expect(wait).toBeLessThanOrEqual(8000)
        expect(wait).toBeGreaterThanOrEqual(Math.min(8000, 500 * 2 ** Math.min(attempt, 20)) / 2)
      }),
    )
  })
})

describe('waitMs', () => {
  it('ends at once when its owner goes', async () => {
    const owner = new AbortController()
    const waiting = waitMs(1_000_000, owner.signal)
    owner.abort()
    await expect(waiting).resolves.toBeUndefined()
    await expect(waitMs(1_000_000, owner.signal)).resolves.toBeUndefined()
  })
})
