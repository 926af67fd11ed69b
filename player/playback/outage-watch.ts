/** Follows a room's outages for one viewer, and says what he is to be told now. */
import { NO_OUTAGES, noteRoom, type OutageLog } from '../decisions/outage-log.ts'
import { findOutage, nextNotice, type OutageFacts, type OutageNotice } from '../decisions/outage-notice.ts'
import type { RoomView } from '../room/room-view.ts'

export type SeenNow = Omit<OutageFacts, 'outages' | 'isRoomOver' | 'stillMs'> & {
  /** where the playhead is; null while nobody expects it to move */
  positionS: number | null
}

export class OutageWatch {
  #log: OutageLog = NO_OUTAGES
  #isRoomOver = false
  #notice: OutageNotice | null = null
  #moved: { positionS: number | null; atMs: number } = { positionS: null, atMs: 0 }

  get notice(): OutageNotice | null {
    return this.#notice
  }

  /** `serverNowMs`: the server's clock, for what comes without a time of its own. */
  setRoom(room: RoomView, serverNowMs: number): void {
    this.#log = noteRoom(this.#log, room, room.atMs ?? serverNowMs)
    this.#isRoomOver = room.state === 'ended'
  }

  /** True: nothing is left to be shown of a program that is over. */
  look({ positionS, ...seen }: SeenNow, nowMs: number): boolean {
    if (positionS === null || positionS !== this.#moved.positionS) this.#moved = { positionS, atMs: nowMs }
    const stillMs = nowMs - this.#moved.atMs
    const { outages } = this.#log
    const finding = findOutage({ ...seen, outages, isRoomOver: this.#isRoomOver, stillMs })
    this.#notice = nextNotice(this.#notice, finding, nowMs)
    return finding.kind === 'over'
  }

  /** A picture is no longer looked at: what was to be told of it is over. */
  clear(): void {
    this.#notice = null
  }
}
