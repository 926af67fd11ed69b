/** Whatever the bytes are, a reader gives its result or throws `MediaError`; a question gives its answer. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutAt, cuts } from '../tests/support/chunked.ts'
import { SMALL_AUDIO, SMALL_VIDEO, smallPart, TEST_PUBLIC_KEY } from '../tests/support/small-part.ts'
import { AdtsParser, encodeAacInit, parseAudioSpecificConfig, PROGRAM_AUDIO } from './aac.ts'
import { decodeAmf0, encodeScript, readMetadata } from './amf0.ts'
import { parsePictureSize } from './avc.ts'
import { encodeBox, encodeFullBox, findBox, readBoxes } from './box.ts'
import { asciiBytes, concatBytes, u32Bytes } from './bytes.ts'
import { FlvParser } from './flv-stream.ts'
import {
  encodeFlvTag,
  FLV_HEADER,
  isKeyframe,
  isSequenceHeader,
  parseAudioHeader,
  parseVideoHeader,
} from './flv-tag.ts'
import type { FlvTag } from './flv-tag.ts'
import { flvHeaderTags, flvTagsOf } from './flv-writer.ts'
import { parseFragment, parseInit } from './fragment.ts'
import { FragmentStream } from './fragment-stream.ts'
import { MediaError } from './media-error.ts'
import { parseMeta, parseSignedMeta, readPart, splitSegment } from './part.ts'
import { verifyPart } from './signature.ts'

const RUNS = { numRuns: 2000 }
const VIDEO_PART = smallPart(SMALL_VIDEO, 40).bytes
const AUDIO_PART = smallPart(SMALL_AUDIO, 40).bytes
const INIT = encodeAacInit(PROGRAM_AUDIO, 128)
const SCRIPT = encodeScript('onMetaData', { width: 1280, stereo: true, encoder: 'x' })
const VIDEO_TAG: FlvTag = { type: 'video', timestampMs: 0, data: Uint8Array.of(0x17, 1, 0, 0, 0, 1, 2, 3) }
const ADTS_FRAME = Uint8Array.of(0xff, 0xf1, 0x4c, 0x80, 1, 0x3f, 0xfc, 1, 2)
const AVC_CONFIGURATION = Buffer.from(
  '0164001effe100186764001eacd940b424d8088000000300800000190f8a14cb01000768fba3cb3002c0fdf8f800',
  'hex',
)
const MOOF = findBytes(VIDEO_PART, 'moof')

/** Bytes of any kind, more of them small numbers than chance has it, since lengths and markers are small. */
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.array(fc.nat({ max: 18 }), { maxLength: 200 }).map((bytes) => Uint8Array.from(bytes)),
)

/** Something valid with a few bytes changed, its end cut off or noise behind it. */
function damaged(...seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.nat({ max: 255 }) })
  const damage = fc.record({
    seed: fc.constantFrom(...seeds),
    changes: fc.array(change, { maxLength: 4 }),
    kept: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
    tail: fc.oneof(fc.constant(new Uint8Array(0)), noise),
  })
  return damage.map(({ seed, changes, kept, tail }) => {
    const bytes = concatBytes([seed.subarray(0, Math.floor(kept * seed.length)), tail])
    for (const { at, to } of changes) if (bytes.length > 0) bytes[Math.floor(at * (bytes.length - 1))] = to
    return bytes
  })
}

function findBytes(bytes: Uint8Array, type: string): Uint8Array {
  const box = findBox(bytes, type)
  return box ? bytes.subarray(box.start, box.end) : new Uint8Array(0)
}

/** The result, or the MediaError; anything else thrown is thrown on, and fails the test. */
function attempt(read: () => unknown): unknown {
  try {
    return read()
  } catch (error) {
    if (error instanceof MediaError) return error
    throw error
  }
}

const fromParts = damaged(VIDEO_PART, AUDIO_PART, concatBytes([VIDEO_PART, AUDIO_PART]))
/** An init segment as a video track has it, down to a sample entry. */
const VIDEO_INIT = encodeVideoInit()

const READERS: [string, (bytes: Uint8Array) => unknown, fc.Arbitrary<Uint8Array>][] = [
  ['parseVideoHeader', parseVideoHeader, damaged(VIDEO_TAG.data)],
  ['parseAudioHeader', parseAudioHeader, damaged(Uint8Array.of(0xaf, 1, 2))],
  ['parseAudioSpecificConfig', parseAudioSpecificConfig, damaged(Uint8Array.of(0x11, 0x90))],
  ['decodeAmf0', decodeAmf0, damaged(SCRIPT)],
  ['readBoxes', readBoxes, damaged(INIT, VIDEO_PART)],
  ['parsePictureSize', parsePictureSize, damaged(AVC_CONFIGURATION)],
  ['parseInit', parseInit, damaged(INIT, VIDEO_INIT)],
  ['flvHeaderTags', (bytes) => flvHeaderTags(bytes, 0), damaged(VIDEO_INIT)],
  ['parseFragment', (bytes) => parseFragment(bytes, new Uint8Array(100)), damaged(MOOF)],
  ['parseMeta', parseMeta, fromParts],
  ['parseSignedMeta', parseSignedMeta, damaged(parseMeta(VIDEO_PART).signed)],
  ['readPart', readPart, fromParts],
  ['splitSegment', splitSegment, fromParts],
  ['flvTagsOf', (bytes) => flvTagsOf(readPart(bytes)), fromParts],
]

describe.each(READERS)('%s', (_, read, valid) => {
  it('throws nothing but MediaError, whatever it is given', () => {
    fc.assert(
      fc.property(noise, (bytes) => void attempt(() => read(bytes))),
      RUNS,
    )
    fc.assert(
      fc.property(valid, (bytes) => void attempt(() => read(bytes))),
      RUNS,
    )
  })
})

const FLV = concatBytes([
  FLV_HEADER,
  encodeFlvTag(VIDEO_TAG),
  encodeFlvTag({ type: 'script', timestampMs: 0, data: SCRIPT }),
])
const STREAMS: [string, () => { push: (chunk: Uint8Array) => unknown }, fc.Arbitrary<Uint8Array>][] = [
  ['FlvParser', () => new FlvParser(), damaged(FLV)],
  ['AdtsParser', () => new AdtsParser(), damaged(ADTS_FRAME, concatBytes([ADTS_FRAME, ADTS_FRAME]))],
  ['FragmentStream', () => new FragmentStream(), damaged(concatBytes([INIT, VIDEO_PART, AUDIO_PART]))],
]

describe.each(STREAMS)('%s', (_, open, valid) => {
  it('throws nothing but MediaError, whatever comes in whatever pieces', () => {
    const pushAll = (bytes: Uint8Array, fractions: number[]): void => {
      const parser = open()
      attempt(() => cutAt(bytes, fractions).forEach((chunk) => parser.push(chunk)))
    }
    fc.assert(fc.property(noise, cuts, pushAll), RUNS)
    fc.assert(fc.property(valid, cuts, pushAll), RUNS)
  })
})

describe('questions', () => {
  const tags = fc.record<FlvTag>({
    type: fc.constantFrom('video', 'audio', 'script'),
    timestampMs: fc.constant(0),
    data: fc.oneof(noise, damaged(VIDEO_TAG.data, concatBytes([Uint8Array.of(0x91), asciiBytes('hvc1')]))),
  })

  it('isKeyframe and isSequenceHeader answer for any tag', () => {
    fc.assert(
      fc.property(tags, (tag) => {
        expect([isKeyframe(tag), isSequenceHeader(tag)].map((answer) => typeof answer)).toEqual([
          'boolean',
          'boolean',
        ])
        expect(isKeyframe(tag) && isSequenceHeader(tag)).toBe(false)
      }),
      RUNS,
    )
  })

  it('readMetadata answers for any bytes', () => {
    fc.assert(
      fc.property(fc.oneof(noise, damaged(SCRIPT)), (bytes) => {
        expect(readMetadata(bytes)).toBeTypeOf('object')
      }),
      RUNS,
    )
  })

  it('verifyPart is true for a part that was signed and for nothing else', () => {
    const genuine = [VIDEO_PART, AUDIO_PART]
    fc.assert(
      fc.property(fc.oneof(noise, damaged(...genuine)), (bytes) => {
        const isGenuine = genuine.some((part) => Buffer.compare(part, bytes) === 0)
        expect(verifyPart(bytes, TEST_PUBLIC_KEY)).toBe(isGenuine)
      }),
      RUNS,
    )
  })
})

function encodeVideoInit(): Uint8Array {
  const avc1 = encodeBox('avc1', new Uint8Array(78), encodeBox('avcC', Uint8Array.of(1, 0x4d, 0x40, 0x1f)))
  const stsd = encodeFullBox('stsd', {}, u32Bytes(1), avc1)
  const mdhd = encodeFullBox('mdhd', {}, u32Bytes(0, 0, 15_360, 0, 0))
  const mdia = encodeBox('mdia', mdhd, encodeBox('minf', encodeBox('stbl', stsd)))
  return encodeBox('moov', encodeBox('trak', mdia))
}
