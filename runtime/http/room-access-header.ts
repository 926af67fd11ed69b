/** How origins and shields tell edges who may have a room's media: everybody, or those with a viewer token. */
export type RoomAccess = 'public' | 'private'

/** Its value is a `RoomAccess`; on every answer of a room that exists. */
export const ROOM_ACCESS_HEADER = 'x-headwater-room-access'

/** Null for anything else. */
export function parseRoomAccess(value: string | string[] | undefined): RoomAccess | null {
  return value === 'public' || value === 'private' ? value : null
}
