import { describe, expect, it } from 'vitest'
import { parseMediaPlaylist } from '../../media/playlist/parse.ts'
import { Track } from '../../media/track.ts'
import { noteInventory, readTrackInfo } from './inventory.ts'

const HEAD = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:6
#EXT-X-PART-INF:PART-TARGET=0.26667
#EXT-X-MEDIA-SEQUENCE:10
#EXT-X-MAP:URI="init-3.mp4"
`
const at = (msn: number): string =>
  `#EXT-X-PROGRAM-DATE-TIME:${new Date(1_000_000 + msn * 2000).toISOString()}\n`
const whole = (msn: number, seconds = 2): string => `${at(msn)}#EXTINF:${seconds.toFixed(5)},\n${msn}.m4s\n`
const parts = (msn: number, count: number): string =>
  Array.from(
    { length: count },
    (_, i) => `#EXT-X-PART:DURATION=0.25000,URI="${msn}.${i}.m4s"${i === 0 ? ',INDEPENDENT=YES' : ''}\n`,
  ).join('')

function noted(text: string): Track {
  const track = new Track({ name: '720p', maxSegments: 20 })
  noteInventory(track, 'program1', parseMediaPlaylist(HEAD + text))
  return track
}

describe('noteInventory', () => {
  it('knows the newest part, and the parts of segments that list none any more', () => {
    const track = noted(
      whole(10) + whole(11) + at(12) + parts(12, 8) + whole(12).slice(at(12).length) + at(13) + parts(13, 3),
    )
    expect(track.head).toEqual({ msn: 13, part: 2 })
    expect(track.next).toEqual({ msn: 13, part: 3 })
    expect(track.segments().map(({ msn, parts: known, done }) => [msn, known.length, done])).toEqual([
      [10, 8, true],
      [11, 8, true],
      [12, 8, true],
      [13, 3, false],
    ])
    expect(track.segments()[0]).toMatchObject({ startSec: 20, durationSec: 2 })
  })

  it('lists a segment of unusual length as a whole', () => {
    const track = noted(whole(10, 1.2) + at(11) + parts(11, 2))
    expect(
      track.segments().map(({ msn, parts: known, durationSec }) => [msn, known.length, durationSec]),
    ).toEqual([
      [10, 0, 1.2],
      [11, 2, 0.5],
    ])
  })

  it('takes a gap for a gap, though it lists a part', () => {
    const gap = '#EXT-X-PART:DURATION=0.03333,URI="9.0.m4s",GAP=YES\n#EXT-X-GAP\n#EXTINF:0.03333,\n9.m4s\n'
    const young = HEAD.replace('SEQUENCE:10', 'SEQUENCE:9') + at(9) + gap + at(10) + parts(10, 1)
    const track = new Track({ name: '720p', maxSegments: 20 })
    noteInventory(track, 'program1', parseMediaPlaylist(young))
    expect(track.segments().map(({ msn, gap: isGap }) => [msn, isGap ?? false])).toEqual([
      [9, true],
      [10, false],
    ])
    expect(track.segments()[0]?.durationSec).toBeCloseTo(0.03333)
  })

  it('counts no part that is named as a gap as one to be had, until it is named without', () => {
    const listed = parts(10, 3)
    const marked = listed.replace('URI="10.1.m4s"', 'URI="10.1.m4s",GAP=YES')
    const track = noted(at(10) + marked)
    const gaps = (): boolean[] => track.segments()[0]?.parts.map(({ gap }) => gap ?? false) ?? []
    expect(track.next).toEqual({ msn: 10, part: 3 })
    expect(gaps()).toEqual([false, true, false])
    noteInventory(track, 'program1', parseMediaPlaylist(HEAD + at(10) + listed))
    expect(gaps()).toEqual([false, false, false])
    const closed = `${parts(10, 8).replace('10.7.m4s"', '10.7.m4s",GAP=YES')}#EXT-X-GAP\n#EXTINF:2.00000,\n10.m4s\n`
    const grown = at(10) + parts(10, 8) + at(11) + parts(11, 1)
    noteInventory(track, 'program1', parseMediaPlaylist(HEAD + grown))
    noteInventory(track, 'program1', parseMediaPlaylist(HEAD + at(10) + closed + at(11) + parts(11, 1)))
    expect(gaps()).toEqual([...Array<boolean>(7).fill(false), true])
  })

  it('takes a part that is here for one that is here, whatever the playlist says', () => {
    const track = noted(at(10) + parts(10, 2))
    const header = track.find(10, 1)?.header ?? expect.fail('no part')
    track.note(header, new Uint8Array(1))
    const marked = parts(10, 2).replace('10.1.m4s"', '10.1.m4s",GAP=YES')
    noteInventory(track, 'program1', parseMediaPlaylist(HEAD + at(10) + marked))
    expect(track.segments()[0]?.parts[1]).toMatchObject({ hasBytes: true })
    expect(track.segments()[0]?.parts[1]?.gap).toBeUndefined()
  })

  it('ends the track where the playlist ends', () => {
    expect(noted(whole(10) + whole(11) + '#EXT-X-ENDLIST\n').ended).toBe(true)
  })

  it('changes nothing when read again', () => {
    const track = noted(whole(10) + at(11) + parts(11, 2))
    const before = track.segments()
    noteInventory(track, 'program1', parseMediaPlaylist(HEAD + whole(10) + at(11) + parts(11, 2)))
    expect(track.segments()).toEqual(before)
  })
})

describe('readTrackInfo', () => {
  it('finds where media time 0 lies on the wall clock', () => {
    const info = readTrackInfo(parseMediaPlaylist(HEAD + whole(10) + whole(11)))
    expect(info).toEqual({ initName: 'init-3.mp4', partTargetSec: 0.26667, epochMs: 1_000_000 })
  })
})
