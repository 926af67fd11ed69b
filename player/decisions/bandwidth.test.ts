import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addTransfer, estimateKbps, NO_BANDWIDTH, SMALLEST_SAMPLE_BYTES } from './bandwidth.ts'

describe('bandwidth', () => {
  it('knows nothing before the first transfer', () => {
    expect(estimateKbps(NO_BANDWIDTH)).toBeNull()
  })

  it('finds a steady rate', () => {
    let state = NO_BANDWIDTH
    for (let i = 0; i < 20; i++) state = addTransfer(state, { bytes: 100_000, durationMs: 400 })
    expect(estimateKbps(state)).toBeCloseTo(2000)
  })

  it('follows a drop sooner than a rise', () => {
    let low = addTransfer(NO_BANDWIDTH, { bytes: 500_000, durationMs: 400 })
    low = addTransfer(low, { bytes: 100_000, durationMs: 800 })
    let high = addTransfer(NO_BANDWIDTH, { bytes: 100_000, durationMs: 800 })
    high = addTransfer(high, { bytes: 500_000, durationMs: 400 })
    expect(estimateKbps(low)).toBeLessThan(4000)
    expect(estimateKbps(high)).toBeLessThan(2500)
  })

  it('ignores answers too small to time', () => {
    expect(addTransfer(NO_BANDWIDTH, { bytes: SMALLEST_SAMPLE_BYTES - 1, durationMs: 1 })).toBe(NO_BANDWIDTH)
  })

  it('stays between the slowest and the fastest transfer seen', () => {
    const sample = fc.record({
      bytes: fc.integer({ min: SMALLEST_SAMPLE_BYTES, max: 5_000_000 }),
      durationMs: fc.integer({ min: 2, max: 10_000 }),
    })
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 30 }), (samples) => {
        const rates = samples.map((s) => (s.bytes * 8) / s.durationMs)
        const estimate = estimateKbps(samples.reduce(addTransfer, NO_BANDWIDTH)) ?? 0
        expect(estimate).toBeGreaterThanOrEqual(Math.min(...rates) * 0.999)
        expect(estimate).toBeLessThanOrEqual(Math.max(...rates) * 1.001)
      }),
    )
  })
})
