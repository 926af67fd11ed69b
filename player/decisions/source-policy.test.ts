import { describe, expect, it } from 'vitest'
import { choosePipe, stuckLimitMs, type SourceFacts } from './source-policy.ts'

const PROVEN: SourceFacts = {
  pipe: 'http',
  isPinned: false,
  isJoined: true,
  head: 100,
  newest: 100,
  run: 3,
  stuckMs: 0,
  reserveMs: 9000,
  failures: 0,
}

describe('choosePipe', () => {
  it.each<[string, Partial<SourceFacts>]>([
    ['before any part has come out of the cascade', { newest: null, run: 0 }],
    ['before enough came one after the other', { run: 2 }],
    ['while the publisher is away', { isPinned: true }],
    ['without a parent', { isJoined: false }],
    ['where the cascade begins beyond a hole', { newest: 110, run: 5 }],
    ['where the cascade is further behind than the reserve allows', { newest: 98, run: 8, reserveMs: 900 }],
    ['for longer after the cascade has failed', { run: 5, failures: 1 }],
    ['before the track has begun', { head: null }],
  ])('stays with HTTP %s', (_, change) => {
    expect(choosePipe({ ...PROVEN, ...change })).toBe('http')
  })

  it.each<[string, Partial<SourceFacts>]>([
    ['as soon as it delivers without a hole', {}],
    ['also a part behind HTTP, with next to no reserve', { newest: 99, reserveMs: 300 }],
    ['also two seconds behind HTTP, with a full reserve', { newest: 92, run: 3 }],
    ['ahead of HTTP, where its parts join on', { newest: 103, run: 3 }],
    ['again after a failure, when it has proven itself for longer', { failures: 1, run: 6 }],
    ['however often it failed, when it has delivered for ten seconds', { failures: 9, run: 40 }],
  ])('takes the cascade %s', (_, change) => {
    expect(choosePipe({ ...PROVEN, ...change })).toBe('cascade')
  })

  it('leaves a cascade that stands still while there is reserve for HTTP to answer in', () => {
    const feeding: SourceFacts = { ...PROVEN, pipe: 'cascade' }
    for (const reserveMs of [900, 3000, 9000]) {
      const limit = stuckLimitMs(reserveMs)
      expect(limit).toBeLessThan(reserveMs)
      expect(choosePipe({ ...feeding, reserveMs, stuckMs: limit - 1 })).toBe('cascade')
      expect(choosePipe({ ...feeding, reserveMs, stuckMs: limit + 1 })).toBe('http')
    }
  })

  it('keeps a cascade that feeds the track whatever HTTP would have had', () => {
    expect(choosePipe({ ...PROVEN, pipe: 'cascade', newest: 90, run: 1 })).toBe('cascade')
  })

  it('pins to HTTP at once when the publisher is gone', () => {
    expect(choosePipe({ ...PROVEN, pipe: 'cascade', isPinned: true })).toBe('http')
  })
})
