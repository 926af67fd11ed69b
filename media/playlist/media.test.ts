import { describe, expect, it } from 'vitest'
import { FIRST_PART, SYNTHETIC_AUDIO, syntheticHeader, syntheticVideo } from '../synthetic-stream.ts'
import type { SyntheticTrack } from '../synthetic-stream.ts'
import { Track } from '../track.ts'
import { formatMediaPlaylist, viewMediaPlaylist } from './media.ts'
import type { MediaPlaylistOptions } from './media.ts'
import { AUDIO_PART_TARGET_SEC, partHoldBackSec, videoPartTargetSec } from './timing.ts'

const EPOCH_MS = Date.UTC(2026, 10, 21, 12)
const VIDEO_OPTIONS: MediaPlaylistOptions = { partTargetSec: videoPartTargetSec(30), epochMs: EPOCH_MS }
const AUDIO_OPTIONS: MediaPlaylistOptions = { partTargetSec: AUDIO_PART_TARGET_SEC, epochMs: EPOCH_MS }

function trackOf(source: SyntheticTrack, parts: number, maxSegments = 30): Track {
  const track = new Track({ name: source.track, maxSegments })
  for (let k = FIRST_PART; k < FIRST_PART + parts; k += 1)
    track.note(syntheticHeader(source, k), new Uint8Array(1))
  return track
}

it('writes a live playlist', () => {
  const video = trackOf(syntheticVideo(30), 10)
  const audio = trackOf(SYNTHETIC_AUDIO, 9)
  expect(formatMediaPlaylist(viewMediaPlaylist(video, [video, audio]), VIDEO_OPTIONS)).toBe(
    `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:6
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=36,HOLD-BACK=18,PART-HOLD-BACK=1
#EXT-X-PART-INF:PART-TARGET=0.26667
#EXT-X-MEDIA-SEQUENCE:5
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="init-0.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:10.000Z
#EXT-X-PART:DURATION=0.26667,URI="5.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.23333,URI="5.1.m4s"
#EXT-X-PART:DURATION=0.26667,URI="5.2.m4s"
#EXT-X-PART:DURATION=0.23333,URI="5.3.m4s"
#EXT-X-PART:DURATION=0.26667,URI="5.4.m4s"
#EXT-X-PART:DURATION=0.23333,URI="5.5.m4s"
#EXT-X-PART:DURATION=0.26667,URI="5.6.m4s"
#EXT-X-PART:DURATION=0.23333,URI="5.7.m4s"
#EXTINF:2.00000,
5.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:12.000Z
#EXT-X-PART:DURATION=0.26667,URI="6.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.23333,URI="6.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="6.2.m4s"
#EXT-X-RENDITION-REPORT:URI="../audio/index.m3u8",LAST-MSN=6,LAST-PART=0
`,
  )
})

it('writes an ended playlist', () => {
  const audio = trackOf(SYNTHETIC_AUDIO, 9)
  audio.end()
  const text = formatMediaPlaylist(
    viewMediaPlaylist(audio, [audio, trackOf(syntheticVideo(30), 9)]),
    AUDIO_OPTIONS,
  )
  expect(text.split('\n').slice(-6)).toEqual([
    '#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:12.011Z',
    '#EXT-X-PART:DURATION=0.25600,URI="6.0.m4s",INDEPENDENT=YES',
    '#EXTINF:0.25600,',
    '6.m4s',
    '#EXT-X-ENDLIST',
    '',
  ])
})

it('writes EXTINF only together with part 0 of the next segment', () => {
  const format = (parts: number): string =>
    formatMediaPlaylist(viewMediaPlaylist(trackOf(syntheticVideo(30), parts), []), VIDEO_OPTIONS)
  expect(format(8)).not.toContain('#EXTINF')
  expect(format(8)).toContain('URI="5.7.m4s"')
  expect(format(8)).toContain('#EXT-X-PRELOAD-HINT:TYPE=PART,URI="6.0.m4s"')
  expect(format(9)).toMatch(/#EXTINF:2.00000,\n5.m4s\n[^]*URI="6.0.m4s"/)
})

it('lists the parts of the newest segments only, or of all', () => {
  const view = viewMediaPlaylist(trackOf(syntheticVideo(25), 8 * 6 + 1), [])
  const partsOf = (options: Partial<MediaPlaylistOptions>): number =>
    formatMediaPlaylist(view, { ...VIDEO_OPTIONS, ...options }).match(/#EXT-X-PART:/g)?.length ?? 0
  expect(partsOf({})).toBe(8 + 8 + 1)
  expect(partsOf({ partSegments: 1 })).toBe(1)
  expect(partsOf({ partSegments: 'all' })).toBe(6 * 8 + 1)
})

it('marks what cannot be had', () => {
  const segments = viewMediaPlaylist(trackOf(syntheticVideo(30), 9), []).segments.map((segment) => ({
    ...segment,
    gap: true,
    parts: segment.parts.map((part) => ({ ...part, gap: true })),
  }))
  const text = formatMediaPlaylist({ segments, next: null, ended: false, renditions: [] }, VIDEO_OPTIONS)
  expect(text).toContain('#EXT-X-PART:DURATION=0.26667,URI="5.0.m4s",INDEPENDENT=YES,GAP=YES\n')
  expect(text).toContain('#EXT-X-GAP\n#EXTINF:2.00000,\n5.m4s\n')
})

describe('a delta update', () => {
  const track = trackOf(syntheticVideo(30), 8 * 29 + 3)
  const view = viewMediaPlaylist(track, [])

  it('leaves out what is older than the skip boundary', () => {
    const text = formatMediaPlaylist(view, { ...VIDEO_OPTIONS, skip: true })
    // 29 whole segments and 0.77 s: the boundary, 36 s before the end, lies in the 18th segment from the end.
    expect(text).toContain(
      '#EXT-X-MEDIA-SEQUENCE:5\n#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-SKIP:SKIPPED-SEGMENTS=11\n',
    )
    expect(text).toContain('#EXT-X-MAP:URI="init-0.mp4"\n#EXT-X-PROGRAM-DATE-TIME:2026-11-21T12:00:32.000Z\n')
  })

  it('is a full playlist while there is nothing to leave out', () => {
    const short = viewMediaPlaylist(trackOf(syntheticVideo(30), 20), [])
    expect(formatMediaPlaylist(short, { ...VIDEO_OPTIONS, skip: true })).toBe(
      formatMediaPlaylist(short, VIDEO_OPTIONS),
    )
  })
})

it('has a part target that is the longest part at each frame rate', () => {
  expect([24, 25, 30, 50, 60].map((fps) => videoPartTargetSec(fps).toFixed(5))).toEqual([
    '0.25000',
    '0.28000',
    '0.26667',
    '0.26000',
    '0.25000',
  ])
  expect(AUDIO_PART_TARGET_SEC).toBe(0.256)
  expect(partHoldBackSec(0.5)).toBe(1.5)
})
