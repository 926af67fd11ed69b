import { beforeEach, describe, expect, it } from 'vitest'
import { parseMediaPath, type ObjectRequest } from '../media-path.ts'
import { Hedge } from './hedge.ts'

const PART = parseMediaPath('/live/room-1/program01/720p/12.3.m4s') as ObjectRequest
const INIT = parseMediaPath('/live/room-1/program01/720p/init-0.mp4') as ObjectRequest

let now = 0
beforeEach(() => void (now = 0))

function hedge(upstreams = 2): Hedge {
  return new Hedge({ upstreams, now: () => now })
}

describe('the delay of a hedge', () => {
  it('is a fifth above the 95th percentile of what that upstream took for such objects', () => {
    const it = hedge()
    for (let n = 1; n <= 100; n++) it.took('a', PART, 100 + n)
    expect(it.delayMs('a', PART)).toBeCloseTo(195 * 1.2)
    expect(it.delayMs('a', INIT)).toBe(600)
    expect(it.delayMs('b', PART)).toBe(600)
  })

  it('is bounded below and above', () => {
    const it = hedge()
    for (let n = 0; n < 100; n++) it.took('a', PART, 1)
    for (let n = 0; n < 100; n++) it.took('a', INIT, 10_000)
    expect(it.delayMs('a', PART)).toBe(100)
    expect(it.delayMs('a', INIT)).toBe(600)
  })

  it('leaves time for every upstream within 0.8 s', () => {
    expect(hedge(3).delayMs('a', PART)).toBe(400)
    expect(hedge(5).delayMs('a', PART)).toBe(200)
  })

  it('forgets after a minute', () => {
    const it = hedge()
    for (let n = 0; n < 50; n++) it.took('a', PART, 1)
    now += 60_000
    expect(it.delayMs('a', PART)).toBe(600)
  })
})

it('is made for a tenth of all fills in the long run, and ten at once', () => {
  const it = hedge()
  const spent = (times: number): number =>
    Array.from({ length: times }, () => it.spend()).filter((each) => each).length
  expect(spent(20)).toBe(10)
  for (let n = 0; n < 51; n++) it.earn()
  expect(spent(20)).toBe(5)
  for (let n = 0; n < 1000; n++) it.earn()
  expect(spent(20)).toBe(10)
})
