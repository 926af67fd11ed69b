import { describe, expect, it } from 'vitest'
import { IDLE } from '../../tests/support/memory-live-rooms.ts'
import type { LiveFacts, RoomState } from '../program/live-rooms.ts'
import { observe, presenceOf, roomMessage } from './messages.ts'

describe('observe', () => {
  it.each<[RoomState[], (string | null)[]]>([
    [
      ['starting', 'live'],
      [null, null],
    ],
    [
      ['live', 'interrupted', 'live'],
      [null, 'publisher-interrupted', 'publisher-reconnected'],
    ],
    [
      ['live', 'interrupted', 'starting', 'live'],
      [null, 'publisher-interrupted', 'publisher-reconnecting', 'publisher-reconnected'],
    ],
    [
      ['live', 'interrupted', 'starting', 'interrupted', 'ended'],
      [null, 'publisher-interrupted', 'publisher-reconnecting', 'publisher-interrupted', 'publisher-ended'],
    ],
    [
      ['interrupted', 'ended', 'starting', 'live'],
      ['publisher-interrupted', 'publisher-ended', null, null],
    ],
    [
      ['starting', 'refused', 'starting', 'live'],
      [null, null, null, null],
    ],
    [
      ['live', 'live'],
      [null, null],
    ],
  ])('says of %j: %j', (states, events) => {
    let presence = presenceOf(IDLE)
    const said = states.map((state) => {
      const outcome = observe(presence, { ...IDLE, state })
      presence = outcome.presence
      return outcome.event
    })
    expect(said).toEqual(events)
  })

  it('sees a change in a new program of the same state, and none in new facts alone', () => {
    const before = presenceOf({ ...IDLE, state: 'live', programId: 'a' })
    expect(observe(before, { ...IDLE, state: 'live', programId: 'b' }).isChange).toBe(true)
    expect(observe(before, { ...IDLE, state: 'live', programId: 'a', startedAtMs: 5 }).isChange).toBe(false)
  })

  it('sees a change in the slate that begins, and says since when the publisher is gone', () => {
    const gone: LiveFacts = { ...IDLE, state: 'interrupted', programId: 'a', interruptedAtMs: 5000 }
    const slate: LiveFacts = { ...gone, sources: [{ kind: 'slate', active: true, healthy: true }] }
    expect(observe(presenceOf(gone), slate)).toMatchObject({ isChange: true, event: null })
    expect(roomMessage(gone, 6000)).toMatchObject({ since: 5000, slate: false })
    expect(roomMessage(slate, 9000)).toMatchObject({ state: 'interrupted', since: 5000, slate: true })
  })
})
