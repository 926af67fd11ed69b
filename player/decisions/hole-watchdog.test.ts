import { describe, expect, it } from 'vitest'
import { findHole, HOLE_AGE_MS, watchHole } from './hole-watchdog.ts'

const span = (start: number, end: number) => ({ start, end })

describe('findHole', () => {
  it('sees a hole ahead of the playhead', () => {
    expect(findHole([span(40, 54.6), span(56, 60)], 50)).toEqual(span(54.6, 56))
  })

  it('does not look back', () => {
    expect(findHole([span(40, 44), span(46, 60)], 50)).toBeNull()
  })

  it('sees the hole the playhead stands in front of', () => {
    expect(findHole([span(40, 54.6), span(56, 60)], 54.62)).toEqual(span(54.6, 56))
  })

  it('lets rounding between fragments pass', () => {
    expect(findHole([span(40, 54.6), span(54.65, 60)], 50)).toBeNull()
  })
})

describe('watchHole', () => {
  const input = { buffered: [span(40, 54.6), span(56, 60)], currentTime: 50 }

  it('flushes only a hole that has stood for a while, then waits before flushing again', () => {
    const first = watchHole({ ...input, nowMs: 1000 }, null)
    expect(first.flushFromS).toBeNull()
    const second = watchHole({ ...input, nowMs: 1000 + HOLE_AGE_MS }, first.sighting)
    expect(second.flushFromS).toBe(54.6)
    expect(watchHole({ ...input, nowMs: 1100 + HOLE_AGE_MS }, second.sighting).flushFromS).toBeNull()
    expect(watchHole({ ...input, nowMs: 3000 + HOLE_AGE_MS }, second.sighting).flushFromS).toBe(54.6)
  })

  it('forgets a hole that closed by itself', () => {
    const first = watchHole({ ...input, nowMs: 1000 }, null)
    expect(
      watchHole({ buffered: [span(40, 60)], currentTime: 50, nowMs: 1200 }, first.sighting).sighting,
    ).toBeNull()
  })
})
