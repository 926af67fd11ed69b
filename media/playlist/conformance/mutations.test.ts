import { describe, expect, it } from 'vitest'
import { checkPlaylists } from '../conformance.ts'
import type { PlaylistObservation } from '../conformance.ts'
import { videoAt, watch } from './synthetic-reloads.ts'
import { CONFORMANCE_RULES } from './violation.ts'
import type { ConformanceRule } from './violation.ts'

const LIVE = watch({ ...videoAt(30), parts: 160 })
const ENDED = watch({ ...videoAt(30), parts: 99, end: true })
const DELTAS = watch({ ...videoAt(30), parts: 240, maxSegments: 30, skip: true })

type Edit = (text: string, index: number) => string

function edited(edit: Edit, observations = LIVE): PlaylistObservation[] {
  return observations.map((seen, index) => ({ ...seen, text: edit(seen.text, index) }))
}

/** Only from this observation on. */
function from(first: number, edit: Edit): Edit {
  return (text, index) => (index >= first ? edit(text, index) : text)
}

function only(place: number, edit: Edit): Edit {
  return (text, index) => (index === place ? edit(text, index) : text)
}

function replace(pattern: RegExp | string, by: string): Edit {
  return (text) => {
    return text.replace(pattern, by)
  }
}

function at(index: number): PlaylistObservation {
  const seen = LIVE[index]
  if (!seen) throw new Error(`no observation ${index}`)
  return seen
}

function closeEarly(text: string): string {
  return text.replace('#EXT-X-PRELOAD', '#EXTINF:2.00000,\n5.m4s\n#EXT-X-PRELOAD')
}

function addedPart(): string {
  return '#EXT-X-PART:DURATION=0.00001,URI="5.8.m4s"\n#EXTINF'
}

/** Skips one listed segment more. */
function skipMore(text: string): string {
  return text.replace(
    /SKIPPED-SEGMENTS=(\d+)\n(#EXT-X-MAP.*\n)#EXT-X-PROGRAM.*\n#EXTINF.*\n.*m4s\n/,
    (_, n, map) => `SKIPPED-SEGMENTS=${Number(n) + 1}\n${map}`,
  )
}

function rulesOf(observations: PlaylistObservation[]): ConformanceRule[] {
  return [...new Set(checkPlaylists(observations).map(({ rule }) => rule))]
}

const MUTATIONS: [string, ConformanceRule, PlaylistObservation[]][] = [
  ['a text that is no playlist', 'unreadable', edited(only(9, () => '<html>'))],
  ['a version without EXT-X-MAP', 'version', edited(replace('VERSION:9', 'VERSION:5'))],
  ['EXT-X-SKIP in an old version', 'version', edited(replace('VERSION:9', 'VERSION:8'), DELTAS)],
  ['a segment longer than the target', 'target_duration', edited(replace('DURATION:6', 'DURATION:1'))],
  [
    'a part longer than the target',
    'part_target',
    edited(replace('PART-TARGET=0.26667', 'PART-TARGET=0.26')),
  ],
  ['a short part', 'part_too_short', edited(replace('PART-TARGET=0.26667', 'PART-TARGET=0.28'))],
  ['parts that are less than the segment', 'part_sum', edited(replace(/#EXT-X-PART:.*5\.7\.m4s"\n/, ''))],
  [
    'parts dropped from a later segment first',
    'parts_listed',
    edited(replace(/#EXT-X-PART:.*"6\..*\n/g, '')),
  ],
  ['a hold-back under the rule', 'hold_back', edited(replace(',HOLD-BACK=18', ',HOLD-BACK=17'))],
  ['a part hold-back under the rule', 'hold_back', edited(replace('PART-HOLD-BACK=1', 'PART-HOLD-BACK=0.7'))],
  ['a skip boundary under the rule', 'hold_back', edited(replace('UNTIL=36', 'UNTIL=35'))],
  ['no blocking reload', 'server_control', edited(replace('CAN-BLOCK-RELOAD=YES,', ''))],
  ['no part target', 'server_control', edited(replace(/#EXT-X-PART-INF.*\n/, ''))],
  ['no init segment', 'map', edited(replace(/#EXT-X-MAP.*\n/, ''))],
  ['another init segment', 'constant', edited(from(80, replace('init-0', 'init-1')))],
  ['a part target that moves', 'constant', edited(from(80, replace('TARGET=0.26667', 'TARGET=0.26668')))],
  ['a target duration that moves', 'constant', edited(from(80, replace('DURATION:6', 'DURATION:5')))],
  ['a segment without a date', 'date_time', edited(replace(/#EXT-X-PROGRAM-DATE-TIME.*\n/, ''))],
  ['a date that jumps', 'date_time', edited(replace('T22:13:36.123', 'T22:13:36.126'))],
  ['a date that changes', 'changed', edited(from(80, replace('T22:13:38.123', 'T22:13:38.124')))],
  ['EXTINF before part 0 of the next', 'extinf_early', edited(only(7, (text) => closeEarly(text)))],
  [
    'an unfinished segment at the end',
    'open_segment',
    edited(only(99, replace(/#EXTINF.*\n17\.m4s\n/, '')), ENDED),
  ],
  ['no hint', 'hint', edited(replace(/#EXT-X-PRELOAD-HINT.*\n/, ''))],
  ['a hint of what is there', 'hint', edited(replace(/(HINT.*URI=").*"/, '$15.0.m4s"'))],
  [
    'a hint at the end',
    'hint',
    edited(replace('#EXT-X-ENDLIST', '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="x"\n#EXT-X-ENDLIST'), ENDED),
  ],
  ['a hint that is not kept', 'hint_unkept', edited(only(33, replace(/(HINT.*URI=").*"/, '$1x.m4s"')))],
  [
    'a hint not kept at a segment end',
    'hint_unkept',
    edited(only(39, replace(/(HINT.*URI=").*"/, '$1x.m4s"'))),
  ],
  ['a segment that begins anywhere', 'independent', edited(replace(',INDEPENDENT=YES', ''))],
  ['a sequence that goes back', 'media_sequence', [...LIVE, ...LIVE.slice(0, 1)]],
  ['a window that is too short', 'window', watch({ ...videoAt(30), maxSegments: 9 })],
  ['a segment that changes its name', 'changed', edited(from(80, replace('\n9.m4s', '\n9b.m4s')))],
  [
    'a segment that changes its length',
    'changed',
    edited(from(80, replace('EXTINF:2.00000', 'EXTINF:2.00001'))),
  ],
  ['a part that changes its name', 'changed', edited(from(18, replace('"6.1.m4s', '"6.1b.m4s')))],
  [
    'a part that changes its length',
    'changed',
    edited(from(18, replace(/0.23333(,URI="6.1.m4s")/, '0.23334$1'))),
  ],
  [
    'a part that is no more independent',
    'changed',
    edited(from(18, replace(/("6.0.m4s"),INDEPENDENT=YES/, '$1'))),
  ],
  ['parts added to a finished segment', 'changed', edited(from(9, replace('#EXTINF', addedPart())))],
  ['a part that vanishes', 'vanished', edited(only(21, replace(/#EXT-X-PART:.*6\.3.*\n/, '')))],
  [
    'EXTINF that vanishes',
    'vanished',
    edited(only(17, (text) => text.slice(0, text.indexOf('#EXTINF:2.00000,\n6')))),
  ],
  ['an answer older than the one before', 'went_back', [...LIVE.slice(0, 20), ...LIVE.slice(18, 19)]],
  [
    'an end taken back',
    'ended',
    [...ENDED.slice(0, 80), ...edited(replace(/$/, '#EXT-X-ENDLIST'), LIVE.slice(80, 90))].concat(
      LIVE.slice(90),
    ),
  ],
  ['media after the end', 'ended', edited(replace(/#EXT-X-PRELOAD[^]*$/, '#EXT-X-ENDLIST'), LIVE.slice(80))],
  ['a report of another time', 'rendition_report', edited(replace(/LAST-MSN=\d+/, 'LAST-MSN=3'))],
  ['a report without a part', 'rendition_report', edited(replace(/,LAST-PART=\d+/, ''))],
  ['a report that goes back', 'rendition_report', edited(only(30, replace(/LAST-PART=\d/, 'LAST-PART=0')))],
  ['a report that vanishes', 'rendition_report', edited(from(30, replace(/#EXT-X-REND.*\n/, '')))],
  ['a stream that stands still', 'stale', LIVE.slice(0, 1).concat({ ...at(0), atMs: at(0).atMs + 9_500 })],
  ['a delta before a full playlist', 'delta', DELTAS.slice(200)],
  [
    'a delta of what was never there',
    'delta',
    edited(replace('SKIPPED-SEGMENTS=', 'SKIPPED-SEGMENTS=1'), DELTAS),
  ],
  ['a delta that skips too much', 'delta', edited(skipMore, DELTAS)],
  [
    'an answer without the part that was asked for',
    'unblocked',
    [{ ...at(4), requested: { msn: 5, part: 5 } }],
  ],
]

describe('the checker catches', () => {
  it.each(MUTATIONS)('%s (%s)', (_, rule, observations) => {
    expect(rulesOf(observations)).toContain(rule)
  })

  it('a date that drifts', () => {
    const drifting = watch({ ...videoAt(30), parts: 160, step: 8 }).map((seen) => ({
      ...seen,
      // Each segment's EXTINF is 0.7 ms off: under what one step of the date shows.
      text: seen.text.replaceAll('EXTINF:2.00000', 'EXTINF:2.00070'),
    }))
    expect(rulesOf(drifting)).toEqual(['date_time_drift'])
  })

  it('nothing in what it was mutated from', () => {
    for (const observations of [LIVE, ENDED, DELTAS]) expect(rulesOf(observations)).toEqual([])
  })

  it('every rule there is', () => {
    const shown = MUTATIONS.map(([, rule]) => rule)
    expect(CONFORMANCE_RULES.filter((rule) => !shown.includes(rule))).toEqual(['date_time_drift'])
  })
})
