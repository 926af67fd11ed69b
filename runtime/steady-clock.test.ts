import { afterEach, expect, it, vi } from 'vitest'
import { steadyNow } from './steady-clock.ts'

afterEach(() => {
  vi.useRealTimers()
})

it('is the time of day, and goes on when that is set to another', () => {
  const before = steadyNow()
  expect(Math.abs(before - Date.now())).toBeLessThan(60_000)
  vi.useFakeTimers({ toFake: ['Date'], now: 0 })
  const after = steadyNow()
  expect(after).toBeGreaterThanOrEqual(before)
  expect(after - before).toBeLessThan(60_000)
})
