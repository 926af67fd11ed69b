import { expect, it } from 'vitest'
import { HOLD_LIMIT_MS, HOLD_MS, isRefused } from './second-publisher.ts'
import { SILENT_AFTER_MS } from './source-health.ts'

it('is refused within a second and a half where the one before it sends', () => {
  expect(HOLD_MS).toBeGreaterThan(SILENT_AFTER_MS)
  expect(HOLD_MS).toBeLessThan(1500 - 200) // connecting takes its time, too
  expect(isRefused(HOLD_MS - 1, { silentForMs: 0 })).toBe(false)
  expect(isRefused(HOLD_MS, { silentForMs: 0 })).toBe(true)
})

it('waits on where the one before it has just stopped, but not for ever', () => {
  const silentForMs = SILENT_AFTER_MS - 100
  expect(isRefused(HOLD_MS, { silentForMs })).toBe(false)
  expect(isRefused(HOLD_LIMIT_MS, { silentForMs })).toBe(true)
})
