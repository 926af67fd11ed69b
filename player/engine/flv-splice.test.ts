import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../media/bytes.ts'
import { encodeFlvTag, FLV_HEADER, FlvParser, type FlvTag } from '../../media/flv-stream.ts'
import { FlvSplice } from './flv-splice.ts'

const VIDEO_HEADER = [0x17, 0, 0, 0, 0, 1]
const AUDIO_HEADER = [0xaf, 0, 0x11, 0x90]

function tag(type: FlvTag['type'], timestampMs: number, data: readonly number[]): Uint8Array {
  return encodeFlvTag({ type, timestampMs, data: Uint8Array.from(data) })
}

/** A connection that begins at a time: headers, then both kinds every 40 ms. */
function connection(fromMs: number, toMs: number, videoHeader = VIDEO_HEADER, salt = 0): Uint8Array {
  const pieces = [
    FLV_HEADER,
    tag('script', 0, [2]),
    tag('video', 0, videoHeader),
    tag('audio', 0, AUDIO_HEADER),
  ]
  for (let ms = fromMs; ms < toMs; ms += 40)
    pieces.push(
      tag('video', ms, [ms === fromMs ? 0x17 : 0x27, 1, 0, 0, 0, (ms + salt) & 0xff]),
      tag('audio', ms + 5, [0xaf, 1, 7]),
    )
  return concatBytes(pieces)
}

function seen(bytes: Uint8Array): string[] {
  return new FlvParser().push(bytes).map(({ type, timestampMs, data }) => {
    const isHeader = data[1] === 0 && type !== 'script'
    return `${type[0]}${isHeader ? 'H' : ''}${timestampMs}`
  })
}

describe('FlvSplice', () => {
  it('hands on a first connection as it is, in whole tags, however its bytes come', () => {
    const splice = new FlvSplice(() => undefined)
    const whole = connection(1000, 1080)
    const pieces: Uint8Array[] = []
    for (let at = 0; at < whole.length; at += 7) pieces.push(splice.push(whole.subarray(at, at + 7)))
    expect(seen(concatBytes(pieces))).toEqual(['s0', 'vH1000', 'v1000', 'aH1005', 'a1005', 'v1040', 'a1045'])
  })

  it('goes on exactly where the last connection broke, in the middle of a tag', () => {
    const splice = new FlvSplice(() => undefined)
    const first = connection(1000, 1200)
    const pieces = [splice.push(first.subarray(0, first.length - 9))]
    splice.begin()
    pieces.push(splice.push(connection(1000, 1280)))
    expect(seen(concatBytes(pieces))).toEqual([
      's0',
      'vH1000',
      'v1000',
      'aH1005',
      ...[1005, 1045, 1085, 1125, 1165, 1205, 1245].flatMap((ms) => [
        `a${ms}`,
        ...(ms < 1245 ? [`v${ms + 35}`] : []),
      ]),
    ])
  })

  it('puts what a server makes anew after its restart behind what was handed on, with one offset for both', () => {
    const gop = (fromMs: number, toMs: number, bytes: number): Uint8Array => {
      const pieces = [FLV_HEADER]
      for (let ms = fromMs; ms < toMs; ms += 40) {
        const first = ms === fromMs ? 0x17 : 0x27
        pieces.push(tag('video', ms, [first, 1, 0, 0, 0, ...Array(bytes)]), tag('audio', ms, [0xaf, 1, 7]))
      }
      return concatBytes(pieces)
    }
    const splice = new FlvSplice(() => undefined)
    splice.push(gop(1000, 1240, 3))
    splice.begin()
    const anew = splice.push(gop(1120, 1240, 4))
    expect(seen(concatBytes([FLV_HEADER, anew]))).toEqual([
      'v1233',
      'a1233',
      'v1273',
      'a1273',
      'v1313',
      'a1313',
    ])
    // And what the same server repeats on a later connection is known by its new times.
    splice.begin()
    const again = splice.push(gop(1120, 1280, 4))
    expect(seen(concatBytes([FLV_HEADER, again]))).toEqual(['v1353', 'a1353'])
  })

  it('sends a header again only where it has changed, and pictures before it that mpegts.js may lose', () => {
    const handed: string[] = []
    const splice = new FlvSplice(({ type, timestampMs }) => void handed.push(`${type[0]}${timestampMs}`))
    splice.push(connection(1000, 1080))
    handed.length = 0
    splice.begin()
    expect(
      seen(concatBytes([FLV_HEADER, splice.push(connection(1080, 1120, [0x17, 0, 0, 0, 0, 2]))])),
    ).toEqual(['v1078', 'v1079', 'vH1080', 'v1080', 'a1085'])
    expect(handed).toEqual(['v1080', 'v1080', 'a1085'])
  })

  it('gives up where the new connection begins too late', () => {
    const splice = new FlvSplice(() => undefined)
    splice.push(connection(1000, 1080))
    splice.begin()
    expect(() => splice.push(connection(3000, 3080))).toThrow('1960 ms after')
  })

  it('gives up where the pictures of the same times are others', () => {
    const splice = new FlvSplice(() => undefined)
    splice.push(connection(1000, 1200))
    splice.begin()
    expect(() => splice.push(connection(1000, 1280, VIDEO_HEADER, 9))).toThrow('made anew')
  })

  it('refuses what is no FLV', () => {
    const splice = new FlvSplice(() => undefined)
    expect(() => splice.push(new TextEncoder().encode('<html>not found at all</html>'))).toThrow('signature')
  })
})
