/** What is remembered of a program's outages: the viewer is seconds behind, and sees them when the server has long forgotten. */

export interface Outage {
  /** the publisher was lost, ms since 1970 by the server's clock */
  sinceMs: number
  /** the slate stood in for him */
  hasSlate: boolean
  /** his picture was back; null while it is awaited */
  backMs: number | null
}

export interface OutageLog {
  programId: string | null
  /** oldest first */
  outages: readonly Outage[]
}

/** How the room is, as far as outages go. */
export interface RoomSighting {
  programId: string | null
  state: string
  sinceMs: number | null
  hasSlate: boolean
}

export const NO_OUTAGES: OutageLog = { programId: null, outages: [] }
const MAX_OUTAGES = 16
/** A loss is told of before its time is: the two differ by what it took to notice it. */
const SAME_MS = 2000

/** The log after the room was seen like this at `nowMs` (server's clock). */
export function noteRoom(log: OutageLog, room: RoomSighting, nowMs: number): OutageLog {
  const isSame = room.programId === null || log.programId === null || room.programId === log.programId
  const before = isSame ? log.outages : []
  const outages = room.state === 'live' ? closeLast(before, nowMs) : noteAbsence(before, room, nowMs)
  return { programId: room.programId ?? log.programId, outages: outages.slice(-MAX_OUTAGES) }
}

function closeLast(outages: readonly Outage[], backMs: number): readonly Outage[] {
  const last = outages.at(-1)
  return last?.backMs === null ? [...outages.slice(0, -1), { ...last, backMs }] : outages
}

function noteAbsence(outages: readonly Outage[], room: RoomSighting, nowMs: number): readonly Outage[] {
  const last = outages.at(-1)
  const isOpen = last?.backMs === null
  if (isOpen && (room.sinceMs ?? 0) < last.sinceMs + SAME_MS) {
    const sinceMs = Math.min(last.sinceMs, room.sinceMs ?? Infinity)
    return [...outages.slice(0, -1), { sinceMs, hasSlate: last.hasSlate || room.hasSlate, backMs: null }]
  }
  if (room.state !== 'interrupted' && room.sinceMs === null) return outages
  const sinceMs = room.sinceMs ?? nowMs
  // a return that nobody told of lies before the new absence
  return [...closeLast(outages, sinceMs), { sinceMs, hasSlate: room.hasSlate, backMs: null }]
}
