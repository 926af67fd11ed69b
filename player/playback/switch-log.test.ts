import { describe, expect, it } from 'vitest'
import { SwitchLog } from './switch-log.ts'

describe('SwitchLog', () => {
  it('records changes, not beginnings or repetitions', () => {
    let now = 1000
    const log = new SwitchLog({ nowMs: () => now })
    log.observe(null, () => 0)
    log.observe('720p', () => 0)
    log.observe('720p', () => 0)
    expect(log.list()).toEqual([])
    log.observe('400p', () => 40)
    expect(log.list()).toEqual([{ at: 1000, from: '720p', to: '400p', gapMs: 40 }])
    now = 1900
    log.observe('400p', () => 0)
    expect(log.list()).toHaveLength(1)
  })

  it('judges a change by the largest gap until a moment after it', () => {
    let now = 0
    let gap = 33
    const log = new SwitchLog({ nowMs: () => now })
    log.observe('a', () => gap)
    log.observe('b', () => gap)
    gap = 120
    now = 1000
    expect(log.list()[0]?.gapMs).toBe(120)
    gap = 900
    now = 1600
    log.list()
    gap = 5000
    now = 9000
    expect(log.list()[0]?.gapMs).toBe(900)
  })

  it('keeps only the latest', () => {
    const log = new SwitchLog()
    for (let i = 0; i < 200; i++) log.observe(`r${i}`, () => 0)
    expect(log.list()).toHaveLength(50)
    expect(log.list().at(-1)?.to).toBe('r199')
  })
})
