import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addServerDate, clockOffsetMs, NO_BOUNDS } from './server-clock.ts'

describe('server clock', () => {
  it('assumes no difference while none is proven', () => {
    expect(clockOffsetMs(NO_BOUNDS)).toBe(0)
    const bounds = addServerDate(NO_BOUNDS, { serverMs: 5000, localMs: 5700 })
    expect(clockOffsetMs(bounds)).toBe(0)
  })

  it('finds a clock that is wrong by more than a second, to within a second', () => {
    const seen = fc.record({
      offset: fc.integer({ min: -600_000, max: 600_000 }).filter((ms) => Math.abs(ms) > 2000),
      times: fc.array(fc.integer({ min: 0, max: 60_000 }), { minLength: 1, maxLength: 20 }),
    })
    fc.assert(
      fc.property(seen, ({ offset, times }) => {
        let bounds = NO_BOUNDS
        for (const at of times) {
          const localMs = 1_700_000_000_000 + at
          bounds = addServerDate(bounds, {
            serverMs: Math.floor((localMs + offset - 40) / 1000) * 1000,
            localMs,
          })
        }
        expect(Math.abs(clockOffsetMs(bounds) - offset)).toBeLessThan(1300)
      }),
    )
  })
})
