/** What must hold between a playlist and the ones received before it. */
import type { ParsedMediaPlaylist } from '../parse.ts'
import { checkHintKept, checkSegments } from './continuity.ts'
import { checkReports } from './rendition-reports.ts'
import { comparePartIds, newestPart } from './violation.ts'
import type { Reload, Report } from './violation.ts'

/** A live playlist moves on at least this often, in target durations (RFC 8216bis, 6.2.2). */
const STALE_TARGET_DURATIONS = 1.5
/** What remains listed when the oldest is removed, in target durations (RFC 8216bis, 6.2.2). */
const WINDOW_TARGET_DURATIONS = 3
/** Durations are written with five decimals, dates in whole milliseconds. */
const DRIFT_PER_SEGMENT_MS = 0.02
const DATE_TOLERANCE_MS = 1.5
/** Checks the last of `reloads` against the others. */
export function checkHistory(reloads: readonly Reload[], report: Report): void {
  const current = reloads.at(-1)
  if (!current) return
  checkReports(current.playlist, reloads.at(-2)?.playlist ?? null, report)
  const previous = reloads.at(-2)
  if (!previous) return
  checkConstants(previous.playlist, current.playlist, report)
  checkProgress(previous.playlist, current.playlist, report)
  checkWindow(previous.playlist, current.playlist, report)
  checkSegments(previous.playlist, current.playlist, report)
  checkHintKept(previous.playlist, current.playlist, report)
  checkDrift(reloads, report)
  checkStale(reloads, report)
}

const CONSTANTS = [
  'version',
  'targetDurationSec',
  'partTargetSec',
  'partHoldBackSec',
  'holdBackSec',
  'canSkipUntilSec',
  'canBlockReload',
  'independentSegments',
  'mapUri',
] as const

function checkConstants(before: ParsedMediaPlaylist, after: ParsedMediaPlaylist, report: Report): void {
  for (const name of CONSTANTS)
    if (before[name] !== after[name])
      report('constant', `${name} went from ${before[name]} to ${after[name]}`)
}

function checkProgress(before: ParsedMediaPlaylist, after: ParsedMediaPlaylist, report: Report): void {
  const [old, now] = [newestPart(before), newestPart(after)]
  if (old && (!now || comparePartIds(now, old) < 0))
    report(
      'went_back',
      `ended at ${old.msn}.${old.part}, now at ${now ? `${now.msn}.${now.part}` : 'nothing'}`,
    )
  if (!before.ended) return
  if (!after.ended) report('ended', 'EXT-X-ENDLIST was taken back')
  if (old && now && comparePartIds(now, old) > 0) report('ended', 'media was added after EXT-X-ENDLIST')
}

function checkWindow(before: ParsedMediaPlaylist, after: ParsedMediaPlaylist, report: Report): void {
  if (after.mediaSequence < before.mediaSequence)
    report(
      'media_sequence',
      `EXT-X-MEDIA-SEQUENCE went from ${before.mediaSequence} to ${after.mediaSequence}`,
    )
  if (after.mediaSequence <= before.mediaSequence) return
  const listedSec = after.segments.reduce((sum, { durationSec }) => sum + (durationSec ?? 0), 0)
  const leastSec = WINDOW_TARGET_DURATIONS * after.targetDurationSec
  if (listedSec < leastSec)
    report('window', `${listedSec.toFixed(3)} s remain listed, at least ${leastSec} must`)
}

/** Over the whole run the date moves as the durations do, however small the error of each step. */
function checkDrift(reloads: readonly Reload[], report: Report): void {
  const durations = new Map<number, number>()
  for (const { playlist } of reloads)
    for (const { msn, durationSec } of playlist.segments)
      if (durationSec !== null) durations.set(msn, durationSec)
  const first = reloads[0]?.playlist.segments[0]
  const last = reloads.at(-1)?.playlist.segments.at(-1)
  if (!first || !last || first.programDateTimeMs === null || last.programDateTimeMs === null) return
  let expectedMs = first.programDateTimeMs
  for (let msn = first.msn; msn < last.msn; msn += 1) {
    const durationSec = durations.get(msn)
    if (durationSec === undefined) return
    expectedMs += durationSec * 1000
  }
  const errorMs = last.programDateTimeMs - expectedMs
  if (Math.abs(errorMs) > DATE_TOLERANCE_MS + DRIFT_PER_SEGMENT_MS * (last.msn - first.msn))
    report(
      'date_time_drift',
      `the date of segment ${last.msn} is ${errorMs.toFixed(1)} ms off since ${first.msn}`,
    )
}

function checkStale(reloads: readonly Reload[], report: Report): void {
  const current = reloads.at(-1)
  const newest = current && newestPart(current.playlist)
  if (!current || !newest || current.playlist.ended) return
  const first = reloads.find(({ playlist }) => {
    const then = newestPart(playlist)
    return then !== null && comparePartIds(then, newest) === 0
  })
  const stillMs = current.atMs - (first?.atMs ?? current.atMs)
  if (stillMs > STALE_TARGET_DURATIONS * current.playlist.targetDurationSec * 1000)
    report('stale', `nothing new for ${stillMs} ms`)
}
