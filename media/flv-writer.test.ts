import { describe, expect, it } from 'vitest'
import { SMALL_AUDIO, SMALL_VIDEO, smallPart, smallSamples } from '../tests/support/small-part.ts'
import { readMetadata } from './amf0.ts'
import { isKeyframe, isSequenceHeader, parseAudioHeader, parseVideoHeader } from './flv-tag.ts'
import { flvHeaderTags, flvTagsOf, mergeTags } from './flv-writer.ts'

const FIRST = 40

describe('flvTagsOf', () => {
  it('makes one tag of each video sample, at its time in milliseconds', () => {
    const tags = flvTagsOf(smallPart(SMALL_VIDEO, FIRST))
    const samples = smallSamples(SMALL_VIDEO, FIRST)
    expect(tags.map(({ timestampMs }) => timestampMs)).toEqual([
      10_000, 10_033, 10_067, 10_100, 10_133, 10_167, 10_200, 10_233,
    ])
    expect(tags.map(isKeyframe)).toEqual(samples.map(({ keyframe }) => keyframe))
    for (const [index, { data }] of tags.entries()) {
      const { payloadOffset, codec } = parseVideoHeader(data)
      expect([codec, ...data.subarray(payloadOffset)]).toEqual(['avc', ...(samples[index]?.data ?? [])])
    }
  })

  it('makes one tag of each audio frame', () => {
    const tags = flvTagsOf(smallPart(SMALL_AUDIO, FIRST))
    expect(tags).toHaveLength(smallSamples(SMALL_AUDIO, FIRST).length)
    for (const { type, data } of tags) {
      expect(type).toBe('audio')
      expect(parseAudioHeader(data)).toEqual({ codec: 'aac', kind: 'frames', payloadOffset: 2 })
    }
  })
})

describe('flvHeaderTags', () => {
  it('of audio alone announce no video', () => {
    const [script, audio, ...others] = flvHeaderTags(null, 10_000)
    expect(readMetadata(script?.data ?? new Uint8Array(0))).toEqual({
      encoder: 'Headwater',
      audiocodecid: 10,
    })
    expect(script?.timestampMs).toBe(0)
    expect(audio && isSequenceHeader(audio)).toBe(true)
    expect(others).toEqual([])
  })
})

it('merges by time, video first where times are equal', () => {
  const video = flvTagsOf(smallPart(SMALL_VIDEO, FIRST))
  const audio = video.map((tag) => ({ ...tag, type: 'audio' as const }))
  const merged = mergeTags(video, audio)
  expect(merged.map(({ type }) => type)).toEqual(video.flatMap(() => ['video', 'audio']))
})
