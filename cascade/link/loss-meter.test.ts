import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { LossMeter } from './loss-meter.ts'

const noted = (sequences: Iterable<number>): LossMeter => {
  const meter = new LossMeter()
  for (const sequence of sequences) meter.note(sequence)
  return meter
}

describe('the loss of a link', () => {
  it('is the share of the numbers that did not come', () => {
    const meter = noted(Array.from({ length: 200 }, (_, k) => k).filter((k) => k % 10 !== 3))
    expect(meter.lossWith(0)).toBeCloseTo(0.1, 2)
    expect(meter.received).toBe(180)
  })

  it('is none for what comes late or twice', () => {
    expect(noted([0, 2, 1, 4, 3, 3, ...Array.from({ length: 60 }, (_, k) => k + 5)]).lossWith(0)).toBe(0)
  })

  it('says nothing on few numbers', () => {
    expect(noted([0, 9]).lossWith(0)).toBe(0)
  })

  it('is what is expected at first, and what is seen later', () => {
    expect(noted([]).lossWith(0.02)).toBe(0.02)
    expect(noted(Array.from({ length: 30 }, (_, k) => k)).lossWith(0.02)).toBeGreaterThan(0.01)
    expect(noted(Array.from({ length: 300 }, (_, k) => k)).lossWith(0.02)).toBe(0)
    expect(noted(Array.from({ length: 50 }, (_, k) => k)).isSure).toBe(false)
    expect(noted(Array.from({ length: 100 }, (_, k) => k)).isSure).toBe(true)
  })

  it('forgets what is long past', () => {
    const meter = noted([
      ...Array.from({ length: 100 }, (_, k) => k * 2),
      ...Array.from({ length: 600 }, (_, k) => k + 200),
    ])
    expect(meter.lossWith(0)).toBe(0)
  })

  it('is a share, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4_000_000), { maxLength: 300 }), (sequences) => {
        const loss = noted(sequences).lossWith(0)
        expect(loss).toBeGreaterThanOrEqual(0)
        expect(loss).toBeLessThanOrEqual(1)
      }),
    )
  })
})
