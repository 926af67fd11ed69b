/**
 * Writes the byte-level vectors beside it: `npx tsx tests/vectors/generate.ts`. To be run only when the wire format is meant to
 * change, together with docs/protocol.md and docs/cascade-frames.md; media/vectors.test.ts and cascade/vectors.test.ts hold the code to
 * what was written.
 */
import { writeFileSync } from 'node:fs'
import { encodeAacInit, encodeAudioSpecificConfig, PROGRAM_AUDIO } from '../../media/aac.ts'
import { encodeScript } from '../../media/amf0.ts'
import { concatBytes } from '../../media/bytes.ts'
import { encodeFlvTag, parseAudioHeader, parseVideoHeader } from '../../media/flv-tag.ts'
import type { FlvTag } from '../../media/flv-tag.ts'
import { flvTagsOf } from '../../media/flv-writer.ts'
import type { Sample } from '../../media/fragment.ts'
import { parseMeta } from '../../media/part.ts'
import type { PartHeader } from '../../media/part.ts'
import { encodePart } from '../../media/part-writer.ts'
import { signingInput } from '../../media/signature.ts'
import { syntheticHeader } from '../../media/synthetic-stream.ts'
import {
  SMALL_AUDIO,
  SMALL_VIDEO,
  smallSamples,
  TEST_PUBLIC_KEY,
  TEST_SECRET_KEY,
  testSign,
} from '../support/small-part.ts'
import { cascadeVectors } from './cascade.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

function partVector(name: string, header: PartHeader, samples: readonly Sample[]): object {
  const part = encodePart({ header, samples, sign: testSign })
  const { meta, signed, signature, bodyOffset } = parseMeta(part.bytes)
  return {
    name,
    header,
    samples: samples.map((sample) => ({ ...sample, data: hex(sample.data) })),
    signingInput: hex(signingInput(signed)),
    signature: hex(signature),
    bodyOffset,
    bodyBytes: meta.bodyBytes,
    chunkBytes: meta.chunkBytes,
    chunkHashes: meta.chunkHashes.map(hex),
    bytes: hex(part.bytes),
    flv: hex(concatBytes(flvTagsOf(part).map(encodeFlvTag))),
  }
}

function parts(): object {
  const video = (k: number): [PartHeader, Sample[]] => [
    syntheticHeader(SMALL_VIDEO, k),
    smallSamples(SMALL_VIDEO, k),
  ]
  const [header, samples] = video(44)
  const uneven = samples.map((sample, index) => ({ ...sample, duration: index === 6 ? 600 : 512 }))
  return {
    secretKey: hex(TEST_SECRET_KEY),
    publicKey: hex(TEST_PUBLIC_KEY),
    parts: [
      partVector('video, first of its segment, one keyframe', ...video(40)),
      partVector('video, last of its segment, no keyframe', ...video(47)),
      partVector('video, durations that differ', { ...header, duration: header.duration + 88 }, uneven),
      partVector('audio', syntheticHeader(SMALL_AUDIO, 40), smallSamples(SMALL_AUDIO, 40)),
    ],
  }
}

function flv(): object {
  const tags: [string, FlvTag][] = [
    ['AVC keyframe', { type: 'video', timestampMs: 10_000, data: bytesOf('17 01 000000 00000001 65') }],
    ['AAC frame', { type: 'audio', timestampMs: 10_006, data: bytesOf('af 01 2100499002190023 80') }],
    ['time of 32 bits', { type: 'video', timestampMs: 0xfedcba98, data: bytesOf('27 01 000000 00') }],
    [
      'script',
      {
        type: 'script',
        timestampMs: 0,
        data: encodeScript('onMetaData', { width: 1280, stereo: true, encoder: 'Headwater' }),
      },
    ],
  ]
  const video = {
    'AVC sequence header': '17 00 000000 01',
    'AVC frame shown 80 ms later': '27 01 000050 00',
    'AVC frame shown 40 ms earlier': '27 01 ffffd8 00',
    'AVC end of sequence': '17 02 000000',
    'command frame': '57 00',
    'Sorenson H.263 keyframe': '12 00',
    'enhanced avc1 CodedFrames': '91 61766331 000021 00',
    'enhanced hvc1 SequenceStart': '90 68766331 01',
    'enhanced hvc1 CodedFrames': 'a1 68766331 000021 00',
    'enhanced hvc1 CodedFramesX': '93 68766331 00',
    'enhanced av01 CodedFrames': '91 61763031 00',
    'enhanced vp09 CodedFrames': 'a1 76703039 00',
    'enhanced hvc1 Metadata': '94 68766331 00',
  }
  const audio = {
    'AAC sequence header': 'af 00 1190',
    'AAC frame': 'af 01 21',
    MP3: '2f ff',
    'enhanced Opus SequenceStart': '90 4f707573 00',
    'enhanced mp4a CodedFrames': '91 6d703461 00',
    'enhanced ac-3 CodedFrames': '91 61632d33 00',
  }
  return {
    tags: tags.map(([name, tag]) => ({
      name,
      tag: { ...tag, data: hex(tag.data) },
      bytes: hex(encodeFlvTag(tag)),
    })),
    videoHeaders: Object.entries(video).map(([name, text]) =>
      headerVector(name, bytesOf(text), parseVideoHeader),
    ),
    audioHeaders: Object.entries(audio).map(([name, text]) =>
      headerVector(name, bytesOf(text), parseAudioHeader),
    ),
  }
}

function headerVector<Header>(name: string, data: Uint8Array, parse: (data: Uint8Array) => Header): object {
  return { name, data: hex(data), header: parse(data) }
}

function audio(): object {
  const bitrateKbps = 128
  return {
    config: PROGRAM_AUDIO,
    audioSpecificConfig: hex(encodeAudioSpecificConfig(PROGRAM_AUDIO)),
    bitrateKbps,
    init: hex(encodeAacInit(PROGRAM_AUDIO, bitrateKbps)),
  }
}

const FILES = { parts: parts(), flv: flv(), audio: audio(), cascade: cascadeVectors() }
for (const [name, vectors] of Object.entries(FILES)) {
  writeFileSync(new URL(`${name}.json`, import.meta.url), `${JSON.stringify(vectors, null, 2)}\n`)
}
