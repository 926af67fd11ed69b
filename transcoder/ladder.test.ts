import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bitrateFor, chooseLadder, chooseRate, OUTPUT_RATES, type LadderConfig } from './ladder.ts'

const CONFIG: LadderConfig = {
  renditions: [
    { name: '400p', height: 400, bitrateKbps: 500 },
    { name: '720p', height: 720, bitrateKbps: 1500 },
  ],
  sourceHeight: true,
}

function ladderOf(width: number, height: number, frameRate: number | null = 30, config = CONFIG): string[] {
  return chooseLadder({ width, height, frameRate }, config).map(
    (rung) => `${rung.name} ${rung.width}x${rung.height} ${rung.bitrateKbps}`,
  )
}

describe('the ladder', () => {
  it('is the source’s height, then the configured rungs, highest first', () => {
    expect(ladderOf(1920, 1080)).toEqual([
      `1080p 1920x1080 ${bitrateFor(1080)}`,
      '720p 1280x720 1500',
      '400p 712x400 500',
    ])
    expect(ladderOf(1280, 720)).toEqual(['720p 1280x720 1500', '400p 712x400 500'])
  })

  it('goes by the shorter side of a portrait source', () => {
    expect(ladderOf(720, 1280)).toEqual(['720p 720x1280 1500', '400p 400x712 500'])
  })

  it('gives a source below every rung one of its own size', () => {
    expect(ladderOf(320, 240)).toEqual([`240p 320x240 ${bitrateFor(240)}`])
    expect(ladderOf(320, 240, 30, { ...CONFIG, sourceHeight: false })).toEqual([
      `240p 320x240 ${bitrateFor(240)}`,
    ])
  })

  it('has no rung of the source’s size where that is switched off', () => {
    expect(ladderOf(1920, 1080, 30, { ...CONFIG, sourceHeight: false })).toEqual([
      '720p 1280x720 1500',
      '400p 712x400 500',
    ])
  })

  it('makes odd sizes even, downwards', () => {
    expect(ladderOf(853, 481)[0]).toMatch(/^480p 85[02]x480 /)
    expect(ladderOf(641, 361)).toEqual([expect.stringMatching(/^360p 6(38|40)x360 /)])
  })

  it('spends more where there are more frames', () => {
    expect(ladderOf(1280, 720, 60)[0]).toBe('720p 1280x720 2100')
  })

  it('is never larger than the source, in proportion, even, in order, and named once', () => {
    const size = fc.integer({ min: 32, max: 4096 })
    fc.assert(
      fc.property(size, size, (width, height) => {
        const ladder = chooseLadder({ width, height, frameRate: 30 }, CONFIG)
        expect(ladder.length).toBeGreaterThan(0)
        expect(new Set(ladder.map(({ name }) => name)).size).toBe(ladder.length)
        for (const rung of ladder) {
          expect([rung.width % 2, rung.height % 2]).toEqual([0, 0])
          expect(Math.min(rung.width, rung.height)).toBeLessThanOrEqual(Math.min(width, height))
          expect(Math.max(rung.width, rung.height)).toBeLessThanOrEqual(Math.max(width, height))
          const longer = Math.max(rung.width, rung.height)
          const wanted =
            (Math.max(width, height) * Math.min(rung.width, rung.height)) / Math.min(width, height)
          expect(Math.abs(longer - wanted)).toBeLessThanOrEqual(2)
        }
        const heights = ladder.map((rung) => Math.min(rung.width, rung.height))
        expect(heights).toEqual([...heights].sort((a, b) => b - a))
      }),
    )
  })
})

describe('the output rate', () => {
  it.each([
    [24000 / 1001, 24],
    [24, 24],
    [25, 25],
    [30000 / 1001, 30],
    [30, 30],
    [50, 50],
    [60000 / 1001, 60],
    [60, 60],
    [15, 30],
    [12, 24],
    [10, 30],
    [12.5, 25],
    [27, 30],
    [40, 50],
    [144, 60],
    [null, 30],
    [0, 30],
  ])('of a source at %s is %i', (source, output) => {
    expect(chooseRate(source)).toBe(output)
  })

  it('is one with a whole number of frames in two seconds, whatever is announced', () => {
    fc.assert(fc.property(fc.double(), (rate) => void expect(OUTPUT_RATES).toContain(chooseRate(rate))))
  })
})
