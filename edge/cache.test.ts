import { expect, it } from 'vitest'
import { answerOf } from './answer.ts'
import { Cache } from './cache.ts'

const FOREVER = { freshMs: Infinity, staleMs: 0 }

function answer(bytes: number) {
  return answerOf(200, 'video/mp4', [Buffer.alloc(bytes)])
}

it('never holds more than its bound, and gives up what was asked for longest ago', () => {
  const cache = new Cache({ maxBytes: 100_000, now: () => 0 })
  for (let n = 0; n < 9; n++) cache.store(`part-${n}`, answer(10_000), FOREVER)
  cache.findFresh('part-0')
  for (let n = 9; n < 14; n++) cache.store(`part-${n}`, answer(10_000), FOREVER)
  expect(cache.bytes).toBeLessThanOrEqual(100_000)
  expect(cache.findFresh('part-0')).toBeDefined()
  expect(cache.findFresh('part-1')).toBeUndefined()
  expect(cache.findFresh('part-13')).toBeDefined()
})

it('does not keep what is larger than the whole cache', () => {
  const cache = new Cache({ maxBytes: 1000, now: () => 0 })
  cache.store('small', answer(100), FOREVER)
  cache.store('huge', answer(10_000), FOREVER)
  expect(cache.findFresh('huge')).toBeUndefined()
  expect(cache.bytes).toBeLessThanOrEqual(1000)
})

it('counts empty answers too, so that they have a bound', () => {
  const cache = new Cache({ maxBytes: 10_000, now: () => 0 })
  for (let n = 0; n < 1000; n++) cache.store(`empty-${n}`, answer(0), FOREVER)
  expect(cache.bytes).toBeLessThanOrEqual(10_000)
  expect(cache.bytes).toBeGreaterThan(5000)
})

it('tells fresh from stale, and forgets what is neither', () => {
  let now = 0
  const cache = new Cache({ maxBytes: 10_000, now: () => now })
  cache.store('playlist', answer(10), { freshMs: 100, staleMs: 1000 })
  now = 99
  expect(cache.findFresh('playlist')).toMatchObject({ ageMs: 99 })
  now = 100
  expect(cache.findFresh('playlist')).toBeUndefined()
  expect(cache.findStale('playlist')).toMatchObject({ ageMs: 100 })
  cache.extend('playlist', 100)
  expect(cache.findFresh('playlist')).toBeDefined()
  now = 1100
  expect(cache.findStale('playlist')).toBeUndefined()
  expect(cache.bytes).toBe(0)
})
