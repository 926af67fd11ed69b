import { beforeEach, describe, expect, it } from 'vitest'
import type { ObjectRequest } from '../media-path.ts'
import { parseMediaPath } from '../media-path.ts'
import { GAP_MS, Gaps } from './gaps.ts'

const TRACK = '/live/room-1/program01/720p'

let now: number
let found: string[]
let gaps: Gaps

beforeEach(() => {
  now = 1000
  found = []
  gaps = new Gaps({ now: () => now, onGap: ({ path }) => found.push(path) })
})

function object(name = '12.3.m4s'): ObjectRequest {
  return parseMediaPath(`${TRACK}/${name}`) as ObjectRequest
}

function fail(times: number, { upstream = 'origin', name = '12.3.m4s' } = {}): void {
  for (let time = 0; time < times; time++) {
    gaps.answered(upstream)
    gaps.failed(upstream, object(name))
  }
}

const isGap = (name = '12.3.m4s'): boolean => gaps.isGap(object(name).path)

describe('an object', () => {
  it('is a gap when one upstream has failed in it three times in a row, and no other is', () => {
    fail(2)
    expect(isGap()).toBe(false)
    fail(1)
    expect(isGap()).toBe(true)
    expect(isGap('12.4.m4s')).toBe(false)
    expect(found).toEqual([object().path])
    expect([...(gaps.listedIn(TRACK) ?? [])]).toEqual(['12.3.m4s'])
  })

  it('is none where the failures are of different upstreams, or far apart, or it came in between', () => {
    fail(2)
    fail(2, { upstream: 'shield' })
    gaps.got(object())
    fail(2)
    now += 60_000
    fail(2)
    expect(isGap()).toBe(false)
    expect(gaps.listedIn(TRACK)).toBeNull()
  })

  it('is none while its upstream answers nothing else either, however often it fails', () => {
    fail(2)
    for (let time = 0; time < 100; time++) gaps.failed('origin', object())
    gaps.answered('shield')
    gaps.failed('origin', object())
    expect(isGap()).toBe(false)
  })

  it('may be tried again after a while, and is a gap again after one more failure', () => {
    fail(3)
    now += GAP_MS
    expect(isGap()).toBe(false)
    expect(gaps.listedIn(TRACK)?.has('12.3.m4s')).toBe(true)
    now += 60_000
    fail(1)
    expect(isGap()).toBe(true)
  })

  it('is forgotten as a gap when it comes', () => {
    fail(3)
    gaps.got(object())
    expect(isGap()).toBe(false)
    expect(gaps.listedIn(TRACK)).toBeNull()
    expect(gaps.size).toBe(0)
  })

  it('that is a playlist never is a gap', () => {
    fail(5, { name: 'index.m3u8' })
    expect(isGap('index.m3u8')).toBe(false)
  })
})

it('remembers so many objects only', () => {
  for (let n = 0; n < 5000; n++) fail(3, { name: `${n}.0.m4s` })
  expect(gaps.size).toBe(4096)
  expect(isGap('0.0.m4s')).toBe(false)
  expect(isGap('4999.0.m4s')).toBe(true)
})
