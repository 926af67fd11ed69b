import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutAt, cuts, inPiecesOf } from '../tests/support/chunked.ts'
import { SMALL_VIDEO, smallPart, smallSamples } from '../tests/support/small-part.ts'
import { encodeAacInit, PROGRAM_AUDIO } from './aac.ts'
import { encodeBox } from './box.ts'
import { concatBytes, u32Bytes } from './bytes.ts'
import { FragmentStream } from './fragment-stream.ts'
import type { FragmentEvent } from './fragment-stream.ts'
import { MediaError } from './media-error.ts'

const INIT = encodeAacInit(PROGRAM_AUDIO, 128)
const NUMBERS = [40, 41, 42]

function read(chunks: readonly Uint8Array[]): FragmentEvent[] {
  const stream = new FragmentStream()
  return chunks.flatMap((chunk) => stream.push(chunk))
}

describe('FragmentStream', () => {
  it('gives the init segment and all samples, however the bytes arrive', () => {
    const parts = NUMBERS.map((k) => smallPart(SMALL_VIDEO, k).bytes)
    const stream = concatBytes([INIT, ...parts])
    const expected = NUMBERS.map((k) => ({ kind: 'samples', samples: smallSamples(SMALL_VIDEO, k) }))
    fc.assert(
      fc.property(cuts, (fractions) => {
        const [init, ...fragments] = read(cutAt(stream, fractions))
        expect(init).toEqual({ kind: 'init', bytes: INIT })
        expect(fragments).toEqual(expected)
      }),
      { numRuns: 30 },
    )
  })

  it('passes over boxes that say nothing it needs', () => {
    expect(read([encodeBox('styp', new Uint8Array(8)), encodeBox('sidx'), encodeBox('free')])).toEqual([])
  })

  it.each([
    ['a moov before its ftyp', encodeBox('moov')],
    ['an mdat before its moof', encodeBox('mdat')],
    ['a moof without a traf', concatBytes([encodeBox('moof'), encodeBox('mdat')])],
    ['a box smaller than its header', u32Bytes(7, 0)],
  ])('refuses %s', (_, bytes) => {
    expect(() => read([bytes])).toThrow(MediaError)
  })

  it('refuses a box by its size before it has come', () => {
    const limit = 32 * 1024 * 1024
    expect(() => read([u32Bytes(limit + 1, 0x6d646174)])).toThrow(MediaError)
    expect(read([u32Bytes(limit, 0x6d646174)])).toEqual([])
  })

  it('costs what arrives: 8 MB in pieces of 1 KB take no longer than a few copies', () => {
    const startedAt = performance.now()
    read(inPiecesOf(encodeBox('free', new Uint8Array(8_000_000)), 1024))
    // 12 ms here; 4 s when each piece copies all before it.
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })
})
