import { describe, expect, it } from 'vitest'
import { SMALL_VIDEO, smallSamples, testSign } from '../tests/support/small-part.ts'
import { encodeAacInit, PROGRAM_AUDIO } from './aac.ts'
import { encodeBox, encodeFullBox, getBox, readBoxes } from './box.ts'
import { concatBytes, u32Bytes } from './bytes.ts'
import { parseFragment, parseInit } from './fragment.ts'
import type { Sample } from './fragment.ts'
import { MediaError } from './media-error.ts'
import { encodePart } from './part-writer.ts'
import { syntheticHeader } from './synthetic-stream.ts'

const FIRST = 40

function roundtrip(samples: readonly Sample[]): Sample[] {
  const header = { ...syntheticHeader(SMALL_VIDEO, FIRST), mediaTime: samples[0]?.time ?? 0 }
  const { bytes } = encodePart({ header, samples, sign: testSign })
  const moof = readBoxes(bytes).find(({ type }) => type === 'moof')
  return parseFragment(bytes.subarray(moof?.start, moof?.end), getBox(bytes, 'mdat').payload)
}

/** One traf; `trun` as given. */
function moofOf(trun: Uint8Array): Uint8Array {
  const tfhd = encodeFullBox('tfhd', {}, u32Bytes(1))
  return encodeBox('moof', encodeBox('traf', tfhd, encodeFullBox('tfdt', {}, u32Bytes(0)), trun))
}

describe('parseFragment', () => {
  const samples = smallSamples(SMALL_VIDEO, FIRST)

  it.each<[string, (sample: Sample, index: number) => Sample]>([
    ['one keyframe at the start', (sample) => sample],
    ['no keyframe', (sample) => ({ ...sample, keyframe: false })],
    ['keyframes alone', (sample) => ({ ...sample, keyframe: true })],
    ['a keyframe in the middle', (sample, index) => ({ ...sample, keyframe: index === 3 })],
    ['two keyframes', (sample, index) => ({ ...sample, keyframe: index % 3 === 0 })],
    ['sizes that differ', (sample, index) => ({ ...sample, data: new Uint8Array(index) })],
  ])('gives back the samples of a part with %s', (_, change) => {
    const changed = samples.map(change)
    expect(roundtrip(changed)).toEqual(changed)
  })

  it('gives back durations that differ', () => {
    let time = samples[0]?.time ?? 0
    const changed = samples.map((sample, index) => {
      const moved = { ...sample, time, duration: 500 + index }
      time += moved.duration
      return moved
    })
    expect(roundtrip(changed)).toEqual(changed)
  })

  it('keeps times above 32 bits', () => {
    const changed = samples.map((sample) => ({ ...sample, time: sample.time + 2 ** 40 }))
    expect(roundtrip(changed)).toEqual(changed)
  })

  it('refuses more samples than any fragment has before it makes them', () => {
    const trun = encodeFullBox('trun', {}, u32Bytes(0xffffffff))
    expect(() => parseFragment(moofOf(trun), new Uint8Array(0))).toThrow('at most 4096')
  })

  it('refuses samples that run over their mdat', () => {
    const trun = encodeFullBox('trun', { flags: 0x200 }, u32Bytes(2, 4, 5))
    expect(() => parseFragment(moofOf(trun), new Uint8Array(8))).toThrow('runs over its mdat')
    expect(parseFragment(moofOf(trun), new Uint8Array(9))).toHaveLength(2)
  })
})

describe('parseInit', () => {
  it('refuses what is no H.264', () => {
    expect(() => parseInit(encodeAacInit(PROGRAM_AUDIO, 128))).toThrow('no avc1 sample entry')
    expect(() => parseInit(new Uint8Array(0))).toThrow(MediaError)
  })

  it('refuses a timescale that nothing can be divided by', () => {
    const init = encodeAacInit({ ...PROGRAM_AUDIO }, 128)
    const mdhd = getBox(init, 'moov/trak/mdia/mdhd').payload
    mdhd.set(u32Bytes(0), 12)
    expect(() => parseInit(concatBytes([init]))).toThrow('timescale is 0')
  })
})
