/** The view of one room, kept by signalling as long as the component lives. */
import { onScopeDispose, shallowRef, type ShallowRef } from 'vue'
import type { RoomChannel } from '../room/room-channel.ts'
import { Signalling } from '../room/signalling.ts'
import { UNKNOWN_ROOM, type RoomView } from '../room/room-view.ts'

export interface UseRoomOptions {
  baseUrl: string
  roomId: string
  role?: 'viewer' | 'publisher'
  token?: string | null
}

export function useRoom({ baseUrl, roomId, role = 'viewer', token = null }: UseRoomOptions): {
  room: ShallowRef<RoomView>
  isKnown: ShallowRef<boolean>
  isMissing: ShallowRef<boolean>
  channel: RoomChannel
} {
  const room = shallowRef<RoomView>(UNKNOWN_ROOM)
  const isKnown = shallowRef(false)
  const isMissing = shallowRef(false)
  const signalling = new Signalling({
    baseUrl,
    roomId,
    role,
    token,
    onView: (view) => {
      room.value = view
      isKnown.value = true
      isMissing.value = false
    },
    onMissing: () => (isMissing.value = true),
  })
  signalling.start()
  onScopeDispose(() => signalling.close())
  return { room, isKnown, isMissing, channel: signalling }
}
