import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chooseRendition, startRendition, type RenditionInput } from './choose-rendition.ts'

const renditions = [
  { name: '1080p', height: 1080, bitrateKbps: 4500 },
  { name: '720p', height: 720, bitrateKbps: 1500 },
  { name: '400p', height: 400, bitrateKbps: 500 },
]
const calm: RenditionInput = {
  renditions,
  current: '720p',
  estimateKbps: 20_000,
  reserveShare: 1,
  displayHeight: null,
  sinceSwitchMs: 60_000,
  sinceFallMs: Infinity,
}

describe('chooseRendition', () => {
  it('goes up one rung when the network carries it comfortably', () => {
    expect(chooseRendition(calm)).toBe('1080p')
    expect(chooseRendition({ ...calm, current: '400p' })).toBe('720p')
  })

  it('goes up slowly, and slower still after a fall', () => {
    expect(chooseRendition({ ...calm, sinceSwitchMs: 5000 })).toBe('720p')
    expect(chooseRendition({ ...calm, sinceSwitchMs: 20_000, sinceFallMs: 20_000 })).toBe('720p')
    expect(chooseRendition({ ...calm, sinceSwitchMs: 31_000, sinceFallMs: 31_000 })).toBe('1080p')
  })

  it('goes down at once, as far as needed', () => {
    expect(chooseRendition({ ...calm, current: '1080p', estimateKbps: 3000, sinceSwitchMs: 3000 })).toBe(
      '720p',
    )
    expect(chooseRendition({ ...calm, current: '1080p', estimateKbps: 900 })).toBe('400p')
    expect(chooseRendition({ ...calm, current: '1080p', estimateKbps: 100 })).toBe('400p')
  })

  it('does not load more than the screen shows', () => {
    expect(chooseRendition({ ...calm, displayHeight: 400, current: '400p' })).toBe('400p')
    expect(chooseRendition({ ...calm, displayHeight: 500, current: '400p' })).toBe('720p')
    expect(chooseRendition({ ...calm, displayHeight: 720 })).toBe('720p')
  })

  it('keeps what plays while nothing is measured', () => {
    expect(chooseRendition({ ...calm, estimateKbps: null })).toBe('720p')
  })

  it('always names a rendition that exists, and never rises by more than one rung', () => {
    const order = ['400p', '720p', '1080p']
    fc.assert(
      fc.property(
        fc.constantFrom(...order),
        fc.option(fc.integer({ min: 0, max: 50_000 }), { nil: null }),
        fc.double({ min: 0, max: 2, noNaN: true }),
        fc.integer({ min: 0, max: 100_000 }),
        (current, estimateKbps, reserveShare, sinceSwitchMs) => {
          const next = order.indexOf(
            chooseRendition({ ...calm, current, estimateKbps, reserveShare, sinceSwitchMs }),
          )
          expect(next).toBeGreaterThanOrEqual(0)
          expect(next - order.indexOf(current)).toBeLessThanOrEqual(1)
        },
      ),
    )
  })
})

describe('startRendition', () => {
  it('begins in the middle, or where the network is known to carry it', () => {
    expect(startRendition(renditions, null, null)).toBe('720p')
    expect(startRendition(renditions, 20_000, null)).toBe('1080p')
    expect(startRendition(renditions, 600, null)).toBe('400p')
  })

  it('begins no higher than the screen needs', () => {
    expect(startRendition(renditions, 20_000, 360)).toBe('400p')
    expect(startRendition(renditions, 20_000, 640)).toBe('720p')
  })
})
