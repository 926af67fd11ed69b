/** Playlist delta updates (RFC 8216bis, 6.2.5.1): what a server may leave out, and how a client puts it back. */
import { MediaError } from '../media-error.ts'
import type { SegmentView } from '../segment-record.ts'
import type { ParsedMediaPlaylist } from './parse.ts'

/** How many of the oldest segments lie before the skip boundary. */
export function countSkippable(segments: readonly SegmentView[], skipUntilSec: number): number {
  let behindSec = 0
  for (let index = segments.length - 1; index >= 0; index -= 1) {
    if (behindSec > skipUntilSec) return index + 1
    behindSec += segments[index]?.durationSec ?? 0
  }
  return 0
}

/** The full playlist that `delta` stands for. Throws `MediaError` when `previous` does not have what it skips. */
export function applyDelta(previous: ParsedMediaPlaylist, delta: ParsedMediaPlaylist): ParsedMediaPlaylist {
  if (delta.skippedSegments === 0) return delta
  const from = delta.mediaSequence
  const to = from + delta.skippedSegments
  const skipped = previous.segments.filter(
    ({ msn, durationSec }) => msn >= from && msn < to && durationSec !== null,
  )
  if (skipped.length !== delta.skippedSegments)
    throw new MediaError(`delta skips ${from}..${to - 1}, of which ${skipped.length} segments are known`)
  return { ...delta, skippedSegments: 0, segments: [...skipped, ...delta.segments] }
}
