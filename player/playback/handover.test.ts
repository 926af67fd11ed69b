import { describe, expect, it } from 'vitest'
import { MEETING_LIMIT_MS, nextHandoverStep } from './handover.ts'

const ready = { newIsPlaying: true, newAheadS: 5, oldTimeS: 100, newTimeS: 100.05, waitedMs: 500 }

describe('nextHandoverStep', () => {
  it('waits until the new video plays', () => {
    expect(nextHandoverStep({ ...ready, newIsPlaying: false, waitedMs: 1e6 })).toEqual({ do: 'wait' })
  })

  it('swaps where the times have met', () => {
    expect(nextHandoverStep(ready)).toEqual({ do: 'swap' })
  })

  it('holds a new video that is ahead, and moves one that is behind', () => {
    expect(nextHandoverStep({ ...ready, newTimeS: 103 })).toEqual({ do: 'hold' })
    expect(nextHandoverStep({ ...ready, newTimeS: 98 })).toEqual({ do: 'skip', seconds: 2 })
    expect(nextHandoverStep({ ...ready, newTimeS: 98, newAheadS: 1 })).toEqual({ do: 'wait' })
  })

  it('swaps at once when a time is not known, and at last when they do not meet', () => {
    expect(nextHandoverStep({ ...ready, newTimeS: null })).toEqual({ do: 'swap' })
    expect(
      nextHandoverStep({ ...ready, newTimeS: 90, newAheadS: 0, waitedMs: MEETING_LIMIT_MS + 1 }),
    ).toEqual({ do: 'swap' })
  })
})
