import { describe, expect, it } from 'vitest'
import { NO_OUTAGES, noteRoom, type OutageLog, type RoomSighting } from './outage-log.ts'

const live: RoomSighting = { programId: 'p', state: 'live', sinceMs: null, hasSlate: false }
const gone = (sinceMs: number, hasSlate = false): RoomSighting => {
  return { programId: 'p', state: 'interrupted', sinceMs, hasSlate }
}
const after = (...seen: [RoomSighting, number][]): OutageLog =>
  seen.reduce((log, [room, nowMs]) => noteRoom(log, room, nowMs), NO_OUTAGES)

describe('noteRoom', () => {
  it('opens an outage, remembers its slate, and closes it when the room is live', () => {
    expect(after([live, 1], [gone(100), 101], [gone(100, true), 4100], [live, 9000]).outages).toEqual([
      { sinceMs: 100, hasSlate: true, backMs: 9000 },
    ])
  })

  it('notices a return that it was not told of', () => {
    expect(after([gone(100), 101], [gone(7000), 7001]).outages).toEqual([
      { sinceMs: 100, hasSlate: false, backMs: 7000 },
      { sinceMs: 7000, hasSlate: false, backMs: null },
    ])
  })

  it('keeps an outage open through the end, and through what says nothing of it', () => {
    const ended = { ...live, state: 'ended' }
    expect(after([gone(100, true), 101], [ended, 500], [{ ...ended, state: 'idle' }, 600]).outages).toEqual([
      { sinceMs: 100, hasSlate: true, backMs: null },
    ])
  })

  it('forgets with the program', () => {
    expect(after([gone(100), 101], [{ ...live, programId: 'q' }, 200]).outages).toEqual([])
  })

  it('takes the time of the notice where none is said, and is bounded', () => {
    expect(after([{ ...gone(0), sinceMs: null }, 77]).outages).toMatchObject([{ sinceMs: 77 }])
    const many = Array.from({ length: 50 }, (_, i): [RoomSighting, number] => [gone(i * 1000), i * 1000])
    expect(after(...many).outages).toHaveLength(16)
  })
})
