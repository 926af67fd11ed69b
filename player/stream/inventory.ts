/** Reads the server's media playlist into a local track: what there is, without the bytes. */
import { PARTS_PER_SEGMENT, runningNumber } from '../../media/part.ts'
import type { PartHeader } from '../../media/part.ts'
import type { ParsedMediaPlaylist, ParsedSegment } from '../../media/playlist/parse.ts'
import type { Track } from '../../media/track.ts'
import { gridOfPartTarget, segmentStartSec, type PartGrid } from './part-grid.ts'

export interface TrackInfo {
  initName: string
  partTargetSec: number
  /** wall clock at media time 0, ms since 1970 */
  epochMs: number
}

const DEFAULT_PART_TARGET_SEC = 0.26667
const DEFAULT_INIT_NAME = 'init-0.mp4'
/** A segment further off the grid than this is listed whole: its parts cannot be known from its length. */
const GRID_TOLERANCE_S = 0.1

/** Facts of the whole track, from its playlist. */
export function readTrackInfo(playlist: ParsedMediaPlaylist): TrackInfo {
  const partTargetSec = playlist.partTargetSec ?? DEFAULT_PART_TARGET_SEC
  const grid = gridOfPartTarget(partTargetSec)
  const dated = playlist.segments.find(({ programDateTimeMs, gap }) => programDateTimeMs !== null && !gap)
  const startMs = dated ? segmentStartSec(grid, dated.msn) * 1000 : 0
  return {
    initName: playlist.mapUri ?? DEFAULT_INIT_NAME,
    partTargetSec,
    epochMs: (dated?.programDateTimeMs ?? Date.now()) - startMs,
  }
}

/**
 * Notes every listed segment and part, oldest first; what is known already stays as it is, but for what has become a gap or is none any more. Segments whose parts are no
 * longer listed get the parts they must have had, so that playing can begin inside them part by part.
 */
export function noteInventory(track: Track, program: string, playlist: ParsedMediaPlaylist): void {
  const grid = gridOfPartTarget(playlist.partTargetSec ?? DEFAULT_PART_TARGET_SEC)
  for (const segment of playlist.segments) noteSegment({ track, program, grid, segment })
  if (playlist.ended) track.end()
}

interface Noting {
  track: Track
  program: string
  grid: PartGrid
  segment: ParsedSegment
}

function noteSegment(noting: Noting): void {
  const { track, grid, segment } = noting
  const { msn, durationSec, parts } = segment
  if (segment.gap && durationSec !== null) {
    track.noteGap(msn, segmentStartSec(grid, msn + 1) - durationSec, durationSec)
    // One that is known part by part already keeps those that can be had.
    return parts.forEach(({ gap }, part) => track.markGap({ msn, part }, gap))
  }
  if (parts.length > 0) return parts.forEach((_, part) => noteListedPart(noting, part))
  if (durationSec === null) return
  const startSec = segmentStartSec(grid, msn)
  const isOnGrid = Math.abs(segmentStartSec(grid, msn + 1) - startSec - durationSec) < GRID_TOLERANCE_S
  if (!isOnGrid) return void track.noteSegment(msn, startSec, durationSec)
  for (let part = 0; part < PARTS_PER_SEGMENT; part++) track.note(headerOf(noting, part), null)
}

function noteListedPart(noting: Noting, part: number): void {
  const { track, grid, segment } = noting
  const listed = segment.parts[part]
  if (!listed) return
  const isLast = segment.durationSec !== null && part === segment.parts.length - 1
  const header = headerOf(noting, part)
  const duration = Math.round(listed.durationSec * grid.timescale)
  track.note({ ...header, duration, independent: listed.independent, lastOfSegment: isLast }, null)
  track.markGap(header, listed.gap)
}

function headerOf({ track, program, grid, segment }: Noting, part: number): PartHeader {
  const k = runningNumber({ msn: segment.msn, part })
  const mediaTime = grid.startOf(k)
  return {
    program,
    track: track.name,
    msn: segment.msn,
    part,
    independent: part === 0,
    lastOfSegment: part === PARTS_PER_SEGMENT - 1,
    timescale: grid.timescale,
    mediaTime,
    duration: grid.startOf(k + 1) - mediaTime,
    captureTimeMs: 0,
  }
}
