/** FLV streams, good and hostile, damaged at random: readers give what can be read, or `MediaError`, and keep no more than came. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readMetadata } from '../../media/amf0.ts'
import { FlvParser, isKeyframe, isSequenceHeader, type FlvTag } from '../../media/flv-stream.ts'
import { MediaError } from '../../media/media-error.ts'
import { FlvLog } from '../../origin/program/flv-log.ts'
import { SourceMeter } from '../../origin/program/source-meter.ts'
import { VideoLog } from '../../origin/program/video-log.ts'
import { cutAt, cuts } from '../support/chunked.ts'
import { damaged, fuzzRuns, readCorpus } from './corpus.ts'

/** Signature, version, flags, offset and the first PreviousTagSize. */
const HEADER_BYTES = 13
const SEEDS = readCorpus('flv').map((seed) => ({ ...seed, landmarks: [HEADER_BYTES] }))

/** Tags as far as they can be read. */
function readTags(pieces: readonly Uint8Array[]): FlvTag[] {
  const parser = new FlvParser()
  const tags: FlvTag[] = []
  try {
    for (const piece of pieces) tags.push(...parser.push(piece))
  } catch (error) {
    if (!(error instanceof MediaError)) throw error
  }
  return tags
}

/** Through everything of a program that reads what a publisher sent. */
function pass(tags: readonly FlvTag[]): void {
  const meter = new SourceMeter()
  const flvLog = new FlvLog()
  const videoLog = new VideoLog()
  tags.forEach((tag, index) => {
    try {
      meter.observe(tag, index * 10)
    } catch (error) {
      if (!(error instanceof MediaError)) throw error
    }
    if (tag.type === 'script') readMetadata(tag.data)
    if (tag.type === 'audio') flvLog.audio(tag)
    if (tag.type !== 'video') return
    if (isSequenceHeader(tag)) videoLog.configure(tag)
    else videoLog.push({ tag, ptsMs: tag.timestampMs, keyframe: isKeyframe(tag) })
    flvLog.video(tag)
  })
  meter.facts()
  flvLog.beginning(1000)
  videoLog.since(0)
}

describe.each(SEEDS)('$name', ({ name, bytes }) => {
  it('is read without harm', () => {
    const tags = readTags([bytes])
    if (name.startsWith('good-')) expect(tags.length).toBeGreaterThan(5)
    pass(tags)
  })
})

it('is the same stream in whatever pieces it comes', () => {
  const property = fc.property(fc.constantFrom(...SEEDS), cuts, ({ bytes }, fractions) => {
    expect(readTags(cutAt(bytes, fractions))).toEqual(readTags([bytes]))
  })
  fc.assert(property, fuzzRuns(300))
})

it('yields no more than was sent, however it is damaged', () => {
  const property = fc.property(damaged(SEEDS), cuts, ({ head, tail }, fractions) => {
    const tags = readTags([head, ...cutAt(tail, fractions)])
    const sentBytes = head.length + tail.length
    expect(tags.reduce((sum, { data }) => sum + data.length, 0)).toBeLessThanOrEqual(sentBytes)
    pass(tags)
  })
  fc.assert(property, fuzzRuns(1500))
})
