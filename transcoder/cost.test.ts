import { describe, expect, it } from 'vitest'
import { admit, estimateCores, noticesOf, PRESETS } from './cost.ts'
import { chooseLadder, type LadderConfig } from './ladder.ts'

const CONFIG: LadderConfig = {
  renditions: [
    { name: '720p', height: 720, bitrateKbps: 1500 },
    { name: '400p', height: 400, bitrateKbps: 500 },
  ],
  sourceHeight: true,
}

const HD = { width: 1280, height: 720 }
const FULL_HD = { width: 1920, height: 1080 }

function ladder(source: { width: number; height: number }, frameRate = 30) {
  return chooseLadder({ ...source, frameRate }, CONFIG)
}

describe('the cost of a ladder', () => {
  it('of 720p30 is below half of two cores', () => {
    expect(estimateCores(HD, ladder(HD), 'veryfast')).toBeLessThan(1)
  })

  it('falls with each faster preset', () => {
    const costs = PRESETS.map((preset) => estimateCores(HD, ladder(HD), preset))
    expect(costs).toEqual([...costs].sort((a, b) => a - b))
    expect(new Set(costs).size).toBe(costs.length)
  })
})

describe('admission', () => {
  const capacity = { cores: 2, usedCores: 0, limitPercent: 65 }

  it('gives the wanted preset where it fits', () => {
    expect(admit(HD, ladder(HD), { preset: 'veryfast', capacity })?.preset).toBe('veryfast')
  })

  it('steps the preset down as far as needed, and no farther', () => {
    const cores = estimateCores(FULL_HD, ladder(FULL_HD), 'superfast') + 0.001
    const tight = { cores: 100, limitPercent: 65, usedCores: 65 - cores }
    expect(admit(FULL_HD, ladder(FULL_HD), { preset: 'medium', capacity: tight })).toMatchObject({
      preset: 'superfast',
    })
  })

  it('tells the streamer when it steps down, and only then', () => {
    expect(noticesOf('veryfast', 'veryfast')).toEqual([])
    expect(noticesOf('veryfast', 'ultrafast')).toEqual([
      { code: 'preset_lowered', message: expect.stringContaining('ultrafast instead of veryfast') },
    ])
  })

  it('never steps up', () => {
    expect(admit(HD, ladder(HD), { preset: 'ultrafast', capacity: { ...capacity, cores: 64 } })?.preset).toBe(
      'ultrafast',
    )
  })

  it('refuses what does not fit at the fastest preset, counting what runs already', () => {
    const busy = { ...capacity, usedCores: 1.2 }
    expect(admit(FULL_HD, ladder(FULL_HD, 60), { preset: 'veryfast', capacity: busy })).toBeNull()
  })

  it('never promises more than the limit', () => {
    for (let usedCores = 0; usedCores < 1.4; usedCores += 0.05) {
      const admission = admit(HD, ladder(HD), { preset: 'veryfast', capacity: { ...capacity, usedCores } })
      if (admission) expect(admission.cores + usedCores).toBeLessThanOrEqual(1.3)
    }
  })
})
