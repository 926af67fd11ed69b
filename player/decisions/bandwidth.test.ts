import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addTransfer, estimateKbps, SMALLEST_SAMPLE_BYTES, type BandwidthState } from './bandwidth.ts'

/** One 40 KB answer every two seconds, at a rate. */
function live(state: BandwidthState | null, kbps: number, seconds: number): BandwidthState | null {
  let now = state
  for (let s = 0; s < seconds; s += 2)
    now = addTransfer(now, { bytes: 40_000, durationMs: 320_000 / kbps, atMs: (now?.atMs ?? 0) + 2000 })
  return now
}

describe('bandwidth', () => {
  it('knows nothing before the first transfer', () => {
    expect(estimateKbps(null)).toBeNull()
  })

  it('finds a steady rate', () => {
    expect(estimateKbps(live(null, 2000, 20))).toBeCloseTo(2000)
  })

  it('follows a drop within seconds, and a rise more slowly', () => {
    const fallen = live(live(null, 40_000, 20), 1000, 4)
    expect(estimateKbps(fallen)).toBeLessThan(1500)
    const risen = live(live(null, 1000, 20), 8000, 6)
    expect(estimateKbps(risen)).toBeLessThan(6000)
    expect(estimateKbps(live(risen, 8000, 30))).toBeGreaterThan(6000)
  })

  it('forgets a hard time although each answer then took long', () => {
    let state: BandwidthState | null = null
    for (let i = 0; i < 50; i++) state = addTransfer(state, { bytes: 52_000, durationMs: 416, atMs: i * 416 })
    expect(estimateKbps(live(state, 4000, 16))).toBeGreaterThan(2600)
  })

  it('ignores answers too small to time', () => {
    expect(addTransfer(null, { bytes: SMALLEST_SAMPLE_BYTES - 1, durationMs: 1, atMs: 0 })).toBeNull()
  })

  it('stays between the slowest and the fastest transfer seen', () => {
    const sample = fc.record({
      bytes: fc.integer({ min: SMALLEST_SAMPLE_BYTES, max: 5_000_000 }),
      durationMs: fc.integer({ min: 2, max: 10_000 }),
      atMs: fc.integer({ min: 0, max: 60_000 }),
    })
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 30 }), (samples) => {
        const rates = samples.map((s) => (s.bytes * 8) / s.durationMs)
        const estimate = estimateKbps(samples.reduce<BandwidthState | null>(addTransfer, null)) ?? 0
        expect(estimate).toBeGreaterThanOrEqual(Math.min(...rates) * 0.999)
        expect(estimate).toBeLessThanOrEqual(Math.max(...rates) * 1.001)
      }),
    )
  })
})
