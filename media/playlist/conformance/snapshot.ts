/** What must hold in each playlist by itself. */
import type { Report } from './violation.ts'
import type { ParsedMediaPlaylist, ParsedSegment } from '../parse.ts'

/** Durations are written with five decimals. */
const DURATION_TOLERANCE_SEC = 0.00002
/** Dates are written in whole milliseconds: two of them differ by one from the truth. */
const DATE_TOLERANCE_MS = 1.5
const PART_SUM_TOLERANCE_SEC = 0.001
/** RFC 8216bis, 4.4.4.9: shorter only at the end of a segment. */
const SHORTEST_PART = 0.85
const MIN_VERSION = 6

export function checkSnapshot(playlist: ParsedMediaPlaylist, report: Report): void {
  checkHeader(playlist, report)
  checkEdge(playlist, report)
  for (const segment of playlist.segments) checkSegment(segment, playlist, report)
  checkNeighbours(playlist, report)
}

function checkHeader(playlist: ParsedMediaPlaylist, report: Report): void {
  const { targetDurationSec, partTargetSec, holdBackSec, partHoldBackSec, canSkipUntilSec } = playlist
  if (playlist.version < MIN_VERSION) report('version', `version ${playlist.version} has no EXT-X-MAP`)
  if (!playlist.mapUri) report('map', 'no EXT-X-MAP')
  if (!playlist.canBlockReload) report('server_control', 'no CAN-BLOCK-RELOAD')
  if (partTargetSec === null) report('server_control', 'no PART-TARGET')
  if (canSkipUntilSec !== null && canSkipUntilSec < 6 * targetDurationSec)
    report('hold_back', `CAN-SKIP-UNTIL ${canSkipUntilSec} is under six target durations`)
  if (holdBackSec === null || holdBackSec < 3 * targetDurationSec)
    report('hold_back', `HOLD-BACK ${holdBackSec} is under three target durations`)
  if (partHoldBackSec === null || partHoldBackSec < 3 * (partTargetSec ?? 0))
    report('hold_back', `PART-HOLD-BACK ${partHoldBackSec} is under three part targets`)
}

/** What is said about the newest media and what comes after it. */
function checkEdge({ segments, ended, preloadHint }: ParsedMediaPlaylist, report: Report): void {
  // By its syntax a playlist has at most one segment without EXTINF, the last.
  const isOpen = segments.at(-1)?.uri === null
  if (ended) {
    if (isOpen) report('open_segment', 'a segment without EXTINF before EXT-X-ENDLIST')
    if (preloadHint !== null) report('hint', 'a preload hint before EXT-X-ENDLIST')
    return
  }
  if (!isOpen) report('extinf_early', 'EXTINF of the last segment without part 0 of the next')
  if (preloadHint === null) report('hint', 'no preload hint')
  else if (segments.some(({ parts }) => parts.some(({ uri }) => uri === preloadHint)))
    report('hint', `${preloadHint} is hinted and listed`)
}

function checkSegment(segment: ParsedSegment, playlist: ParsedMediaPlaylist, report: Report): void {
  const { msn, durationSec, parts } = segment
  if (durationSec !== null && Math.round(durationSec) > playlist.targetDurationSec)
    report('target_duration', `segment ${msn} of ${durationSec} s, target ${playlist.targetDurationSec}`)
  if (segment.programDateTimeMs === null) report('date_time', `segment ${msn} has no EXT-X-PROGRAM-DATE-TIME`)
  if (parts.length === 0) return
  checkPartDurations(segment, playlist.partTargetSec ?? Infinity, report)
  // A gap holds nothing that could be decoded, by itself or otherwise.
  if (playlist.independentSegments && parts[0]?.independent === false && !parts[0].gap)
    report('independent', `segment ${msn} begins with a part that is not independent`)
  const sumSec = parts.reduce((sum, part) => sum + part.durationSec, 0)
  if (durationSec !== null && Math.abs(sumSec - durationSec) > PART_SUM_TOLERANCE_SEC)
    report('part_sum', `parts of segment ${msn} last ${sumSec.toFixed(5)} s, EXTINF says ${durationSec}`)
}

function checkPartDurations({ msn, parts }: ParsedSegment, targetSec: number, report: Report): void {
  parts.forEach((part, index) => {
    const what = `part ${msn}.${index} of ${part.durationSec} s, target ${targetSec}`
    if (part.durationSec > targetSec + DURATION_TOLERANCE_SEC) report('part_target', what)
    const mayBeShort = index === parts.length - 1 || part.gap
    if (!mayBeShort && part.durationSec < SHORTEST_PART * targetSec - DURATION_TOLERANCE_SEC)
      report('part_too_short', what)
  })
}

function checkNeighbours({ segments }: ParsedMediaPlaylist, report: Report): void {
  segments.forEach((segment, index) => {
    const before = segments[index - 1]
    if (!before) return
    if (before.parts.length > 0 && segment.parts.length === 0)
      report('parts_listed', `segment ${segment.msn} lists no parts, the one before it does`)
    if (
      before.durationSec === null ||
      before.programDateTimeMs === null ||
      segment.programDateTimeMs === null
    )
      return
    const stepMs = segment.programDateTimeMs - before.programDateTimeMs
    if (Math.abs(stepMs - before.durationSec * 1000) > DATE_TOLERANCE_MS)
      report('date_time', `the date steps ${stepMs} ms over segment ${before.msn} of ${before.durationSec} s`)
  })
}
