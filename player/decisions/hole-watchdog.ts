/** hls.js never refills a hole ahead of the playhead by itself: the browser then freezes for three seconds in front of it. */

export interface TimeSpan {
  start: number
  end: number
}

/** Smaller gaps are rounding between fragments; Chromium plays over them. */
export const SMALLEST_HOLE_S = 0.09
/** A hole must stand this long before it is acted upon: one append may still be on its way. */
export const HOLE_AGE_MS = 300

/** The first hole ahead of the playhead in a list of buffered spans, or null. */
export function findHole(buffered: readonly TimeSpan[], currentTime: number): TimeSpan | null {
  for (let i = 0; i + 1 < buffered.length; i++) {
    const span = buffered[i]
    const next = buffered[i + 1]
    if (!span || !next || next.start <= currentTime) continue
    if (span.end + SMALLEST_HOLE_S < currentTime) continue
    if (next.start - span.end >= SMALLEST_HOLE_S) return { start: span.end, end: next.start }
  }
  return null
}

export interface HoleSighting {
  start: number
  seenAtMs: number
}

export interface HoleVerdict {
  sighting: HoleSighting | null
  /** flush from here to the end, so that the engine loads it again from the local track; null leaves things alone */
  flushFromS: number | null
}

/** Says when a hole that does not close by itself must be flushed. Feed each verdict's sighting into the next call. */
export function watchHole(
  input: { buffered: readonly TimeSpan[]; currentTime: number; nowMs: number },
  previous: HoleSighting | null,
): HoleVerdict {
  const hole = findHole(input.buffered, input.currentTime)
  if (!hole) return { sighting: null, flushFromS: null }
  const isSame = previous !== null && Math.abs(previous.start - hole.start) < 0.05
  const sighting = isSame ? previous : { start: hole.start, seenAtMs: input.nowMs }
  if (input.nowMs - sighting.seenAtMs < HOLE_AGE_MS) return { sighting, flushFromS: null }
  return { sighting: { ...sighting, seenAtMs: input.nowMs + 1000 }, flushFromS: hole.start }
}
