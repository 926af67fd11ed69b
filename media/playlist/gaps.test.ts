import { expect, it } from 'vitest'
import { FIRST_PART, syntheticHeader, syntheticVideo } from '../synthetic-stream.ts'
import { Track } from '../track.ts'
import { checkPlaylists } from './conformance.ts'
import { markGaps } from './gaps.ts'
import { formatMediaPlaylist, viewMediaPlaylist } from './media.ts'
import { parseMediaPlaylist } from './parse.ts'
import { videoPartTargetSec } from './timing.ts'

function playlist(options: { parts?: number; skip?: boolean } = {}): string {
  const { parts = 29, skip = false } = options
  const source = syntheticVideo(30)
  const track = new Track({ name: source.track, maxSegments: 60 })
  for (let k = FIRST_PART; k < FIRST_PART + parts; k += 1)
    track.note(syntheticHeader(source, k), new Uint8Array(1))
  const view = viewMediaPlaylist(track, [track])
  return formatMediaPlaylist(view, {
    partTargetSec: videoPartTargetSec(30),
    epochMs: Date.UTC(2026, 10, 21),
    skip,
  })
}

function changes(before: string, after: string): string[] {
  const known = new Set(before.split('\n'))
  return after.split('\n').filter((line) => !known.has(line))
}

it('changes nothing where nothing is a gap', () => {
  expect(markGaps(playlist(), () => false)).toBe(playlist())
})

it('marks a part, and the segment it is of', () => {
  const text = markGaps(playlist(), (uri) => uri === '6.1.m4s')
  expect(changes(playlist(), text)).toEqual([
    '#EXT-X-PART:DURATION=0.23333,URI="6.1.m4s",GAP=YES',
    '#EXT-X-GAP',
  ])
  const { segments } = parseMediaPlaylist(text)
  expect(segments.filter(({ gap }) => gap).map(({ msn }) => msn)).toEqual([6])
  expect(segments.flatMap(({ parts }) => parts.filter(({ gap }) => gap)).map(({ uri }) => uri)).toEqual([
    '6.1.m4s',
  ])
})

it('marks a segment whose parts are not listed any more, and none of the parts of one whose are', () => {
  for (const msn of [5, 7]) {
    const text = markGaps(playlist(), (uri) => uri === `${msn}.m4s`)
    expect(changes(playlist(), text)).toEqual(['#EXT-X-GAP'])
    expect(text).toMatch(new RegExp(`#EXT-X-GAP\n#EXTINF:2\\.00000,\n${msn}\\.m4s\n`))
  }
})

it('marks a part of the segment in the making, whose EXTINF is not there yet', () => {
  const text = markGaps(playlist(), (uri) => uri === '8.4.m4s')
  expect(changes(playlist(), text)).toEqual(['#EXT-X-PART:DURATION=0.26667,URI="8.4.m4s",GAP=YES'])
})

it('keeps INDEPENDENT, and marks nothing twice', () => {
  const isGap = (uri: string): boolean => ['7.0.m4s', '7.m4s'].includes(uri)
  const once = markGaps(playlist(), isGap)
  expect(once).toContain('URI="7.0.m4s",INDEPENDENT=YES,GAP=YES')
  expect(markGaps(once, isGap)).toBe(once)
})

it('leaves the hint of the part to come, and line ends as they are', () => {
  const text = playlist().replaceAll('\n', '\r\n')
  const marked = markGaps(text, (uri) => uri === '8.5.m4s' || uri === '6.m4s')
  expect(marked.split('\r\n').length).toBe(text.split('\r\n').length + 1)
  expect(marked.replaceAll('\r\n', '')).not.toContain('\r')
  expect(marked).toContain('#EXT-X-PRELOAD-HINT:TYPE=PART,URI="8.5.m4s"\r\n')
})

it('marks delta updates, and breaks no rule of playlists', () => {
  const isGap = (uri: string): boolean => /^(?:45|50\.2)\./.test(uri)
  const texts = [playlist({ parts: 376 }), playlist({ parts: 377, skip: true })]
  const marked = texts.map((text) => markGaps(text, isGap))
  expect(marked[1]).toContain('#EXT-X-SKIP')
  const rules = (all: string[]): unknown[] =>
    checkPlaylists(all.map((text, index) => ({ atMs: index * 250, text })))
  expect(rules(marked)).toEqual(rules(texts))
  expect(
    changes(texts[1] ?? '', marked[1] ?? '').filter((line) => line.includes('GAP')).length,
  ).toBeGreaterThan(0)
})
