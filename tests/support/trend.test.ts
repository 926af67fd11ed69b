import { expect, it } from 'vitest'
import { trendOf } from './trend.ts'

const STEP_MS = 10_000
const samples = (values: readonly number[]) =>
  values.map((value, index) => ({ atMs: index * STEP_MS, value }))

it('tells how much a line grows, and in an hour', () => {
  const trend = trendOf(samples(Array.from({ length: 90 }, (_, index) => 100 + index)))
  expect(trend?.perHour).toBeCloseTo(360)
  expect(trend?.growth).toBeCloseTo(59)
  expect(trend?.noise).toBeCloseTo(0)
})

it('does not count the first third', () => {
  const trend = trendOf(samples([...Array.from({ length: 30 }, (_, index) => index), ...Array(60).fill(30)]))
  expect(trend?.perHour).toBeCloseTo(0)
})

it('takes what goes up and down for noise', () => {
  const trend = trendOf(samples(Array.from({ length: 90 }, (_, index) => 50 + (index % 2 ? 5 : -5))))
  expect(Math.abs(trend?.growth ?? NaN)).toBeLessThan(1)
  expect(trend?.noise).toBeCloseTo(5, 1)
})

it('has none for too few', () => {
  expect(trendOf(samples([1, 2]))).toBeNull()
})
