import { expect, it } from 'vitest'
import type { AudienceFigures } from '../../support/hls-viewer/audience.ts'
import { missedBars } from './outage.ts'

const WELL: AudienceFigures = {
  ...{ viewers: 20, stallMs: 0, stallTotalMs: 0, stalledViewers: 0, missing: 0, parts: 3000, switches: 10 },
  ...{ leastReserveMs: 8000, longestGapMs: 300, recoveredAfterMs: 0 },
  ...{ conflicting: 0, broken: 0, wrong: 0, remarks: [] },
}

it('is met where nobody saw anything', () => {
  expect(missedBars({}, WELL, {})).toEqual([])
})

it.each(['stallMs', 'missing', 'conflicting', 'broken', 'wrong'] as const)('is missed by %s', (figure) => {
  expect(missedBars({}, { ...WELL, [figure]: 500 }, {})).toHaveLength(1)
})

it('is missed where viewers got no reserve, or nothing at all: nothing was measured then', () => {
  expect(missedBars({}, { ...WELL, leastReserveMs: 0 }, {})).toHaveLength(1)
  expect(missedBars({}, { ...WELL, parts: 0 }, {})).toHaveLength(1)
})

it('lets viewers see what their reserve does not reach, where it may be outlasted, and no more', () => {
  const origin = { bars: { mayOutlastReserve: true } }
  const away = { ...WELL, leastReserveMs: 0 }
  expect(missedBars(origin, { ...away, stallMs: 22_000 }, { awayMs: 30_000 })).toEqual([])
  expect(missedBars(origin, { ...away, stallMs: 25_000 }, { awayMs: 30_000 })).toHaveLength(1)
})

it('is missed by what an outage found besides', () => {
  expect(missedBars({}, WELL, { faults: ['a second origin was let in'] })).toEqual([
    'a second origin was let in',
  ])
})
