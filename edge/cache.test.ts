import { describe, expect, it } from 'vitest'
import { answerOf } from './answer.ts'
import { Cache } from './cache.ts'
import { ENDED_AFTER_MS } from './live-window.ts'

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

describe('the last seconds of a running track', () => {
  const TRACK = '/live/room-1/program01/720p'
  const KILOBYTE = 1000
  /** Segment 100 to 105 in parts: ten seconds and the segment that is being made. */
  const liveParts = (track = TRACK) =>
    Array.from({ length: 48 }, (_, k) => `${track}/${100 + Math.floor(k / 8)}.${k % 8}.m4s`)
  const has = (cache: Cache, keys: string[]) => keys.every((key) => cache.findFresh(key) !== undefined)
  const fill = (cache: Cache, keys: string[]) => {
    for (const key of keys) cache.store(key, answer(KILOBYTE), FOREVER)
  }

  it('stay whatever is asked for of what is older, however small the cache', () => {
    const cache = new Cache({ maxBytes: 20 * KILOBYTE, now: () => 0 })
    fill(cache, [`${TRACK}/init-0.mp4`, ...liveParts()])
    for (let msn = 0; msn < 95; msn++) fill(cache, [`${TRACK}/${msn}.m4s`, `${TRACK}/${msn}.0.m4s`])
    fill(
      cache,
      Array.from({ length: 100 }, (_, n) => `${TRACK}/index.m3u8?_HLS_msn=${n}`),
    )
    expect(has(cache, [`${TRACK}/init-0.mp4`, ...liveParts()])).toBe(true)
    expect(cache.bytes).toBeLessThan(49 * (KILOBYTE + 600) + 6 * KILOBYTE)
    expect(cache.findFresh(`${TRACK}/94.0.m4s`)).toBeUndefined()
  })

  it('become like all else when newer ones come', () => {
    const cache = new Cache({ maxBytes: 20 * KILOBYTE, now: () => 0 })
    fill(cache, liveParts())
    for (let msn = 106; msn < 120; msn++) fill(cache, [`${TRACK}/${msn}.m4s`])
    expect(has(cache, liveParts().slice(0, 8))).toBe(false)
    expect(cache.bytes).toBeLessThanOrEqual(20 * KILOBYTE)
  })

  it('are held up to a bound of their own; there the track that went on least lately gives way', () => {
    const cache = new Cache({ maxBytes: 20 * KILOBYTE, now: () => 0, minLiveBytes: 100 * KILOBYTE })
    const other = liveParts('/live/room-2/program02/720p')
    fill(cache, liveParts())
    fill(cache, other)
    expect(has(cache, other)).toBe(true)
    expect(has(cache, liveParts())).toBe(false)
    expect(cache.bytes).toBeLessThanOrEqual(106 * KILOBYTE)
  })

  it('are held while the origin is away, and not when the track has ended', () => {
    let now = 0
    const cache = new Cache({ maxBytes: 20 * KILOBYTE, now: () => now })
    fill(cache, liveParts())
    now = ENDED_AFTER_MS - 1
    fill(cache, ['/live/room-2/program02/720p/1.m4s'])
    expect(has(cache, liveParts())).toBe(true)
    now = ENDED_AFTER_MS
    fill(cache, ['/live/room-2/program02/720p/2.m4s'])
    expect(has(cache, liveParts())).toBe(false)
    expect(cache.bytes).toBeLessThanOrEqual(20 * KILOBYTE)
  })

  it('are not what an error says', () => {
    const cache = new Cache({ maxBytes: 20 * KILOBYTE, now: () => 0 })
    const [first = ''] = liveParts()
    fill(cache, liveParts())
    cache.store(`${TRACK}/999.m4s`, answerOf(404, 'application/json', []), FOREVER)
    expect(has(cache, liveParts())).toBe(true)
    cache.store(first, answerOf(404, 'application/json', []), { freshMs: 100, staleMs: 0 })
    expect(cache.findFresh(first)?.answer.status).toBe(404)
    cache.clear()
    expect(cache.bytes).toBe(0)
  })
})
