import { describe, expect, it } from 'vitest'
import { SMALL_AUDIO, SMALL_VIDEO, smallPart } from '../tests/support/small-part.ts'
import { concatBytes } from '../media/bytes.ts'
import { MediaError } from '../media/media-error.ts'
import { assemblePart, encodeMeta, encodeMetaBox, MAX_CHUNK_BYTES, parseMeta } from '../media/part.ts'
import type { Part } from '../media/part.ts'
import { chunkRange, cutChunks, stripeOf } from './chunk.ts'
import { MAX_PART_CHUNKS, STRIPES } from './frame/frame.ts'

const FIRST = 40
const PARTS: [string, Part][] = [
  ['a small part of video', smallPart(SMALL_VIDEO, FIRST)],
  ['a part of audio', smallPart(SMALL_AUDIO, FIRST)],
  ['a part of more than five chunks', smallPart(SMALL_VIDEO, FIRST, 20_000)],
]

/** A part of that many chunks, as META has it; unsigned. */
function partOf(chunks: number): Part {
  const { meta } = parseMeta(smallPart(SMALL_VIDEO, FIRST).bytes)
  const bodyBytes = chunks * MAX_CHUNK_BYTES
  const chunkHashes = Array.from({ length: chunks }, () => new Uint8Array(16))
  const signed = encodeMeta({ header: meta.header, bodyBytes, chunkBytes: MAX_CHUNK_BYTES, chunkHashes })
  const bytes = concatBytes([encodeMetaBox(signed, new Uint8Array(64)), new Uint8Array(bodyBytes)])
  return { header: meta.header, bytes }
}

describe.each(PARTS)('%s', (_, part) => {
  it('in chunks and put together again is the same bytes', () => {
    const { signed, signature, chunks } = cutChunks(part)
    expect(assemblePart(signed, signature, chunks)).toEqual(part)
  })

  it('is cut where META hashes it, without a copy', () => {
    const { meta, chunks, signed, signature } = cutChunks(part)
    const body = part.bytes.subarray(parseMeta(part.bytes).bodyOffset)
    chunks.forEach((chunk, index) => {
      const { start, end } = chunkRange(meta, index)
      expect(chunk).toEqual(body.subarray(start, end))
    })
    expect([...chunks, signed, signature].every((bytes) => bytes.buffer === part.bytes.buffer)).toBe(true)
    expect(chunkRange(meta, chunks.length)).toEqual({ start: meta.bodyBytes, end: meta.bodyBytes })
  })

  it('gives every stripe something', () => {
    const { chunks } = cutChunks(part)
    const stripes = new Set(chunks.map((_, chunk) => stripeOf(FIRST, chunk)))
    expect(stripes.size).toBe(STRIPES)
  })
})

describe('cutChunks', () => {
  it('takes a part of 4 MiB, and none that is larger', () => {
    expect(cutChunks(partOf(MAX_PART_CHUNKS)).chunks).toHaveLength(MAX_PART_CHUNKS)
    expect(() => cutChunks(partOf(MAX_PART_CHUNKS + 1))).toThrow(MediaError)
  })

  it('refuses a part whose body is not whole', () => {
    const part = smallPart(SMALL_VIDEO, FIRST)
    expect(() => cutChunks({ ...part, bytes: part.bytes.subarray(0, -1) })).toThrow(MediaError)
  })
})

describe('stripeOf', () => {
  it('deals the same chunk of successive parts to one stripe after the other', () => {
    const stripes = Array.from({ length: 6 }, (_, at) => stripeOf(FIRST + at, 2))
    expect(stripes).toEqual([2, 3, 4, 0, 1, 2])
  })
})
