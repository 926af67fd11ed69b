import { describe, expect, it } from 'vitest'
import { asciiBytes, concatBytes } from './bytes.ts'
import {
  encodeFlvTag,
  isKeyframe,
  isSequenceHeader,
  MAX_TAG_BYTES,
  parseAudioHeader,
  parseVideoHeader,
} from './flv-tag.ts'
import type { FlvTag } from './flv-tag.ts'
import { MediaError } from './media-error.ts'

const KEY = 0x10
const EX_KEY = 0x90
const EX_INTER = 0xa0

const video = (data: Uint8Array): FlvTag => ({ type: 'video', timestampMs: 0, data })
const audio = (data: Uint8Array): FlvTag => ({ type: 'audio', timestampMs: 0, data })
/** A first byte, a FourCC, the rest. */
const extended = (first: number, fourCc: string, ...rest: number[]): Uint8Array =>
  concatBytes([Uint8Array.of(first), asciiBytes(fourCc), Uint8Array.from(rest)])

describe('a video header', () => {
  it('of AVC has packet type and composition time', () => {
    expect(parseVideoHeader(Uint8Array.of(KEY | 7, 0, 0, 0, 0))).toEqual({
      codec: 'avc',
      kind: 'sequence-header',
      keyframe: true,
      compositionTimeMs: 0,
      payloadOffset: 5,
    })
    expect(parseVideoHeader(Uint8Array.of(0x27, 1, 0, 0, 0x50))).toMatchObject({
      kind: 'frames',
      keyframe: false,
      compositionTimeMs: 80,
    })
    expect(parseVideoHeader(Uint8Array.of(0x17, 2, 0, 0, 0))).toMatchObject({ kind: 'end' })
  })

  it('has a composition time below zero where an edit list shifts it', () => {
    expect(parseVideoHeader(Uint8Array.of(0x27, 1, 0xff, 0xff, 0xd8)).compositionTimeMs).toBe(-40)
  })

  it('of an older codec is one byte', () => {
    expect(parseVideoHeader(Uint8Array.of(0x12))).toMatchObject({
      codec: 'unknown',
      keyframe: true,
      payloadOffset: 1,
    })
  })

  it('in a codec that was never given a number is named by the one it was sent with', () => {
    expect(parseVideoHeader(Uint8Array.of(0x1c, 0, 0, 0, 0)).codec).toBe('hevc')
    expect(parseVideoHeader(Uint8Array.of(0x2d, 1, 0, 0, 0)).codec).toBe('av1')
  })

  it.each([
    ['avc1', 'avc', 8],
    ['hvc1', 'hevc', 8],
    ['av01', 'av1', 5],
    ['vp09', 'vp9', 5],
  ] as const)(
    'of enhanced RTMP, CodedFrames of %s: composition time only where the codec has one',
    (fourCc, codec, payloadOffset) => {
      const header = parseVideoHeader(extended(EX_KEY | 1, fourCc, 0, 0, 0x21, 0xee))
      const compositionTimeMs = payloadOffset === 8 ? 33 : 0
      expect(header).toEqual({ codec, kind: 'frames', keyframe: true, compositionTimeMs, payloadOffset })
    },
  )

  it.each(['avc1', 'hvc1', 'av01', 'vp09'])(
    'of enhanced RTMP, CodedFramesX and SequenceStart of %s: no composition time',
    (fourCc) => {
      const frames = parseVideoHeader(extended(EX_INTER | 3, fourCc, 1, 2, 3))
      expect(frames).toMatchObject({
        kind: 'frames',
        keyframe: false,
        compositionTimeMs: 0,
        payloadOffset: 5,
      })
      expect(parseVideoHeader(extended(EX_KEY, fourCc))).toMatchObject({
        kind: 'sequence-header',
        payloadOffset: 5,
      })
    },
  )

  it('of enhanced RTMP tells metadata, ends and unknown codecs apart', () => {
    expect(parseVideoHeader(extended(EX_KEY | 4, 'hvc1')).kind).toBe('metadata')
    expect(parseVideoHeader(extended(EX_KEY | 2, 'hvc1')).kind).toBe('end')
    expect(parseVideoHeader(extended(EX_KEY | 1, 'vvc1')).codec).toBe('unknown')
  })

  it('takes a command frame for neither a configuration nor a picture', () => {
    const seekStart = Uint8Array.of(0x57, 0)
    expect(parseVideoHeader(seekStart)).toMatchObject({ codec: 'avc', kind: 'metadata', keyframe: false })
    expect(isSequenceHeader(video(seekStart))).toBe(false)
    expect(parseVideoHeader(Uint8Array.of(0xd1, 0)).kind).toBe('metadata')
  })

  it.each([
    [[]],
    [[0x17]],
    [[0x17, 1, 0, 0]],
    [[0x91, 0x61, 0x76, 0x63]],
    [[...extended(EX_KEY | 1, 'hvc1', 0, 0)]],
  ])('cut short is a MediaError: %j', (bytes) => {
    expect(() => parseVideoHeader(Uint8Array.from(bytes))).toThrow(MediaError)
    expect(isKeyframe(video(Uint8Array.from(bytes)))).toBe(false)
    expect(isSequenceHeader(video(Uint8Array.from(bytes)))).toBe(false)
  })
})

describe('an audio header', () => {
  it('of AAC tells configuration from frames', () => {
    expect(parseAudioHeader(Uint8Array.of(0xaf, 0))).toEqual({
      codec: 'aac',
      kind: 'sequence-header',
      payloadOffset: 2,
    })
    expect(parseAudioHeader(Uint8Array.of(0xaf, 1))).toMatchObject({ kind: 'frames' })
  })

  it.each([
    [0x2f, 'mp3'],
    [0xef, 'mp3'],
    [0x3e, 'pcm'],
    [0xb6, 'speex'],
    [0x5f, 'unknown'],
  ])('whose first byte is %i is %s', (first, codec) => {
    expect(parseAudioHeader(Uint8Array.of(first))).toEqual({ codec, kind: 'frames', payloadOffset: 1 })
  })

  it.each([
    ['Opus', 'opus'],
    ['mp4a', 'aac'],
    ['ac-3', 'ac3'],
    ['ec-3', 'eac3'],
    ['fLaC', 'flac'],
    ['.mp3', 'mp3'],
    ['what', 'unknown'],
  ])('of enhanced RTMP with FourCC %s is %s', (fourCc, codec) => {
    expect(parseAudioHeader(extended(0x90, fourCc))).toEqual({
      codec,
      kind: 'sequence-header',
      payloadOffset: 5,
    })
    expect(parseAudioHeader(extended(0x91, fourCc))).toMatchObject({ kind: 'frames' })
    expect(parseAudioHeader(extended(0x94, fourCc))).toMatchObject({ kind: 'metadata' })
  })

  it.each([[[]], [[0xaf]], [[0x91, 0x4f, 0x70, 0x75]]])('cut short is a MediaError: %j', (bytes) => {
    expect(() => parseAudioHeader(Uint8Array.from(bytes))).toThrow(MediaError)
    expect(isSequenceHeader(audio(Uint8Array.from(bytes)))).toBe(false)
  })
})

describe('isKeyframe and isSequenceHeader', () => {
  it('tell a keyframe from its codec configuration', () => {
    const frame = video(Uint8Array.of(0x17, 1, 0, 0, 0))
    const config = video(Uint8Array.of(0x17, 0, 0, 0, 0))
    expect([isKeyframe(frame), isSequenceHeader(frame)]).toEqual([true, false])
    expect([isKeyframe(config), isSequenceHeader(config)]).toEqual([false, true])
    expect(isKeyframe(video(extended(EX_KEY | 3, 'av01')))).toBe(true)
    expect(isKeyframe(video(extended(EX_INTER | 3, 'av01')))).toBe(false)
  })

  it('know audio configurations of any length, and no audio keyframes', () => {
    const config = audio(Uint8Array.of(0xaf, 0, 0x11, 0x90))
    expect([isKeyframe(config), isSequenceHeader(config)]).toEqual([false, true])
    expect(isSequenceHeader(audio(extended(0x90, 'Opus')))).toBe(true)
    expect(isSequenceHeader({ type: 'script', timestampMs: 0, data: Uint8Array.of(0x17, 0, 0, 0, 0) })).toBe(
      false,
    )
  })
})

it('writes no tag larger than FLV can name', () => {
  expect(encodeFlvTag(video(new Uint8Array(MAX_TAG_BYTES))).length).toBe(MAX_TAG_BYTES + 15)
  expect(() => encodeFlvTag(video(new Uint8Array(MAX_TAG_BYTES + 1)))).toThrow(MediaError)
})
