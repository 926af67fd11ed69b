import { beforeEach, describe, expect, it } from 'vitest'
import { answerOf } from './answer.ts'
import type { ObjectRequest } from './media-path.ts'
import { parseMediaPath } from './media-path.ts'
import { TrackHeads } from './track-heads.ts'

const TRACK = '/live/room-1/program01/720p'
const PLAYLIST =
  '#EXTM3U\n#EXT-X-PART:DURATION=0.25,URI="12.2.m4s"\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="12.3.m4s"\n'

let heads: TrackHeads

beforeEach(() => {
  heads = new TrackHeads()
})

function ask(name: string): ObjectRequest {
  return parseMediaPath(name.startsWith('/') ? name : `${TRACK}/${name}`) as ObjectRequest
}

function note(name: string, body = ''): void {
  heads.note(ask(name), answerOf(200, '', [Buffer.from(body)]))
}

const standing = (name: string): string => heads.standingOf(ask(name))

describe('the head of a track', () => {
  it.each([
    ['a playlist', 'index.m3u8', PLAYLIST],
    ['the playlist that was waited for', 'index.m3u8?_HLS_msn=12&_HLS_part=2', PLAYLIST],
    ['a part', '12.2.m4s', ''],
  ])('is known from %s', (_, name, body) => {
    note(name, body)
    expect(['12.2.m4s', '11.m4s', 'index.m3u8?_HLS_msn=12&_HLS_part=2', 'index.m3u8'].map(standing)).toEqual(
      Array.from({ length: 4 }, () => 'there'),
    )
    expect(
      ['12.3.m4s', '12.m4s', 'index.m3u8?_HLS_msn=12&_HLS_part=3', 'index.m3u8?_HLS_msn=12'].map(standing),
    ).toEqual(Array.from({ length: 4 }, () => 'ahead'))
  })

  it('is known from a segment, which is there with the next one’s first part', () => {
    note('12.m4s')
    expect(standing('13.0.m4s')).toBe('there')
    expect(standing('13.1.m4s')).toBe('ahead')
  })

  it('never goes back, and tells nothing of what is far ahead of it', () => {
    note('12.2.m4s')
    note('3.m4s')
    expect(standing('12.2.m4s')).toBe('there')
    expect(standing('15.2.m4s')).toBe('ahead')
    expect(standing('15.3.m4s')).toBe('unknown')
  })

  it('is not needed where nobody waits, and of no other track', () => {
    note('12.2.m4s')
    expect(standing('init-0.mp4')).toBe('there')
    expect(standing('/live/room-1/master.m3u8')).toBe('there')
    expect(standing('/live/room-1/program01/400p/12.2.m4s')).toBe('unknown')
    // It waits for the track's first segment.
    expect(standing('/live/room-1/program01/400p/index.m3u8')).toBe('ahead')
  })

  it('is kept for so many tracks only', () => {
    note('12.2.m4s')
    for (let n = 0; n < 2000; n++) note(`/live/room-1/program01/t${n}/1.0.m4s`)
    expect(standing('12.2.m4s')).toBe('unknown')
    expect(standing('/live/room-1/program01/t1999/1.0.m4s')).toBe('there')
  })
})
