import { describe, expect, it } from 'vitest'
import { CaptureClock } from './capture-clock.ts'

describe('the capture clock', () => {
  it('says when a media time came in, by the nearest mark before it', () => {
    const clock = new CaptureClock()
    clock.mark(10_000, 500_000)
    clock.mark(12_000, 507_000)
    expect(clock.wallMs(10_250)).toBe(500_250)
    expect(clock.wallMs(12_040)).toBe(507_040)
  })

  it('goes by its first mark for what is older', () => {
    const clock = new CaptureClock()
    clock.mark(10_000, 500_000)
    expect(clock.wallMs(9900)).toBe(499_900)
  })

  it('remembers a minute and no more', () => {
    const clock = new CaptureClock()
    for (let ms = 0; ms < 200_000; ms += 100) clock.mark(ms, 1e6 + 2 * ms)
    expect(clock.wallMs(150_000)).toBe(1e6 + 300_000)
    expect(clock.wallMs(0)).toBe(1e6 + 2 * 140_000 - 140_000)
  })
})
