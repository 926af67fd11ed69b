import { describe, expect, it } from 'vitest'
import { applyMessage, applyRoom, serverMessageSchema, UNKNOWN_ROOM, type RoomView } from './room-view.ts'

const live: RoomView = { ...UNKNOWN_ROOM, state: 'live', programId: 'k3v9q2m1', title: 'Hello' }

describe('applyMessage', () => {
  it('says interrupted, then back, at the publisher’s notices', () => {
    const gone = applyMessage(live, { type: 'publisher-interrupted' }, 1000)
    expect(gone.state).toBe('interrupted')
    const back = applyMessage(gone, { type: 'publisher-reconnected' }, 5000)
    expect(back).toMatchObject({ state: 'live', backAtMs: 5000 })
  })

  it('notices a return that only the room’s state tells', () => {
    const gone = { ...live, state: 'interrupted' as const }
    expect(applyMessage(gone, { type: 'room', state: 'live', program_id: 'k3v9q2m1' }, 7000).backAtMs).toBe(
      7000,
    )
    expect(
      applyMessage(gone, { type: 'room', state: 'live', program_id: 'another1' }, 7000).backAtMs,
    ).toBeNull()
  })

  it('does not open an ended room again for a late notice', () => {
    const ended = applyMessage(live, { type: 'publisher-ended' }, 1)
    expect(applyMessage(ended, { type: 'publisher-reconnecting' }, 2).state).toBe('ended')
  })

  it('keeps the program while the room says nothing of it, and drops it when idle', () => {
    expect(applyMessage(live, { type: 'room', state: 'interrupted' }, 1).programId).toBe('k3v9q2m1')
    expect(applyMessage(live, { type: 'room', state: 'idle' }, 1).programId).toBeNull()
  })
})

describe('applyRoom', () => {
  it('takes title and refusal from the answer', () => {
    const refusal = { code: 'codec', message: 'HEVC needs ffmpeg 6.1' }
    expect(
      applyRoom(UNKNOWN_ROOM, { room_id: 'abc', title: 'T', state: 'refused', refusal }, 1),
    ).toMatchObject({
      state: 'refused',
      title: 'T',
      refusal,
    })
  })
})

describe('serverMessageSchema', () => {
  it('refuses states and types it does not know', () => {
    expect(serverMessageSchema.safeParse({ type: 'room', state: 'haunted' }).success).toBe(false)
    expect(serverMessageSchema.safeParse({ type: 'whatever' }).success).toBe(false)
    expect(
      serverMessageSchema.safeParse({ type: 'room', state: 'live', program_id: 'x', at: 5 }).success,
    ).toBe(true)
  })
})
