import { expect, it } from 'vitest'
import { formatRecordingPlaylist, segmentsOf, type RecordedPart } from './recording.ts'

const BYTES = 100
const part = (k: number, at: number): RecordedPart => ({ k, start: at * BYTES, end: (at + 1) * BYTES })

it('makes a segment of eight parts, and of what is left', () => {
  const parts = Array.from({ length: 11 }, (_, index) => part(40 + index, index))
  expect(segmentsOf(parts)).toEqual([
    { k: 40, parts: 8, start: 0, end: 800 },
    { k: 48, parts: 3, start: 800, end: 1100 },
  ])
})

it('says where parts are missing, and nothing where none are', () => {
  const init = { start: 48, end: 1000 }
  const whole = segmentsOf([part(46, 0), part(47, 1), part(48, 2)])
  const broken = segmentsOf([part(46, 0), part(56, 1)])
  const format = (segments: typeof whole, isComplete: boolean): string =>
    formatRecordingPlaylist({ uri: 'p.mp4', init, segments, isComplete })
  expect(format(whole, true)).toBe(`#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="p.mp4",BYTERANGE="952@48"
#EXTINF:0.500,
#EXT-X-BYTERANGE:200@0
p.mp4
#EXTINF:0.250,
#EXT-X-BYTERANGE:100@200
p.mp4
#EXT-X-ENDLIST
`)
  expect(format(broken, true)).toContain('#EXT-X-DISCONTINUITY\n#EXTINF:0.250')
  expect(format(whole, false)).toContain('EVENT')
  expect(format(whole, false)).not.toContain('ENDLIST')
})
