import { describe, expect, it } from 'vitest'
import { isLowEnd, rankEngines, type Ability } from './ability.ts'

const desktop: Ability = { mediaSource: true, nativeHls: false, webRtc: true, saveData: false, memoryGb: 8 }

describe('rankEngines', () => {
  it('prefers hls.js where there is a media source', () => {
    expect(rankEngines(desktop, null)).toEqual(['hls', 'flv'])
    expect(rankEngines({ ...desktop, nativeHls: true }, null)[0]).toBe('hls')
  })

  it('plays natively where there is no media source', () => {
    expect(rankEngines({ ...desktop, mediaSource: false, nativeHls: true }, null)).toEqual(['native'])
  })

  it('plays natively on a low-end device that can, and with plain hls.js on one that cannot', () => {
    expect(rankEngines({ ...desktop, nativeHls: true, saveData: true }, null)[0]).toBe('native')
    expect(rankEngines({ ...desktop, memoryGb: 0.5 }, null)[0]).toBe('hls')
  })

  it('takes the viewer’s choice only when it can work', () => {
    expect(rankEngines(desktop, 'flv')[0]).toBe('flv')
    expect(rankEngines(desktop, 'native')[0]).toBe('hls')
  })

  it('says when nothing can play', () => {
    expect(rankEngines({ ...desktop, mediaSource: false }, null)).toEqual([])
  })
})

describe('isLowEnd', () => {
  it('counts data saving, missing WebRTC and little memory', () => {
    expect(isLowEnd(desktop)).toBe(false)
    expect(isLowEnd({ ...desktop, saveData: true })).toBe(true)
    expect(isLowEnd({ ...desktop, webRtc: false })).toBe(true)
    expect(isLowEnd({ ...desktop, memoryGb: 0.5 })).toBe(true)
    expect(isLowEnd({ ...desktop, memoryGb: null })).toBe(false)
  })
})
