import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SMALL_AUDIO, SMALL_VIDEO, smallPart, smallSamples } from '../../tests/support/small-part.ts'
import { videoInit } from '../../tests/support/video-init.ts'
import { encodeAacInit, PROGRAM_AUDIO } from '../aac.ts'
import { getBox, readBoxes } from '../box.ts'
import { ByteReader, concatBytes } from '../bytes.ts'
import { parseFragment, parseFragmentFacts, parseInit } from '../fragment.ts'
import { MediaError } from '../media-error.ts'
import { COVER_BYTES, encodeCover, encodeRecordingHeader } from './header.ts'
import { PlainMovie } from './plain-movie.ts'
import { retrackPart } from './retrack.ts'

const FIRST = 40
const INITS = [videoInit(), encodeAacInit(PROGRAM_AUDIO, 128)]
const TRACKS = [SMALL_VIDEO, SMALL_AUDIO]
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Video and audio of part k, as they stand in a recording that begins at `FIRST`. */
function fragmentsOf(k: number): Uint8Array[] {
  return TRACKS.map((track, index) =>
    retrackPart(smallPart(track, k).bytes, {
      trackId: index + 1,
      sequence: (k - FIRST) * 2 + index + 1,
      startTime: (FIRST * track.timescale) / 4,
    }),
  )
}

function splitFragment(fragment: Uint8Array): { moof: Uint8Array; mdat: Uint8Array } {
  const [moof] = readBoxes(fragment)
  return { moof: fragment.subarray(0, moof?.end), mdat: getBox(fragment, 'mdat').payload }
}

/** Fields of a table behind its version and flags. */
function fieldsOf(stbl: Uint8Array, type: string): number[] {
  const { payload } = getBox(stbl, type)
  const reader = new ByteReader(payload, 4)
  return Array.from({ length: (payload.length - 4) / 4 }, () => reader.u32())
}

describe('a part in a recording', () => {
  it('has the samples it was published with, under its own track and counted from the start', () => {
    fc.assert(
      fc.property(fc.integer({ min: FIRST, max: 1e6 }), fc.constantFrom(0, 1), (k, index) => {
        const track = TRACKS[index] ?? SMALL_VIDEO
        const { moof, mdat } = splitFragment(fragmentsOf(k)[index] ?? new Uint8Array())
        const startTime = (FIRST * track.timescale) / 4
        expect(parseFragmentFacts(moof).trackId).toBe(index + 1)
        expect(parseFragment(moof, mdat)).toEqual(
          smallSamples(track, k).map((sample) => ({ ...sample, time: sample.time - startTime })),
        )
      }),
    )
  })

  it('begins with its moof: META and prft stay behind', () => {
    const [video = new Uint8Array()] = fragmentsOf(FIRST)
    expect(readBoxes(video).map(({ type }) => type)).toEqual(['moof', 'mdat'])
    expect(hex(video.subarray(0, 24))).toBe(
      `${'000000'}${hex(video.subarray(3, 4))}6d6f6f66000000106d66686400000000${'00000001'}`,
    )
  })

  it('leaves the published bytes as they were', () => {
    const { bytes } = smallPart(SMALL_VIDEO, FIRST)
    const before = hex(bytes)
    retrackPart(bytes, { trackId: 2, sequence: 9, startTime: 1 })
    expect(hex(bytes)).toBe(before)
  })

  it('is refused when it begins before the recording, or is no part', () => {
    const { bytes } = smallPart(SMALL_VIDEO, FIRST)
    expect(() => retrackPart(bytes, { trackId: 1, sequence: 1, startTime: 1e9 })).toThrow(MediaError)
    expect(() => retrackPart(bytes.subarray(0, 40), { trackId: 1, sequence: 1, startTime: 0 })).toThrow(
      MediaError,
    )
  })
})

describe('the header', () => {
  const header = encodeRecordingHeader(INITS)
  const init = header.bytes.subarray(header.initOffset)

  it('is a movie of both tracks, which grows', () => {
    expect(readBoxes(header.bytes).map(({ type }) => type)).toEqual(['ftyp', 'free', 'moov'])
    expect(readBoxes(init).map(({ type }) => type)).toEqual(['ftyp', 'moov'])
    const children = readBoxes(getBox(init, 'moov').payload)
    expect(children.map(({ type }) => type)).toEqual(['mvhd', 'trak', 'trak', 'mvex'])
    const ids = children
      .filter(({ type }) => type === 'trak')
      .map(({ payload }) => new ByteReader(getBox(payload, 'tkhd').payload, 12).u32())
    expect(ids).toEqual([1, 2])
    expect(
      readBoxes(getBox(init, 'moov/mvex').payload).map(({ payload }) => new ByteReader(payload, 4).u32()),
    ).toEqual([1, 2])
    expect(parseInit(init)).toMatchObject({ timescale: 30 * 512, width: 1280, height: 720 })
  })

  it('takes one track alone', () => {
    const alone = encodeRecordingHeader(INITS.slice(1))
    expect(readBoxes(getBox(alone.bytes, 'moov').payload).filter(({ type }) => type === 'trak').length).toBe(
      1,
    )
  })

  it('is covered by an mdat up to the end of the fragments, byte for byte', () => {
    expect(hex(encodeCover(32, 0x1_0000_0020))).toBe('000000016d6461740000000100000000')
    expect(header.initOffset - header.coverOffset).toBe(COVER_BYTES)
  })
})

describe('the plain movie', () => {
  const header = encodeRecordingHeader(INITS)

  function record(parts: readonly number[]): { moov: Uint8Array; file: Uint8Array; durationMs: number } {
    const movie = new PlainMovie(header.bytes.subarray(header.initOffset))
    let at = header.bytes.length
    const chunks = [header.bytes]
    for (const fragment of parts.flatMap(fragmentsOf)) {
      const { moof, mdat } = splitFragment(fragment)
      movie.add(parseFragmentFacts(moof), at + moof.length + 8)
      expect(fragment.length).toBe(moof.length + 8 + mdat.length)
      chunks.push(fragment)
      at += fragment.length
    }
    return { moov: movie.encode(), file: concatBytes(chunks), durationMs: movie.durationMs }
  }

  const traksOf = (moov: Uint8Array): Uint8Array[] =>
    readBoxes(getBox(moov, 'moov').payload)
      .filter(({ type }) => type === 'trak')
      .map(({ payload }) => payload)

  it('points at every sample, in any number of parts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), (count) => {
        const ks = Array.from({ length: count }, (_, index) => FIRST + index)
        const { moov, file } = record(ks)
        traksOf(moov).forEach((trak, index) => {
          const track = TRACKS[index] ?? SMALL_VIDEO
          const stbl = getBox(trak, 'mdia/minf/stbl').payload
          const [, , ...sizes] = fieldsOf(stbl, 'stsz')
          const [, ...offsets] = fieldsOf(stbl, 'co64')
          const [, ...runs] = fieldsOf(stbl, 'stsc')
          const perChunk = offsets
            .filter((_, at) => at % 2 === 1)
            .map((offset, chunk) => {
              const run = Math.max(
                ...runs.filter((_, at) => at % 3 === 0).filter((first) => first <= chunk + 1),
              )
              return {
                offset,
                samples: runs[runs.findIndex((first, at) => at % 3 === 0 && first === run) + 1] ?? 0,
              }
            })
          const found: string[] = []
          for (const { offset, samples } of perChunk) {
            let at = offset
            for (let sample = 0; sample < samples; sample++) {
              const size = sizes[found.length] ?? 0
              found.push(hex(file.subarray(at, at + size)))
              at += size
            }
          }
          expect(found).toEqual(ks.flatMap((k) => smallSamples(track, k)).map(({ data }) => hex(data)))
        })
      }),
      { numRuns: 20 },
    )
  })

  it('says how long each sample is, and which are keyframes', () => {
    const { moov, durationMs } = record([40, 41, 42, 43, 44, 45, 46, 47, 48])
    const [video = new Uint8Array(), audio = new Uint8Array()] = traksOf(moov)
    const stbl = getBox(video, 'mdia/minf/stbl').payload
    expect(fieldsOf(stbl, 'stts')).toEqual([1, 68, 512])
    expect(fieldsOf(stbl, 'stss')).toEqual([2, 1, 61])
    expect(() => getBox(audio, 'mdia/minf/stbl/stss')).toThrow(MediaError)
    // The first audio frame of the timeline begins 256 samples after the first picture.
    expect(new ByteReader(getBox(audio, 'edts/elst').payload, 8).u32()).toBe(256)
    expect(() => getBox(video, 'edts')).toThrow(MediaError)
    expect(durationMs).toBeGreaterThanOrEqual(2250)
    expect(durationMs).toBeLessThan(2300)
  })

  it('lengthens the last sample before parts that are missing', () => {
    const { moov } = record([40, 48])
    const [video = new Uint8Array()] = traksOf(moov)
    const deltas = fieldsOf(getBox(video, 'mdia/minf/stbl').payload, 'stts')
    expect(deltas).toEqual([3, 7, 512, 1, 53 * 512, 8, 512])
  })
})
