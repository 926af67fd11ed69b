import { describe, expect, it } from 'vitest'
import { SourceClock } from './source-clock.ts'

const FRAME_MS = 40

/** A clock watched for a while; `delayMs` is what the network adds to each tag. */
function clockOf({ speed = 1, seconds = 60, delayMs = (_atMs: number): number => 0 } = {}): SourceClock {
  const clock = new SourceClock()
  let arrivedMs = 0
  for (let atMs = 0; atMs < seconds * 1000; atMs += FRAME_MS) {
    arrivedMs = Math.max(arrivedMs, atMs + delayMs(atMs))
    clock.observe(7000 + atMs * speed, arrivedMs)
  }
  return clock
}

describe('a clock', () => {
  it.each([1.03, 0.97, 1.15, 0.8])('of speed %d is known after half a minute', (speed) => {
    expect(clockOf({ speed, seconds: 36 }).driftPercent).toBeCloseTo((speed - 1) * 100, 0)
  })

  it('is not judged before', () => {
    expect(clockOf({ speed: 1.03, seconds: 25 }).driftPercent).toBeNull()
  })

  it.each([1, 1.001, 0.999, 1.005])('of speed %d keeps step', (speed) => {
    expect(clockOf({ speed }).driftPercent).toBeNull()
  })

  it('that drifts is known however the network trembles', () => {
    const delayMs = (atMs: number): number => (atMs * 7919) % 300
    expect(clockOf({ speed: 1.03, delayMs }).driftPercent).toBeCloseTo(3, 0)
    expect(clockOf({ speed: 0.97, delayMs }).driftPercent).toBeCloseTo(-3, 0)
  })
})

describe('what is no clock', () => {
  it('is a hiccup, and what comes in faster behind it', () => {
    for (let seconds = 21; seconds < 60; seconds += 0.5) {
      const delayMs = (atMs: number): number =>
        atMs < 20_000 ? 0 : Math.max(0, 4000 - (atMs - 20_000) * 0.5)
      expect(clockOf({ seconds, delayMs }).driftPercent).toBeNull()
    }
  })

  it('is a jump of the source’s time, forward or back', () => {
    for (const jumpMs of [3600_000, -3600_000]) {
      const clock = clockOf({ seconds: 40 })
      for (let n = 0; n < 200; n++) clock.observe(47_000 + jumpMs + n * FRAME_MS, 40_000 + n * FRAME_MS)
      expect(clock.driftPercent).toBeNull()
    }
  })

  it('is a pause of the source', () => {
    const clock = clockOf({ seconds: 40, speed: 1.03 })
    clock.observe(60_000, 60_000)
    expect(clock.driftPercent).toBeNull()
  })
})

it('that comes ever later, because the upload is too slow for it, looks like a slow clock', () => {
  expect(clockOf({ delayMs: (atMs) => atMs * 0.1 }).driftPercent).toBeCloseTo(-9, 0)
})
