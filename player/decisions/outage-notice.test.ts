import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Outage } from './outage-log.ts'
import {
  BACK_SHOWN_MS,
  findOutage,
  nextNotice,
  type OutageFacts,
  type OutageFinding,
} from './outage-notice.ts'

const CALM: OutageFacts = {
  mode: 'continuity',
  outages: [],
  pictureMs: 100_000,
  reserveS: 8,
  stillMs: 0,
  isRoomOver: false,
  isOffline: false,
  isFailing: false,
}
/** lost at 100 s, by the server's clock */
const open: Outage = { sinceMs: 100_000, hasSlate: false, backMs: null }
const slate: Outage = { ...open, hasSlate: true }
const repaired: Outage = { ...open, backMs: 103_000 }
const repairedSlate: Outage = { ...slate, backMs: 130_000 }
const none: OutageFinding = { kind: 'none', isStill: false, isAway: false }
const still: OutageFinding = { ...none, isStill: true }
const noneYet: OutageFinding = { ...none, isAway: true }
const away: OutageFinding = { kind: 'away', sinceMs: 100_000, shownMs: 0 }
const awayFor = (shownMs: number): OutageFinding => ({ ...away, shownMs })

describe('findOutage', () => {
  it.each<[string, Partial<OutageFacts>, OutageFinding]>([
    ['nothing is wrong', {}, none],
    ['a low reserve alone is no outage', { reserveS: 0.2 }, none],
    ['the publisher is gone and the reserve lasts', { outages: [open], pictureMs: 95_000 }, none],
    ['the publisher is gone and the reserve does not last', { outages: [open], reserveS: 1.2 }, away],
    [
      'the picture is back before the server says so',
      { outages: [open], reserveS: 0.4, pictureMs: 103_000 },
      none,
    ],
    ['low mode plays closer to its end', { outages: [open], mode: 'low', reserveS: 0.6 }, none],
    ['and is told when that comes', { outages: [open], mode: 'low', reserveS: 0.2 }, away],
    [
      'the slate is made, the screen still shows the live picture',
      { outages: [slate], pictureMs: 98_000 },
      none,
    ],
    ['the slate is on the screen', { outages: [slate], pictureMs: 104_500 }, awayFor(4500)],
    [
      'the publisher is back, the slate still on the screen',
      { outages: [repairedSlate], pictureMs: 126_000 },
      awayFor(26_000),
    ],
    [
      'a moment of slate, over before it is seen',
      { outages: [{ ...slate, backMs: 105_500 }], pictureMs: 104_600 },
      noneYet,
    ],
    ['the live picture is on the screen again', { outages: [repairedSlate], pictureMs: 130_100 }, none],
    ['back without a slate', { outages: [repaired], pictureMs: 103_100 }, none],
    [
      'back, but what is frozen is from before',
      { outages: [repaired], pictureMs: 99_990, reserveS: 0 },
      away,
    ],
    [
      'gone again while the first slate is on the screen',
      {
        outages: [repairedSlate, { sinceMs: 133_000, hasSlate: false, backMs: null }],
        pictureMs: 125_000,
      },
      awayFor(25_000),
    ],
    [
      'no network, and nothing left',
      { isOffline: true, reserveS: 0.5, isFailing: true },
      { kind: 'offline' },
    ],
    ['no network, and a reserve', { isOffline: true, reserveS: 5, isFailing: true }, none],
    ['the server does not answer', { isFailing: true, reserveS: 0 }, { kind: 'unreachable' }],
    [
      'what the network hides is not blamed on the streamer',
      { isFailing: true, reserveS: 0, outages: [open] },
      { kind: 'unreachable' },
    ],
    [
      'over, and nothing but the slate is left',
      { isRoomOver: true, outages: [slate], pictureMs: 105_000 },
      { kind: 'over' },
    ],
    [
      'over, and the last live pictures are still to be shown',
      { isRoomOver: true, outages: [slate], pictureMs: 99_000 },
      none,
    ],
    ['ended on purpose: what is left is played', { isRoomOver: true, reserveS: 1 }, none],
    [
      'over, and all is played though the browser does not say so',
      { isRoomOver: true, reserveS: 0.1, stillMs: 2500 },
      { kind: 'over' },
    ],
    ['a slate cannot be told from the picture without its time', { outages: [slate], pictureMs: null }, none],
  ])('%s', (_, facts, finding) => {
    const found = findOutage({ ...CALM, ...facts })
    expect(found.kind === 'none' ? found.kind : found).toEqual(finding.kind === 'none' ? 'none' : finding)
  })

  it('tells nothing of any drop that neither brought the slate nor ate the reserve', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1.5, max: 9, noNaN: true }),
        fc.integer({ min: 80_000, max: 140_000 }),
        fc.option(fc.integer({ min: 100_500, max: 105_000 })),
        (reserveS, pictureMs, backMs) => {
          expect(findOutage({ ...CALM, reserveS, pictureMs, outages: [{ ...open, backMs }] })).toMatchObject({
            kind: 'none',
          })
        },
      ),
    )
  })
})

describe('nextNotice', () => {
  it('shows what was found, then the return for a while, then nothing', () => {
    const shown = nextNotice(null, away, 1000)
    expect(shown).toEqual({ kind: 'away', sinceMs: 100_000, fromMs: 1000 })
    expect(nextNotice(shown, awayFor(600), 1700)).toBe(shown)
    const back = nextNotice(shown, none, 2000)
    expect(back).toEqual({ kind: 'back', after: 'away', untilMs: 2000 + BACK_SHOWN_MS })
    expect(nextNotice(back, none, 2000 + BACK_SHOWN_MS - 1)).toBe(back)
    expect(nextNotice(back, none, 2000 + BACK_SHOWN_MS)).toBeNull()
  })

  it('tells of the return when the picture moves, not when there is something to play', () => {
    const shown = nextNotice(null, away, 1000)
    expect(nextNotice(shown, still, 2000)).toBe(shown)
  })

  it('does not take the first parts of the slate for the return', () => {
    const found = findOutage({ ...CALM, mode: 'low', outages: [slate], pictureMs: 99_900, reserveS: 0.4 })
    const shown = nextNotice(null, away, 1000)
    expect(found).toEqual(noneYet)
    expect(nextNotice(shown, found, 2000)).toBe(shown)
  })

  it('tells of a network that is back though the streamer is away', () => {
    expect(nextNotice({ kind: 'offline' }, noneYet, 0)).toMatchObject({ kind: 'back', after: 'network' })
  })

  it('tells a network that is back from a streamer who is', () => {
    expect(nextNotice({ kind: 'offline' }, none, 0)).toMatchObject({ kind: 'back', after: 'network' })
    expect(nextNotice({ kind: 'offline' }, { kind: 'unreachable' }, 0)).toEqual({ kind: 'unreachable' })
  })

  it('counts from when he was gone on the screen, not on the server', () => {
    expect(nextNotice(null, awayFor(4500), 10_000)).toMatchObject({ fromMs: 5500 })
  })

  it('shows nothing before there was anything, and nothing once it is over', () => {
    expect(nextNotice(null, none, 0)).toBeNull()
    expect(nextNotice({ kind: 'away', sinceMs: 1, fromMs: 0 }, { kind: 'over' }, 0)).toBeNull()
  })
})
