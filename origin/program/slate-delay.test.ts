import { expect, it } from 'vitest'
import { SLATE_AFTER_MS, SlateDelay } from './slate-delay.ts'

it('the slate comes after four seconds, or when the room says so', () => {
  const delay = new SlateDelay()
  expect(delay.delayMs(null, 0)).toBe(SLATE_AFTER_MS)
  expect(delay.delayMs(10_000, 0)).toBe(10_000)
})

it('each pause brings it forward, never below half a second', () => {
  const delay = new SlateDelay()
  delay.pause(3000, 1000)
  expect(delay.delayMs(null, 1000)).toBe(1000)
  delay.pause(3000, 1000)
  expect(delay.delayMs(null, 1000)).toBe(500)
})

it('a pause is made up for as fast as players rebuild their reserve', () => {
  const delay = new SlateDelay()
  delay.pause(3000, 0)
  expect(delay.delayMs(null, 50_000)).toBe(2500)
  expect(delay.delayMs(null, 100_000)).toBe(SLATE_AFTER_MS)
})
