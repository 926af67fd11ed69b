import { describe, expect, it } from 'vitest'
import { locate, parseMaster } from './master.ts'

const ADDRESS = 'http://host:8080/live/abcdefghij/master.m3u8'
const TEXT = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="audio",DEFAULT=YES,URI="k3v9q2m1/audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=700000,CODECS="avc1.4d401f,mp4a.40.2",RESOLUTION=712x400,AUDIO="audio"
k3v9q2m1/400p/index.m3u8
#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=1400000,BANDWIDTH=1800000,RESOLUTION=1280x720,AUDIO="audio"
k3v9q2m1/720p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=130000,CODECS="mp4a.40.2",AUDIO="audio"
k3v9q2m1/audio/index.m3u8
`

describe('parseMaster', () => {
  it('names program, pictures best first, and the audio track', () => {
    const master = parseMaster(TEXT, ADDRESS)
    expect(master.program).toBe('k3v9q2m1')
    expect(master.audioTrack).toBe('audio')
    expect(master.renditions).toEqual([
      { name: '720p', height: 720, bitrateKbps: 1400 },
      { name: '400p', height: 400, bitrateKbps: 700 },
    ])
  })

  it('takes the shorter side of a portrait picture for its height', () => {
    const portrait = TEXT.replace('1280x720', '720x1280')
    expect(parseMaster(portrait, ADDRESS).renditions[0]).toMatchObject({ height: 720 })
  })

  it('reads a program of sound alone', () => {
    const text = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=130000,CODECS="mp4a.40.2"\nk3v9q2m1/audio/index.m3u8\n'
    expect(parseMaster(text, ADDRESS)).toMatchObject({
      audioTrack: null,
      renditions: [{ name: 'audio', height: 0 }],
    })
  })

  it('refuses what is no playlist of ours', () => {
    expect(() => parseMaster('<html>', ADDRESS)).toThrow('not a multivariant playlist')
    const foreign = '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://elsewhere.test/a.m3u8\n'
    expect(() => parseMaster(foreign, ADDRESS)).toThrow('no variant')
  })
})

describe('locate', () => {
  it('finds program, track and folder', () => {
    expect(locate('k3v9q2m1/720p/index.m3u8?_HLS_msn=4', ADDRESS)).toEqual({
      program: 'k3v9q2m1',
      track: '720p',
      folder: 'http://host:8080/live/abcdefghij/k3v9q2m1/720p/',
    })
    expect(locate('../elsewhere.ts', ADDRESS)).toBeNull()
    expect(locate('', ADDRESS)).toBeNull()
  })
})
