/** Reads a media element's buffered ranges as plain values. */
import type { TimeSpan } from '../decisions/hole-watchdog.ts'

export function readSpans(ranges: TimeRanges): TimeSpan[] {
  return Array.from({ length: ranges.length }, (_, i) => ({ start: ranges.start(i), end: ranges.end(i) }))
}

/** Seconds of media that can be played on from here without a break. */
export function bufferedAheadS(media: HTMLMediaElement): number {
  const at = media.currentTime
  const span = readSpans(media.buffered).find(({ start, end }) => start <= at + 0.1 && end > at)
  return span ? span.end - at : 0
}
