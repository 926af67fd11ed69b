import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { captureLog } from '../tests/support/log-lines.ts'
import { CountedWarn } from './flood-limiter.ts'

describe('CountedWarn', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('logs the first at once and counts the rest until the second is over', () => {
    const { logger, lines } = captureLog()
    const floods = new CountedWarn({ logger })
    for (let i = 0; i < 100; i++) floods.warn('bad-tag', { i }, 'bad tag')
    expect(lines()).toHaveLength(1)
    vi.advanceTimersByTime(1000)
    expect(lines()[1]).toMatchObject({ kind: 'bad-tag', times: 99, i: 99, msg: 'bad tag' })
    floods.close()
  })

  it('logs at once again after a quiet second, and has no timer while quiet', () => {
    const { logger, lines } = captureLog()
    const floods = new CountedWarn({ logger })
    floods.warn('a', {}, 'x')
    vi.advanceTimersByTime(1000)
    expect(vi.getTimerCount()).toBe(0)
    floods.warn('a', {}, 'x')
    expect(lines()).toHaveLength(2)
    floods.close()
  })

  it('counts kinds apart, and puts those over its bound together', () => {
    const { logger, lines } = captureLog()
    const floods = new CountedWarn({ logger })
    for (let i = 0; i < 1000; i++) floods.warn(`kind-${i}`, {}, 'x')
    expect(lines().length).toBeLessThan(300)
    floods.close()
    expect(lines().at(-1)).toMatchObject({ kind: 'other' })
  })

  it('reports what is counted when closed', () => {
    const { logger, lines } = captureLog()
    const floods = new CountedWarn({ logger })
    floods.warn('a', {}, 'x')
    floods.warn('a', {}, 'x')
    floods.close()
    expect(lines()[1]).toMatchObject({ times: 1 })
    expect(vi.getTimerCount()).toBe(0)
  })
})
