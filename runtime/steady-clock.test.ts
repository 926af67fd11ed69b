import { afterEach, expect, it, vi } from 'vitest'
import { steadyNow } from './steady-clock.ts'

const HOUR_MS = 3_600_000
/** A test that takes longer hangs. */
const MOMENT_MS = 60_000

afterEach(() => {
  vi.useRealTimers()
})

it('is the time of day, follows it forward, and never goes back', () => {
  const before = steadyNow()
  expect(Math.abs(before - Date.now())).toBeLessThan(MOMENT_MS)
  vi.useFakeTimers({ toFake: ['Date'], now: before - HOUR_MS })
  const setBack = steadyNow()
  expect(setBack).toBeGreaterThanOrEqual(before)
  expect(setBack - before).toBeLessThan(MOMENT_MS)
  vi.setSystemTime(before + HOUR_MS)
  const setForward = steadyNow()
  expect(Math.abs(setForward - before - HOUR_MS)).toBeLessThan(MOMENT_MS)
  vi.setSystemTime(before)
  expect(steadyNow()).toBeGreaterThanOrEqual(setForward)
})
