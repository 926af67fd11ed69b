import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutAt, cuts, inPiecesOf } from '../tests/support/chunked.ts'
import { concatBytes } from './bytes.ts'
import { encodeFlvTag, FLV_HEADER, FlvParser } from './flv-stream.ts'
import type { FlvTag } from './flv-stream.ts'
import { MediaError } from './media-error.ts'

const anyTag: fc.Arbitrary<FlvTag> = fc.record({
  type: fc.constantFrom('audio', 'video', 'script'),
  timestampMs: fc.nat({ max: 0xffffffff }),
  data: fc.uint8Array({ maxLength: 300 }),
})

const encode = (tags: readonly FlvTag[]): Uint8Array => concatBytes([FLV_HEADER, ...tags.map(encodeFlvTag)])
const plain = (tags: readonly FlvTag[]): unknown[] => tags.map((tag) => ({ ...tag, data: [...tag.data] }))

/** Up to the last byte of DataSize and no further: what a size is refused by. */
const tagHeaderOf = (size: number): Uint8Array =>
  Uint8Array.of(9, size >> 16, (size >> 8) & 0xff, size & 0xff, 0, 0, 0, 0, 0, 0, 0)

describe('FlvParser', () => {
  it('reads back what was written, however the bytes arrive', () => {
    fc.assert(
      fc.property(fc.array(anyTag, { maxLength: 8 }), cuts, (tags, fractions) => {
        const parser = new FlvParser()
        const read = cutAt(encode(tags), fractions).flatMap((chunk) => parser.push(chunk))
        expect(plain(read)).toEqual(plain(tags))
      }),
    )
  })

  it('reads one byte at a time', () => {
    const tags: FlvTag[] = [{ type: 'audio', timestampMs: 23, data: Uint8Array.of(0xaf, 1, 5) }]
    const parser = new FlvParser()
    expect(plain(inPiecesOf(encode(tags), 1).flatMap((chunk) => parser.push(chunk)))).toEqual(plain(tags))
  })

  it.each([0, 0xffffff, 0x1000000, 0x7fffffff, 0x80000000, 0xffffffff])(
    'keeps all 32 bits of the timestamp %i',
    (timestampMs) => {
      const [tag] = new FlvParser().push(encode([{ type: 'video', timestampMs, data: new Uint8Array(1) }]))
      expect(tag?.timestampMs).toBe(timestampMs)
    },
  )

  it('passes over reserved tag types', () => {
    const reserved = encodeFlvTag({ type: 'audio', timestampMs: 0, data: Uint8Array.of(1, 2) })
    reserved[0] = 15
    const kept: FlvTag = { type: 'video', timestampMs: 1, data: Uint8Array.of(3) }
    const tags = new FlvParser().push(concatBytes([FLV_HEADER, reserved, encodeFlvTag(kept)]))
    expect(plain(tags)).toEqual(plain([kept]))
  })

  it('hands out data that later chunks do not change', () => {
    const parser = new FlvParser()
    const chunk = encode([{ type: 'video', timestampMs: 0, data: Uint8Array.of(1, 2, 3) }])
    const [tag] = parser.push(chunk)
    chunk.fill(0)
    parser.push(encodeFlvTag({ type: 'video', timestampMs: 1, data: new Uint8Array(100_000) }))
    expect([...(tag?.data ?? [])]).toEqual([1, 2, 3])
  })

  it('refuses what does not begin with the signature', () => {
    expect(() => new FlvParser().push(new Uint8Array(13))).toThrow(MediaError)
    expect(new FlvParser().push(new Uint8Array(12))).toEqual([])
  })

  it('refuses a tag by its size before it has come', () => {
    const parser = new FlvParser({ maxTagBytes: 1000 })
    parser.push(FLV_HEADER)
    expect(() => parser.push(tagHeaderOf(1001))).toThrow('tag of 1001 bytes, at most 1000')
    const other = new FlvParser({ maxTagBytes: 1000 })
    other.push(FLV_HEADER)
    expect(other.push(tagHeaderOf(1000))).toEqual([])
  })

  it('costs what arrives: 8 MB in pieces of 1 KB take no longer than a few copies', () => {
    const tag: FlvTag = { type: 'video', timestampMs: 0, data: new Uint8Array(8_000_000) }
    const parser = new FlvParser()
    const startedAt = performance.now()
    const tags = inPiecesOf(encode([tag]), 1024).flatMap((chunk) => parser.push(chunk))
    // 20 ms here; 6 s when each piece copies all before it.
    expect(performance.now() - startedAt).toBeLessThan(3000)
    expect(tags[0]?.data.length).toBe(8_000_000)
  })
})
