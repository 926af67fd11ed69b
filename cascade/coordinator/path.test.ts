import { describe, expect, it } from 'vitest'
import { countStripes } from '../frame/frame.ts'
import { associationKbps, divideStripes, estimateRttMs, stripesCarried } from './path.ts'

describe('associationKbps', () => {
  it.each([
    [20, 0.01, 5700],
    [40, 0.01, 2850],
    [40, 0.02, 2000],
    [80, 0.01, 1400],
  ])('is what was measured at %i ms and %f loss: %i kbit/s', (rttMs, loss, kbps) => {
    expect(associationKbps(rttMs, loss) / kbps).toBeCloseTo(1, 1)
  })
})

describe('stripesCarried', () => {
  it('takes the whole of a stream over a clean path and little of it over a lossy, long one', () => {
    expect(stripesCarried(40, 0, 2000)).toBe(5)
    expect(stripesCarried(40, 0.01, 2000)).toBe(4)
    expect(stripesCarried(80, 0.01, 4000)).toBe(1)
    expect(stripesCarried(300, 0.1, 4000)).toBe(0)
  })
})

describe('estimateRttMs', () => {
  it('takes the longer way of two that never met, half of it on one network, and a usual one for the unknown', () => {
    const a = { rttMs: 30, locality: 'a' }
    expect(estimateRttMs(a, { rttMs: 90, locality: 'b' })).toBe(90)
    expect(estimateRttMs(a, { rttMs: 90, locality: 'a' })).toBe(45)
    expect(estimateRttMs({ rttMs: null, locality: '' }, { rttMs: 10, locality: '' })).toBe(80)
  })
})

describe('divideStripes', () => {
  it.each<[number[], number[]]>([
    [[5], [0b11111]],
    [
      [5, 5],
      [0b01111, 0b10000],
    ],
    [
      [5, 5, 5],
      [0b01111, 0b10000, 0],
    ],
    [
      [3, 5],
      [0b00111, 0b11000],
    ],
    [
      [2, 1, 5],
      [0b00011, 0b00100, 0b11000],
    ],
    [
      [5, 0],
      [0b11111, 0],
    ],
    [[1], [0b11111]],
    [[], []],
  ])('divides among parents that carry %j', (carried, masks) => {
    expect(divideStripes(carried)).toEqual(masks)
  })

  it('asks nobody for more than there is room for', () => {
    expect(divideStripes([2], 3).map(countStripes)).toEqual([3])
  })
})
