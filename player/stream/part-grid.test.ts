import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { runningNumberAt } from '../../media/part.ts'
import { AUDIO_PART_TARGET_SEC, videoPartTargetSec } from '../../media/playlist/timing.ts'
import { gridOfPartTarget, segmentStartSec } from './part-grid.ts'

const targets = [24, 25, 30, 50, 60].map(videoPartTargetSec).concat(AUDIO_PART_TARGET_SEC)

describe('part grid', () => {
  it('puts the first sample of part k into part k, and no part is longer than the target', () => {
    fc.assert(
      fc.property(fc.constantFrom(...targets), fc.nat(1_000_000), (target, k) => {
        const grid = gridOfPartTarget(target)
        expect(runningNumberAt(grid.startOf(k), grid.timescale)).toBe(k)
        const seconds = (grid.startOf(k + 1) - grid.startOf(k)) / grid.timescale
        expect(seconds).toBeGreaterThan(0)
        expect(seconds).toBeLessThanOrEqual(target + 1e-9)
      }),
    )
  })

  it('knows 30 fps parts of seven and eight frames', () => {
    const grid = gridOfPartTarget(videoPartTargetSec(30))
    expect([0, 1, 2, 3, 4].map(grid.startOf)).toEqual([0, 24_000, 45_000, 69_000, 90_000])
    expect(segmentStartSec(grid, 5)).toBe(10)
  })

  it('falls back on quarter seconds for a rate it does not know', () => {
    expect(gridOfPartTarget(0.31).startOf(3)).toBe(67_500)
  })
})
