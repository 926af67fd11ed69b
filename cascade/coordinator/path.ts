/** What a path between two peers can carry, how far they are from each other, and how stripes are divided among paths. */
import { STRIPES } from '../frame/frame.ts'

/** Bytes of a packet that are ours. */
const SEGMENT_BYTES = 1150
/** Of what an association can carry at most: above it, delays grow without a bound. */
const USABLE_SHARE = 0.6
/** Nobody's path is without loss; below this it cannot be measured by heartbeats. */
const MIN_LOSS = 0.0005
const MIN_RTT_MS = 2
/** Of peers nothing is known of. */
export const UNKNOWN_RTT_MS = 80
/** The primary's share where its path carries it: the rest keeps a backup proven and warm. */
export const PRIMARY_STRIPES = STRIPES - 1

/** What one SCTP association carries, kbit/s (Mathis et al. 1997): 1.22 · MSS / (RTT · √loss). */
export function associationKbps(rttMs: number, loss: number): number {
  return (1.22 * SEGMENT_BYTES * 8) / (Math.max(rttMs, MIN_RTT_MS) * Math.sqrt(Math.max(loss, MIN_LOSS)))
}

/** Stripes of a stream that a path carries without queueing, 0 to 5. */
export function stripesCarried(rttMs: number, loss: number, bitrateKbps: number): number {
  const usableKbps = USABLE_SHARE * associationKbps(rttMs, loss)
  return Math.min(STRIPES, Math.floor((usableKbps * STRIPES) / Math.max(1, bitrateKbps)))
}

/** What is known of one end: its shortest round-trip to anybody, and where it is as an opaque word ('' for unknown). */
export interface PathEnd {
  rttMs: number | null
  locality: string
}

/**
 * The round-trip between two that never met. By the triangle it lies between |a−b| and a+b: the middle of that is the longer of the
 * two. Neighbours on one network are taken for half as far.
 */
export function estimateRttMs(a: PathEnd, b: PathEnd): number {
  const farther = Math.max(a.rttMs ?? UNKNOWN_RTT_MS, b.rttMs ?? UNKNOWN_RTT_MS)
  return a.locality !== '' && a.locality === b.locality ? farther / 2 : farther
}

/**
 * Bit masks for parents, best first, by what each can carry in stripes. The first and the next that carries anything divide the
 * stream 4 to 1; where the first carries less, the others take more, in their order. What no path carries stays with the first, up to `room` stripes in all.
 */
export function divideStripes(carried: readonly number[], room: number = STRIPES): number[] {
  const counts = carried.map(() => 0)
  const [first = 0, ...others] = carried
  const hasBackup = others.some((stripes) => stripes > 0)
  let left = STRIPES
  const give = (index: number, wanted: number): void => {
    const count = counts[index]
    if (count === undefined) return
    const given = Math.max(0, Math.min(left, wanted))
    counts[index] = count + given
    left -= given
  }
  give(0, hasBackup ? Math.min(first, PRIMARY_STRIPES) : first)
  for (let index = 1; index < carried.length; index += 1) give(index, carried[index] ?? 0)
  if (carried.length > 0) give(0, room - (counts[0] ?? 0))
  let offset = 0
  return counts.map((count) => {
    const mask = ((1 << count) - 1) << offset
    offset += count
    return mask
  })
}
