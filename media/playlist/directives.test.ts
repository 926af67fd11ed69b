import { expect, it } from 'vitest'
import { parseDeliveryDirectives } from './directives.ts'
import type { DeliveryDirectives, PlaylistState } from './directives.ts'

const STATE: PlaylistState = { head: { msn: 20, part: 3 }, ended: false, partTargetSec: 0.25 }

function parse(query: string, state: Partial<PlaylistState> = {}): DeliveryDirectives {
  return parseDeliveryDirectives(new URLSearchParams(query), { ...STATE, ...state })
}

it.each(['', 'token=1', '_HLS_msn=3', '_HLS_msn=19', '_HLS_msn=20&_HLS_part=3', '_HLS_msn=19&_HLS_part=7'])(
  'answers "%s" at once',
  (query) => expect(parse(query)).toEqual({ kind: 'now', skip: false }),
)

it('answers at once with what lies past the end of an older segment', () => {
  expect(parse('_HLS_msn=19&_HLS_part=99')).toEqual({ kind: 'now', skip: false })
})

it.each([
  ['_HLS_msn=20&_HLS_part=4', 20, 4],
  ['_HLS_msn=20', 21, 0],
  ['_HLS_msn=21', 22, 0],
  ['_HLS_msn=22', 23, 0],
  ['_HLS_msn=21&_HLS_part=0', 21, 0],
  ['_HLS_msn=20&_HLS_part=8', 21, 0],
  ['_HLS_msn=20&_HLS_part=15', 21, 0],
])('lets "%s" wait for %i.%i', (query, msn, part) => {
  expect(parse(query)).toEqual({ kind: 'wait', msn, part, skip: false })
})

it.each([
  '_HLS_part=1',
  '_HLS_msn=23',
  '_HLS_msn=20&_HLS_part=16',
  '_HLS_msn=22&_HLS_part=0',
  '_HLS_msn=x',
  '_HLS_msn=-1',
  '_HLS_msn=1.5',
  '_HLS_msn=',
  '_HLS_msn=1e3',
  '_HLS_msn=20&_HLS_part=a',
  '_HLS_msn=99999999999999999999',
])('refuses "%s"', (query) => expect(parse(query).kind).toBe('refuse'))

it('ignores what a request asks of an ended playlist', () => {
  expect(parse('_HLS_msn=x&_HLS_part=99', { ended: true })).toEqual({ kind: 'now', skip: false })
})

it('lets every request wait before the first part', () => {
  expect(parse('_HLS_msn=900&_HLS_part=2', { head: null })).toEqual({
    kind: 'wait',
    msn: 900,
    part: 2,
    skip: false,
  })
})

it('knows when a delta update is asked for', () => {
  expect(parse('_HLS_skip=YES')).toEqual({ kind: 'now', skip: true })
  expect(parse('_HLS_skip=v2&_HLS_msn=20&_HLS_part=4')).toMatchObject({ kind: 'wait', skip: true })
  expect(parse('_HLS_skip=NO')).toEqual({ kind: 'now', skip: false })
})
