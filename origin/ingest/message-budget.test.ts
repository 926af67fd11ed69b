import { expect, it } from 'vitest'
import { MESSAGES_AT_ONCE, MESSAGES_PER_SECOND, MessageBudget } from './message-budget.ts'

/** How many of them are taken. */
function taken(perSecond: number, seconds: number): number {
  const budget = new MessageBudget()
  let count = 0
  for (let n = 0; n < perSecond * seconds; n++) if (budget.take((n * 1000) / perSecond)) count++
  return count
}

it('takes a steady rate up to the limit for ever', () => {
  expect(taken(MESSAGES_PER_SECOND, 60)).toBe(MESSAGES_PER_SECOND * 60)
})

it('takes a minute of a busy source at once, as it comes after a hiccup', () => {
  expect(taken(1_000_000, 110 * 60 * 1e-6)).toBe(110 * 60)
})

it('ends a flood within a hundredth of a second of it', () => {
  expect(taken(1_000_000, 1)).toBeLessThan(MESSAGES_AT_ONCE + MESSAGES_PER_SECOND + 10)
})
