import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MediaError } from '../../media/media-error.ts'
import type { Sample } from '../../media/fragment.ts'
import { PartCutter, type CutPart } from './part-cutter.ts'
import { silentPart } from './silent-part.ts'

function samplesFrom(first: number, count: number, duration: number): Sample[] {
  return Array.from({ length: count }, (_, index) => {
    const time = (first + index) * duration
    return { time, duration, keyframe: index === 0, data: Uint8Array.of(index & 0xff) }
  })
}

function cut(timescale: number, samples: readonly Sample[]): CutPart[] {
  const cutter = new PartCutter(timescale)
  return samples.flatMap((sample) => cutter.push(sample))
}

describe('parts', () => {
  it.each([
    [30, [8, 7]],
    [25, [7, 6]],
    [24, [6]],
    [50, [13, 12]],
    [60, [15]],
  ])('at %i fps have %j frames', (fps, counts) => {
    const parts = cut(512 * fps, samplesFrom(10 * fps, 4 * fps, 512))
    expect(parts.map(({ k }) => k)).toEqual(parts.map((_, index) => 40 + index))
    expect(new Set(parts.map(({ samples }) => samples.length))).toEqual(new Set(counts))
  })

  it('are complete with their last sample, without waiting for the next', () => {
    expect(cut(30 * 512, samplesFrom(300, 8, 512)).length).toBe(1)
    expect(cut(30 * 512, samplesFrom(300, 7, 512)).length).toBe(0)
  })

  it('hold each sample in its quarter second, wherever the samples begin', () => {
    const shape = fc.record({
      fps: fc.constantFrom(24, 25, 30, 50, 60),
      first: fc.integer({ min: 0, max: 1e6 }),
      count: fc.integer({ min: 1, max: 400 }),
    })
    fc.assert(
      fc.property(shape, ({ fps, first, count }) => {
        for (const { k, samples } of cut(512 * fps, samplesFrom(first, count, 512)))
          for (const { time } of samples) expect(Math.floor((4 * time) / (512 * fps))).toBe(k)
      }),
    )
  })

  it('are the same whichever encoder made them, from the first whole one on', () => {
    const all = cut(30 * 512, samplesFrom(300, 300, 512))
    for (const k of [43, 47, 50]) {
      const slot = Math.ceil((k * 30) / 4)
      const later = cut(30 * 512, samplesFrom(slot, 600 - slot, 512))
      expect(later.map((part) => [part.k, part.samples.map(({ time }) => time)])).toEqual(
        all.filter((part) => part.k >= k).map((part) => [part.k, part.samples.map(({ time }) => time)]),
      )
    }
  })

  it('of a begun part are forgotten at a reset', () => {
    const cutter = new PartCutter(30 * 512)
    for (const sample of samplesFrom(300, 3, 512)) cutter.push(sample)
    cutter.reset()
    const [part] = samplesFrom(308, 7, 512).flatMap((sample) => cutter.push(sample))
    expect(part).toMatchObject({ k: 41, samples: { length: 7 } })
  })

  it('do not grow without end', () => {
    const cutter = new PartCutter(1000)
    expect(() => {
      for (;;) cutter.push({ time: 0, duration: 0, keyframe: true, data: new Uint8Array(1) })
    }).toThrow(MediaError)
  })
})

it('cuts silence as it cuts sound', () => {
  const sound = cut(48_000, samplesFrom(469, 2000, 1024))
  for (const part of sound) {
    expect(silentPart(part.k).samples.map(({ time }) => time)).toEqual(part.samples.map(({ time }) => time))
  }
})
