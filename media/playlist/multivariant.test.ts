import { expect, it } from 'vitest'
import { MediaError } from '../media-error.ts'
import { formatMultivariantPlaylist } from './multivariant.ts'
import type { AudioRung, MultivariantView, VideoRung } from './multivariant.ts'
import { parseMultivariant } from './parse-multivariant.ts'

const AUDIO: AudioRung = {
  track: 'audio',
  bandwidth: 140_000,
  averageBandwidth: 132_000,
  codec: 'mp4a.40.2',
  channels: 2,
}
const RUNG_720: VideoRung = {
  track: '720p',
  width: 1280,
  height: 720,
  fps: 30,
  bandwidth: 1_800_000,
  averageBandwidth: 1_500_000,
  codec: 'avc1.4d401f',
}
const RUNG_400: VideoRung = {
  ...RUNG_720,
  track: '400p',
  width: 710,
  height: 400,
  bandwidth: 600_000,
  averageBandwidth: 500_000,
}
const PROGRAM: MultivariantView = { program: 'p1a2b3c4', video: [RUNG_720, RUNG_400], audio: AUDIO }

it('writes the ladder in its order, the audio group, and audio alone last', () => {
  expect(formatMultivariantPlaylist(PROGRAM)).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="p1a2b3c4/audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1940000,AVERAGE-BANDWIDTH=1632000,CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=30.000,AUDIO="audio"
p1a2b3c4/720p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=740000,AVERAGE-BANDWIDTH=632000,CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=710x400,FRAME-RATE=30.000,AUDIO="audio"
p1a2b3c4/400p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=140000,AVERAGE-BANDWIDTH=132000,CODECS="mp4a.40.2",AUDIO="audio"
p1a2b3c4/audio/index.m3u8
`)
})

it('writes a program without a picture as one variant', () => {
  expect(formatMultivariantPlaylist({ ...PROGRAM, video: [] })).toBe(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=140000,AVERAGE-BANDWIDTH=132000,CODECS="mp4a.40.2"
p1a2b3c4/audio/index.m3u8
`)
})

it('reads what it writes', () => {
  const { variants, renditions } = parseMultivariant(formatMultivariantPlaylist(PROGRAM))
  expect(
    variants.map(({ uri, width, frameRate, audioGroup }) => [uri, width, frameRate, audioGroup]),
  ).toEqual([
    ['p1a2b3c4/720p/index.m3u8', 1280, 30, 'audio'],
    ['p1a2b3c4/400p/index.m3u8', 710, 30, 'audio'],
    ['p1a2b3c4/audio/index.m3u8', null, null, 'audio'],
  ])
  expect(variants[0]?.codecs).toEqual(['avc1.4d401f', 'mp4a.40.2'])
  expect(renditions).toEqual([
    { type: 'AUDIO', groupId: 'audio', name: 'audio', isDefault: true, uri: 'p1a2b3c4/audio/index.m3u8' },
  ])
})

it.each(['', '#EXTM3U\n', '<html>', '#EXTM3U\n#EXT-X-STREAM-INF:CODECS="x"\na.m3u8\n'])(
  'refuses %j',
  (text) => {
    expect(() => parseMultivariant(text)).toThrow(MediaError)
  },
)
