import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  SMALL_AUDIO,
  SMALL_VIDEO,
  smallPart,
  smallSamples,
  TEST_PUBLIC_KEY,
  testSign,
} from '../tests/support/small-part.ts'
import { readBoxes } from './box.ts'
import { concatBytes } from './bytes.ts'
import { MediaError } from './media-error.ts'
import { encodePart } from './part-writer.ts'
import {
  assemblePart,
  encodeMeta,
  encodeMetaBox,
  MAX_CHUNK_BYTES,
  MIN_CHUNKS,
  parseMeta,
  parseSignedMeta,
  partIdOf,
  PARTS_PER_SEGMENT,
  readPart,
  runningNumber,
  runningNumberAt,
  splitSegment,
} from './part.ts'
import type { PartHeader } from './part.ts'
import { chunkBytesFor, signingInput, verifyPart } from './signature.ts'
import { syntheticHeader } from './synthetic-stream.ts'

const FIRST = 40
const FLIPS = [0x01, 0x80, 0xff]

const headers: fc.Arbitrary<PartHeader> = fc.record({
  program: fc.stringMatching(/^[a-z0-9]{8,32}$/),
  track: fc.stringMatching(/^[a-z0-9]{1,16}$/),
  msn: fc.nat({ max: 0xffffffff }),
  part: fc.nat({ max: PARTS_PER_SEGMENT - 1 }),
  independent: fc.boolean(),
  lastOfSegment: fc.boolean(),
  timescale: fc.integer({ min: 1, max: 0xffffffff }),
  mediaTime: fc.maxSafeNat(),
  duration: fc.nat({ max: 0xffffffff }),
  captureTimeMs: fc.nat({ max: 2 ** 41 }),
})

/** A META whose fields are what the test wants, signed as the origin would. */
function metaBox(
  change: Partial<PartHeader>,
  chunks = { bodyBytes: 0, chunkBytes: 0, count: 0 },
): Uint8Array {
  const { bodyBytes, chunkBytes, count } = chunks
  const chunkHashes = Array.from({ length: count }, () => new Uint8Array(16))
  const header = { ...syntheticHeader(SMALL_VIDEO, FIRST), ...change }
  const signed = encodeMeta({ header, bodyBytes, chunkBytes, chunkHashes })
  return encodeMetaBox(signed, testSign(signingInput(signed)))
}

describe('a part', () => {
  it('is read back with its header, and was signed by the origin', () => {
    const samples = smallSamples(SMALL_VIDEO, FIRST)
    fc.assert(
      fc.property(headers, (header) => {
        const { bytes } = encodePart({ header, samples, sign: testSign })
        expect(readPart(bytes)).toEqual({ header, bytes })
        expect(verifyPart(bytes, TEST_PUBLIC_KEY)).toBe(true)
      }),
      { numRuns: 25 },
    )
  })

  it('is a uuid, a prft, a moof and an mdat', () => {
    const types = readBoxes(smallPart(SMALL_VIDEO, FIRST).bytes).map(({ type }) => type)
    expect(types).toEqual(['uuid', 'prft', 'moof', 'mdat'])
  })

  it('is read where it lies in other bytes', () => {
    const { bytes } = smallPart(SMALL_AUDIO, FIRST)
    const inside = concatBytes([new Uint8Array(5), bytes]).subarray(5)
    expect(readPart(inside).header).toEqual(syntheticHeader(SMALL_AUDIO, FIRST))
    expect(verifyPart(inside, TEST_PUBLIC_KEY)).toBe(true)
  })

  it.each([10, 100, 5_000, 30_000])(
    'with samples of %i bytes has at least five chunks, none over 16 KiB',
    (sampleBytes) => {
      const { meta } = parseMeta(smallPart(SMALL_VIDEO, FIRST, sampleBytes).bytes)
      expect(meta.chunkHashes.length).toBeGreaterThanOrEqual(MIN_CHUNKS)
      expect(meta.chunkBytes).toBeLessThanOrEqual(MAX_CHUNK_BYTES)
      expect(meta.chunkBytes).toBe(chunkBytesFor(meta.bodyBytes))
    },
  )

  it('larger than 16 MiB is not written', () => {
    const samples = smallSamples(SMALL_VIDEO, FIRST).slice(0, 1)
    const large = samples.map((sample) => ({ ...sample, data: new Uint8Array(16 * 1024 * 1024) }))
    const header = syntheticHeader(SMALL_VIDEO, FIRST)
    expect(() => encodePart({ header, samples: large, sign: testSign })).toThrow('at most 1024')
  })
})

describe('verifyPart', () => {
  it.each([
    ['video', SMALL_VIDEO],
    ['audio', SMALL_AUDIO],
  ])('is false when any one byte of a part of %s has changed', (_, track) => {
    const { bytes } = smallPart(track, FIRST, 4)
    const passed: string[] = []
    for (let at = 0; at < bytes.length; at++) {
      const flip = FLIPS[at % FLIPS.length] ?? 1
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ flip
      if (verifyPart(changed, TEST_PUBLIC_KEY)) passed.push(`${at} ^ ${flip}`)
    }
    expect(passed).toEqual([])
    expect(verifyPart(bytes, TEST_PUBLIC_KEY)).toBe(true)
  })

  it('is false when bytes are missing or more follow', () => {
    const { bytes } = smallPart(SMALL_VIDEO, FIRST, 4)
    for (let length = 0; length < bytes.length; length++)
      expect(verifyPart(bytes.subarray(0, length), TEST_PUBLIC_KEY)).toBe(false)
    expect(verifyPart(concatBytes([bytes, new Uint8Array(1)]), TEST_PUBLIC_KEY)).toBe(false)
    expect(verifyPart(concatBytes([bytes, bytes]), TEST_PUBLIC_KEY)).toBe(false)
  })

  it('is false for the body of another part behind this META', () => {
    const [one, other] = [FIRST, FIRST + 8].map((k) => smallPart(SMALL_VIDEO, k).bytes)
    if (!one || !other) throw new Error('two parts')
    const spliced = concatBytes([
      one.subarray(0, parseMeta(one).bodyOffset),
      other.subarray(parseMeta(other).bodyOffset),
    ])
    expect(readPart(spliced).header.msn).toBe(5)
    expect(verifyPart(spliced, TEST_PUBLIC_KEY)).toBe(false)
  })

  it('is false for another key, and for what is no key', () => {
    const { bytes } = smallPart(SMALL_VIDEO, FIRST)
    for (const key of [
      Uint8Array.from(TEST_PUBLIC_KEY, (byte, at) => (at === 3 ? byte ^ 1 : byte)),
      new Uint8Array(32),
      new Uint8Array(31),
      new Uint8Array(0),
    ])
      expect(verifyPart(bytes, key)).toBe(false)
  })

  it('is false for chunks of another size, however they are signed', () => {
    const { bytes } = smallPart(SMALL_VIDEO, FIRST)
    const { meta, bodyOffset } = parseMeta(bytes)
    const signed = encodeMeta({
      ...meta,
      chunkBytes: meta.bodyBytes,
      chunkHashes: meta.chunkHashes.slice(0, 1),
    })
    const box = encodeMetaBox(signed, testSign(signingInput(signed)))
    expect(verifyPart(concatBytes([box, bytes.subarray(bodyOffset)]), TEST_PUBLIC_KEY)).toBe(false)
  })

  it('is false for a body of another length than META says, however it is signed', () => {
    const { bytes } = smallPart(SMALL_VIDEO, FIRST)
    const { meta, bodyOffset } = parseMeta(bytes)
    const bodyBytes = meta.bodyBytes - 1
    expect(chunkBytesFor(bodyBytes)).toBe(meta.chunkBytes)
    const signed = encodeMeta({ ...meta, bodyBytes })
    const box = encodeMetaBox(signed, testSign(signingInput(signed)))
    expect(verifyPart(concatBytes([box, bytes.subarray(bodyOffset)]), TEST_PUBLIC_KEY)).toBe(false)
  })

  it('does not take a signature over the bare META', () => {
    const { bytes } = smallPart(SMALL_VIDEO, FIRST)
    const { signed, bodyOffset } = parseMeta(bytes)
    const box = encodeMetaBox(signed, testSign(signed))
    expect(verifyPart(concatBytes([box, bytes.subarray(bodyOffset)]), TEST_PUBLIC_KEY)).toBe(false)
  })
})

describe('parseMeta', () => {
  it.each([
    ['a part that no segment has', metaBox({ part: PARTS_PER_SEGMENT })],
    ['a timescale of 0', metaBox({ timescale: 0 })],
    ['fewer chunks than the body needs', metaBox({}, { bodyBytes: 100, chunkBytes: 20, count: 4 })],
    ['chunks of no bytes', metaBox({}, { bodyBytes: 100, chunkBytes: 0, count: 5 })],
  ])('refuses %s', (_, bytes) => {
    expect(() => parseMeta(bytes)).toThrow(MediaError)
  })

  it('refuses bytes between the signature and the end of its box', () => {
    const { signed, signature } = parseMeta(metaBox({}))
    expect(() => parseMeta(encodeMetaBox(signed, concatBytes([signature, new Uint8Array(1)])))).toThrow(
      '1 bytes behind the signature',
    )
  })

  it('refuses a number of chunks before it makes them', () => {
    const box = metaBox({})
    box.set([0xff, 0xff], 8 + 16 + 3)
    expect(() => parseMeta(box)).toThrow('65535 chunks in a part, at most 1024')
  })

  it('refuses names longer than any', () => {
    expect(() => metaBox({ program: 'x'.repeat(65) })).toThrow('name of 65 bytes')
  })
})

describe('parseSignedMeta', () => {
  it('reads from the signed bytes what parseMeta reads from the part', () => {
    for (const track of [SMALL_VIDEO, SMALL_AUDIO]) {
      const { meta, signed } = parseMeta(smallPart(track, FIRST).bytes)
      expect(parseSignedMeta(signed)).toEqual(meta)
    }
  })

  it('refuses bytes that are missing, and bytes behind the last hash', () => {
    const { signed } = parseMeta(smallPart(SMALL_VIDEO, FIRST).bytes)
    for (let length = 0; length < signed.length; length++)
      expect(() => parseSignedMeta(signed.subarray(0, length))).toThrow(MediaError)
    expect(() => parseSignedMeta(concatBytes([signed, new Uint8Array(1)]))).toThrow(
      '1 bytes behind the chunk hashes',
    )
  })
})

describe('assemblePart', () => {
  const { bytes } = smallPart(SMALL_VIDEO, FIRST)
  const { signed, signature, bodyOffset } = parseMeta(bytes)
  const body = bytes.subarray(bodyOffset)

  it('makes of what a part was taken apart into the same bytes', () => {
    const pieces = [body.subarray(0, 7), body.subarray(7)]
    for (const whole of [assemblePart(signed, signature, body), assemblePart(signed, signature, pieces)]) {
      expect(whole).toEqual({ header: syntheticHeader(SMALL_VIDEO, FIRST), bytes })
      expect(verifyPart(whole.bytes, TEST_PUBLIC_KEY)).toBe(true)
    }
  })

  it.each([
    ['a body cut short', () => assemblePart(signed, signature, body.subarray(1))],
    ['a body with bytes behind it', () => assemblePart(signed, signature, [body, new Uint8Array(1)])],
    ['a signature cut short', () => assemblePart(signed, signature.subarray(1), body)],
    ['META cut short', () => assemblePart(signed.subarray(1), signature, body)],
  ])('refuses %s', (_, assemble) => {
    expect(assemble).toThrow(MediaError)
  })
})

describe('splitSegment', () => {
  const parts = Array.from({ length: PARTS_PER_SEGMENT }, (_, part) => smallPart(SMALL_VIDEO, FIRST + part))

  it('gives back the parts a segment is made of', () => {
    const split = splitSegment(concatBytes(parts.map(({ bytes }) => bytes)))
    expect(split).toEqual(parts)
    expect(split.every(({ bytes }) => verifyPart(bytes, TEST_PUBLIC_KEY))).toBe(true)
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    [
      'a part without its META',
      parts[0]?.bytes.subarray(parseMeta(parts[0].bytes).bodyOffset) ?? new Uint8Array(1),
    ],
    ['a part cut short', parts[0]?.bytes.subarray(0, -1) ?? new Uint8Array(1)],
  ])('refuses %s', (_, bytes) => {
    expect(() => splitSegment(bytes)).toThrow(MediaError)
  })
})

describe('running numbers', () => {
  it('count eight parts to a segment', () => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 34 }), (k) => {
        expect(runningNumber(partIdOf(k))).toBe(k)
      }),
    )
  })

  it('are the quarter second in which a sample starts', () => {
    expect([0, 11_999, 12_000, 480_000].map((time) => runningNumberAt(time, 48_000))).toEqual([0, 0, 1, 40])
    expect([38, 39, 40, 2999, 3000].map((time) => runningNumberAt(time, 3000 / 19))).toEqual([
      0, 0, 1, 75, 76,
    ])
  })

  it('are exact a hundred years from the start', () => {
    const seconds = 100 * 366 * 86_400
    expect(runningNumberAt(seconds * 90_000, 90_000)).toBe(seconds * 4)
    expect(runningNumberAt(seconds * 90_000 - 1, 90_000)).toBe(seconds * 4 - 1)
  })
})
