/** The bytes of docs/protocol.md, as tests/vectors/ has them: a change of what goes over the wire fails here. */
import { describe, expect, it } from 'vitest'
import audio from '../tests/vectors/audio.json' with { type: 'json' }
import flv from '../tests/vectors/flv.json' with { type: 'json' }
import vectors from '../tests/vectors/parts.json' with { type: 'json' }
import { encodeAacInit, encodeAudioSpecificConfig, parseAudioSpecificConfig } from './aac.ts'
import { concatBytes } from './bytes.ts'
import { encodeFlvTag, FLV_HEADER, FlvParser } from './flv-stream.ts'
import { parseAudioHeader, parseVideoHeader } from './flv-tag.ts'
import type { FlvTag } from './flv-tag.ts'
import { flvTagsOf } from './flv-writer.ts'
import { parseMeta, readPart } from './part.ts'
import { encodePart } from './part-writer.ts'
import { chunkBytesFor, hashChunks, signingInput, signWith, verifyPart } from './signature.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

describe.each(vectors.parts)('the part: $name', (vector) => {
  const bytes = bytesOf(vector.bytes)

  it('is written byte for byte', () => {
    const samples = vector.samples.map((sample) => ({ ...sample, data: bytesOf(sample.data) }))
    const sign = signWith(bytesOf(vectors.secretKey))
    expect(hex(encodePart({ header: vector.header, samples, sign }).bytes)).toBe(vector.bytes)
  })

  it('is read, field for field', () => {
    const { meta, signed, signature, bodyOffset } = parseMeta(bytes)
    expect(readPart(bytes).header).toEqual(vector.header)
    expect([meta.bodyBytes, meta.chunkBytes, bodyOffset]).toEqual([
      vector.bodyBytes,
      vector.chunkBytes,
      vector.bodyOffset,
    ])
    expect(meta.chunkHashes.map(hex)).toEqual(vector.chunkHashes)
    expect([hex(signingInput(signed)), hex(signature)]).toEqual([vector.signingInput, vector.signature])
  })

  it('holds the hashes of its body, and the signature of its key', () => {
    const body = bytes.subarray(vector.bodyOffset)
    expect(chunkBytesFor(body.length)).toBe(vector.chunkBytes)
    expect(hashChunks(body, vector.chunkBytes).map(hex)).toEqual(vector.chunkHashes)
    expect(verifyPart(bytes, bytesOf(vectors.publicKey))).toBe(true)
  })

  it('makes these FLV tags', () => {
    expect(hex(concatBytes(flvTagsOf(readPart(bytes)).map(encodeFlvTag)))).toBe(vector.flv)
  })
})

describe.each(flv.tags)('the FLV tag: $name', ({ tag, bytes }) => {
  it('is written and read byte for byte', () => {
    const plain: FlvTag = {
      type: tag.type as FlvTag['type'],
      timestampMs: tag.timestampMs,
      data: bytesOf(tag.data),
    }
    expect(hex(encodeFlvTag(plain))).toBe(bytes)
    const [read] = new FlvParser().push(concatBytes([FLV_HEADER, bytesOf(bytes)]))
    expect(read && { ...read, data: hex(read.data) }).toEqual(tag)
  })
})

it.each(flv.videoHeaders)('the video header is understood: $name', ({ data, header }) => {
  expect(parseVideoHeader(bytesOf(data))).toEqual(header)
})

it.each(flv.audioHeaders)('the audio header is understood: $name', ({ data, header }) => {
  expect(parseAudioHeader(bytesOf(data))).toEqual(header)
})

it('the audio track has this configuration and init segment', () => {
  expect(hex(encodeAudioSpecificConfig(audio.config))).toBe(audio.audioSpecificConfig)
  expect(parseAudioSpecificConfig(bytesOf(audio.audioSpecificConfig))).toEqual(audio.config)
  expect(hex(encodeAacInit(audio.config, audio.bitrateKbps))).toBe(audio.init)
})
