import { expect, it } from 'vitest'
import { flushDelayMs } from './flush-delay.ts'
import { FLV_DEFAULTS } from './hub.ts'

it.each([
  [1, 50],
  [100, 50],
  [300, 60],
  [500, 70],
  [5000, 70],
])('lets tags gather longer for %i viewers: %i ms', (viewers, expected) => {
  expect(flushDelayMs(viewers, { flushMs: 50, crowdFlushMs: 70 })).toBe(expected)
})

it('never waits less than was set, nor longer than the design allows', () => {
  expect(flushDelayMs(500, { flushMs: 90, crowdFlushMs: 70 })).toBe(90)
  expect(flushDelayMs(1e6, FLV_DEFAULTS)).toBeLessThanOrEqual(80)
})
