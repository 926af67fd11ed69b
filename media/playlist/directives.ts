/** Reads the delivery directives of a playlist request (RFC 8216bis, 6.2.5): what the answer has to wait for. */
import { PARTS_PER_SEGMENT, runningNumber } from '../part.ts'
import type { PartId } from '../part.ts'

export interface PlaylistState {
  /** Newest part of the track; null before the first. */
  head: PartId | null
  ended: boolean
  partTargetSec: number
}

export type DeliveryDirectives =
  /** Answer at once. `skip`: with a delta update. */
  | { kind: 'now'; skip: boolean }
  /** Answer when the track reaches this part. */
  | { kind: 'wait'; msn: number; part: number; skip: boolean }
  /** Answer 400 `bad_request`. */
  | { kind: 'refuse'; message: string }

/** A client knows of the segment after the newest at most; one more for a playlist that was cached on its way. */
const MAX_MSN_AHEAD = 2
const DECIMAL_INTEGER = /^\d{1,15}$/

/** Names that are not directives are ignored. Before the first part nothing is absurd: every request waits. */
export function parseDeliveryDirectives(query: URLSearchParams, state: PlaylistState): DeliveryDirectives {
  const skipValue = query.get('_HLS_skip')
  const skip = skipValue === 'YES' || skipValue === 'v2'
  if (state.ended) return { kind: 'now', skip }
  const msn = parseInteger(query.get('_HLS_msn'))
  const part = parseInteger(query.get('_HLS_part'))
  if (msn === 'malformed' || part === 'malformed')
    return { kind: 'refuse', message: '_HLS_msn and _HLS_part are decimal integers' }
  if (msn === null) {
    return part === null
      ? { kind: 'now', skip }
      : { kind: 'refuse', message: '_HLS_part comes with _HLS_msn' }
  }
  if (state.head === null) return { kind: 'wait', ...wantedPart(msn, part), skip }
  if (msn > state.head.msn + MAX_MSN_AHEAD)
    return { kind: 'refuse', message: `_HLS_msn ${msn}, newest is ${state.head.msn}` }
  const ahead = part === null ? 0 : runningNumber({ msn, part }) - runningNumber(state.head)
  const limit = advancePartLimit(state.partTargetSec)
  if (msn >= state.head.msn && ahead > limit)
    return {
      kind: 'refuse',
      message: `part ${msn}.${part} is ${ahead} ahead of the newest, at most ${limit}`,
    }
  const wanted = wantedPart(msn, part)
  const isThere = msn < state.head.msn || runningNumber(wanted) <= runningNumber(state.head)
  return isThere ? { kind: 'now', skip } : { kind: 'wait', ...wanted, skip }
}

/**
 * A whole segment is there once part 0 of the next is: before that it has no EXTINF. An index past the end of a segment means
 * that part too.
 */
function wantedPart(msn: number, part: number | null): PartId {
  return part === null || part >= PARTS_PER_SEGMENT ? { msn: msn + 1, part: 0 } : { msn, part }
}

/** RFC 8216bis, 6.2.5.2. */
function advancePartLimit(partTargetSec: number): number {
  return partTargetSec < 1 ? Math.ceil(3 / partTargetSec) : 3
}

function parseInteger(value: string | null): number | null | 'malformed' {
  if (value === null) return null
  return DECIMAL_INTEGER.test(value) ? Number(value) : 'malformed'
}
