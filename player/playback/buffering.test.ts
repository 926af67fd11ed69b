import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Buffering, UNTOLD_MS } from './buffering.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function open(): { buffering: Buffering; told: boolean[] } {
  const told: boolean[] = []
  const buffering: Buffering = new Buffering(() => told.push(buffering.isTold))
  buffering.goOn()
  return { buffering, told }
}

describe('a wait for media', () => {
  it('is told from the start until the first picture', () => {
    expect(new Buffering(() => {}).isTold).toBe(true)
    expect(open().told).toEqual([false])
  })

  it('is not told where it is over soon', () => {
    const { buffering, told } = open()
    buffering.wait()
    vi.advanceTimersByTime(UNTOLD_MS - 1)
    buffering.goOn()
    vi.advanceTimersByTime(UNTOLD_MS)
    expect(told).toEqual([false])
  })

  it('is told once it is long, however often it begins, and its end too', () => {
    const { buffering, told } = open()
    buffering.wait()
    vi.advanceTimersByTime(UNTOLD_MS - 1)
    buffering.wait()
    vi.advanceTimersByTime(1)
    expect(told).toEqual([false, true])
    buffering.goOn()
    expect(told).toEqual([false, true, false])
  })

  it('tells nobody any more once it is closed', () => {
    const { buffering, told } = open()
    buffering.wait()
    buffering.close()
    expect(vi.getTimerCount()).toBe(0)
    expect(told).toEqual([false])
  })
})
