import { expect, it } from 'vitest'
import { addressHere, formatBytes, formatLength } from './recording-view.ts'

it('writes lengths as a clock does', () => {
  expect([0, 9_999, 61_000, 3_600_000, 36_061_500].map(formatLength)).toEqual([
    '0:00',
    '0:09',
    '1:01',
    '1:00:00',
    '10:01:01',
  ])
})

it('writes sizes in the unit that fits', () => {
  expect([0, 950, 212_236, 1_500_000, 740_000_000, 2.25e12].map(formatBytes)).toEqual([
    '0 kB',
    '0.9 kB',
    '212 kB',
    '1.5 MB',
    '740 MB',
    '2.3 TB',
  ])
})

it('asks the server by the name that the page was asked by', () => {
  expect(addressHere('https://other.example/api/v1/x.mp4?access=1.a')).toBe('/api/v1/x.mp4?access=1.a')
})
