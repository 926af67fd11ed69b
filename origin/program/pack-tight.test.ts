import fc from 'fast-check'
import { expect, it } from 'vitest'
import { packTight } from './pack-tight.ts'

const FRAME_MS = 40

it('shows frames a millisecond apart, the newest as the reference', () => {
  const tight = packTight([0, 40, 80].map((ms) => ({ dtsMs: 1000 + ms, ptsMs: 1000 + ms })))
  expect(tight.frames.map(({ ptsMs }) => ptsMs)).toEqual([-2, -1, 0])
  expect(tight).toMatchObject({ referencePtsMs: 1080, tightCount: 3, delayMs: 0 })
})

it('leaves room for frames that are yet to come between two that are there', () => {
  // I P B B, cut after the P: its two B-frames are shown before it.
  const times = [
    { dtsMs: 0, ptsMs: 40 },
    { dtsMs: 40, ptsMs: 160 },
  ]
  expect(packTight(times)).toMatchObject({
    referencePtsMs: 40,
    tightCount: 1,
    frames: [{ ptsMs: 0 }, { ptsMs: 120 }],
  })
})

it('shows a keyframe alone where it is', () => {
  expect(packTight([{ dtsMs: 500, ptsMs: 580 }])).toMatchObject({ referencePtsMs: 580, delayMs: 0 })
})

it('keeps the order of showing, and shows nothing before it is decoded', () => {
  const gop = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(gop, (compositions) => {
      const times = compositions.map((frames, index) => {
        const dtsMs = index * FRAME_MS
        return { dtsMs, ptsMs: dtsMs + frames * FRAME_MS + (index % 7) }
      })
      const { frames, delayMs } = packTight(times)
      frames.forEach((a, index) => {
        expect(a.ptsMs + delayMs).toBeGreaterThanOrEqual(a.dtsMs)
        frames.forEach((b, other) => {
          if ((times[index]?.ptsMs ?? 0) < (times[other]?.ptsMs ?? 0)) expect(a.ptsMs).toBeLessThan(b.ptsMs)
        })
      })
    }),
  )
})
