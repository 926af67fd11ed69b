import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MODES, type LatencyMode } from './latency-mode.ts'
import { chooseJump, choosePlaybackRate, chooseStartSeek, hasSlept, MAX_RATE, MIN_RATE } from './reserve.ts'

const modes = fc.constantFrom<LatencyMode>('continuity', 'low')

describe('choosePlaybackRate', () => {
  it('stays within 0.95 and 1.05 whatever the distance', () => {
    fc.assert(
      fc.property(
        modes,
        fc.double({ min: -5, max: 60, noNaN: true }),
        fc.double({ min: 0.9, max: 1.1, noNaN: true }),
        (mode, distanceS, rate) => {
          const next = choosePlaybackRate({ mode, distanceS, rate, heldDistanceS: null })
          expect(next).toBeGreaterThanOrEqual(MIN_RATE)
          expect(next).toBeLessThanOrEqual(MAX_RATE)
        },
      ),
    )
  })

  it('leaves the target alone', () => {
    for (const mode of ['continuity', 'low'] as const)
      expect(choosePlaybackRate({ mode, distanceS: MODES[mode].targetS, rate: 1, heldDistanceS: null })).toBe(
        1,
      )
  })

  it('settles at the target from any start without overshooting out of the tolerance', () => {
    fc.assert(
      fc.property(modes, fc.double({ min: 0.05, max: 14, noNaN: true }), (mode, start) => {
        let distanceS = start
        let rate = 1
        for (let step = 0; step < 6000; step++) {
          rate = choosePlaybackRate({ mode, distanceS, rate, heldDistanceS: null })
          distanceS -= (rate - 1) * 0.1
        }
        expect(Math.abs(distanceS - MODES[mode].targetS)).toBeLessThanOrEqual(MODES[mode].toleranceS + 0.01)
      }),
    )
  })

  it('plays slower after an outage has eaten the reserve', () => {
    expect(choosePlaybackRate({ mode: 'continuity', distanceS: 4.6, rate: 1, heldDistanceS: null })).toBe(
      MIN_RATE,
    )
    expect(choosePlaybackRate({ mode: 'continuity', distanceS: 8.5, rate: 1, heldDistanceS: null })).toBe(
      0.97,
    )
  })

  it('does not drag a viewer who went back towards live', () => {
    expect(choosePlaybackRate({ mode: 'continuity', distanceS: 21, rate: 1, heldDistanceS: 21 })).toBe(1)
  })

  it('keeps correcting until well inside the tolerance, then stops', () => {
    const at = (distanceS: number, rate: number): number =>
      choosePlaybackRate({ mode: 'continuity', distanceS, rate, heldDistanceS: null })
    expect(at(9.2, 1.03)).toBe(1.03)
    expect(at(9.2, 1)).toBe(1)
    expect(at(9.05, 1.03)).toBe(1)
    expect(at(9.2, 0.97)).toBe(1)
  })
})

describe('chooseStartSeek', () => {
  it('jumps only when clearly late and only into what is buffered', () => {
    expect(chooseStartSeek({ mode: 'low', distanceS: 1.1, bufferedAheadS: 1.1 })).toBe(0)
    expect(chooseStartSeek({ mode: 'low', distanceS: 2.9, bufferedAheadS: 2.9 })).toBeCloseTo(2)
    expect(chooseStartSeek({ mode: 'low', distanceS: 2.9, bufferedAheadS: 1.5 })).toBe(0)
  })
})

describe('chooseJump', () => {
  const base = { heldDistanceS: null, bufferedAheadS: 30, hasSlept: false }

  it('never jumps in continuity mode as long as what lies behind is kept', () => {
    for (const distanceS of [9, 12, 20, 33])
      expect(chooseJump({ ...base, mode: 'continuity', distanceS })).toBe(0)
    expect(chooseJump({ ...base, mode: 'continuity', distanceS: 40 })).toBeCloseTo(31)
  })

  it('jumps after a sleep, and once more than a second late in low mode where the buffer allows', () => {
    expect(chooseJump({ ...base, mode: 'continuity', distanceS: 30, hasSlept: true })).toBeCloseTo(21)
    expect(chooseJump({ ...base, mode: 'low', distanceS: 1.8 })).toBe(0)
    expect(chooseJump({ ...base, mode: 'low', distanceS: 3.9 })).toBeCloseTo(3)
    expect(chooseJump({ ...base, mode: 'low', distanceS: 3.9, bufferedAheadS: 1 })).toBe(0)
  })

  it('leaves a viewer who went back where he is', () => {
    expect(chooseJump({ ...base, mode: 'low', distanceS: 20, heldDistanceS: 20, hasSlept: true })).toBe(0)
  })
})

describe('hasSlept', () => {
  it('tells a stopped page from one that is only looked at once a minute', () => {
    expect(hasSlept({ wallS: 30, playedS: 0.4, isHidden: true })).toBe(true)
    expect(hasSlept({ wallS: 60, playedS: 60.2, isHidden: true })).toBe(false)
    expect(hasSlept({ wallS: 3, playedS: 0, isHidden: false })).toBe(false)
  })

  it('is not taken in by a playhead that has run through the buffer on waking', () => {
    expect(hasSlept({ wallS: 14, playedS: 9.5, isHidden: false })).toBe(true)
  })
})
