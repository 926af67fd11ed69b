import { describe, expect, it } from 'vitest'
import { applyMessage, applyRoom, serverMessageSchema, UNKNOWN_ROOM, type RoomView } from './room-view.ts'

const live: RoomView = { ...UNKNOWN_ROOM, state: 'live', programId: 'k3v9q2m1', title: 'Hello' }

describe('applyMessage', () => {
  it('says interrupted, then live, at the publisher’s notices', () => {
    const gone = applyMessage(live, { type: 'publisher-interrupted' })
    expect(gone.state).toBe('interrupted')
    expect(applyMessage(gone, { type: 'publisher-reconnected' })).toEqual(live)
  })

  it('does not open an ended room again for a late notice', () => {
    const ended = applyMessage(live, { type: 'publisher-ended' })
    expect(applyMessage(ended, { type: 'publisher-reconnecting' }).state).toBe('ended')
  })

  it('keeps the program while the room says nothing of it, and drops it when idle', () => {
    expect(applyMessage(live, { type: 'room', state: 'interrupted' }).programId).toBe('k3v9q2m1')
    expect(applyMessage(live, { type: 'room', state: 'idle' }).programId).toBeNull()
  })
})

describe('applyRoom', () => {
  it('takes title and refusal from the answer', () => {
    const refusal = { code: 'codec', message: 'HEVC needs ffmpeg 6.1' }
    expect(applyRoom(UNKNOWN_ROOM, { room_id: 'abc', title: 'T', state: 'refused', refusal })).toMatchObject({
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
