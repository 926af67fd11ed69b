import { expect, it } from 'vitest'
import { HOLD_AT_LEAST_MS, HOLD_AT_MOST_MS, Holds } from './holds.ts'

const KEY = 'room/obs'
const REASON = 'ended: start it again'

function open(): { holds: Holds; at: (ms: number) => string | null } {
  let nowMs = 1000
  const holds = new Holds(() => nowMs)
  return {
    holds,
    at: (ms) => {
      nowMs = 1000 + ms
      return holds.refusal(KEY)
    },
  }
}

it('keeps out who tries within a few seconds, and nobody else', () => {
  const { holds, at } = open()
  holds.set(KEY, REASON, false)
  expect(at(HOLD_AT_LEAST_MS - 1)).toBe(REASON)
  expect(holds.refusal('room/standby')).toBeNull()
  expect(at(HOLD_AT_LEAST_MS)).toBeNull()
})

it('keeps out an encoder for as long as it tries by itself, each time a little later', () => {
  const { holds, at } = open()
  holds.set(KEY, REASON, true)
  let ms = 0
  for (let waitMs = 2000; ms + waitMs < HOLD_AT_MOST_MS; waitMs *= 1.5) {
    ms += waitMs
    expect(at(ms), `after ${ms} ms`).toContain(REASON)
  }
  expect(ms).toBeGreaterThan(HOLD_AT_MOST_MS / 2)
  expect(at(HOLD_AT_MOST_MS)).toBeNull()
})

it('lets in who waits as long as he is told to', () => {
  const { holds, at } = open()
  holds.set(KEY, REASON, true)
  expect(at(2000)).toBe(`${REASON} in 9 s`)
  expect(at(2000 + 9000)).toBeNull()
})
