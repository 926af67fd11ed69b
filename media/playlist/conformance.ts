/**
 * Checks what a server says of one live track over time against RFC 8216bis and against what players were found to need.
 * Pure: handed the texts as they were received. Empty result: nothing wrong was seen.
 */
import { MediaError } from '../media-error.ts'
import type { PartId } from '../part.ts'
import { checkHistory } from './conformance/history.ts'
import { checkSnapshot } from './conformance/snapshot.ts'
import { comparePartIds, newestPart } from './conformance/violation.ts'
import type { Reload, Report, Violation } from './conformance/violation.ts'
import { applyDelta } from './delta.ts'
import { parseMediaPlaylist } from './parse.ts'
import type { ParsedMediaPlaylist } from './parse.ts'

export type { ConformanceRule, Violation } from './conformance/violation.ts'

export interface PlaylistObservation {
  /** When the answer was complete, on any one clock. */
  atMs: number
  text: string
  /** `_HLS_msn` and `_HLS_part` of a blocking request. */
  requested?: PartId
}

/** Observations in the order of their answers. Delta updates are applied to the observation before them. */
export function checkPlaylists(observations: readonly PlaylistObservation[]): Violation[] {
  const violations: Violation[] = []
  const reloads: Reload[] = []
  observations.forEach((observation, index) => {
    const report: Report = (rule, message) => violations.push({ rule, message, index })
    const playlist = readFull(observation.text, reloads.at(-1)?.playlist ?? null, report)
    if (!playlist) return
    checkSnapshot(playlist, report)
    if (observation.requested) checkBlocking(playlist, observation.requested, report)
    reloads.push({ atMs: observation.atMs, playlist })
    checkHistory(reloads, report)
  })
  return violations
}

function readFull(
  text: string,
  previous: ParsedMediaPlaylist | null,
  report: Report,
): ParsedMediaPlaylist | null {
  try {
    const playlist = parseMediaPlaylist(text)
    if (playlist.skippedSegments === 0) return playlist
    checkDelta(playlist, report)
    if (previous) return applyDelta(previous, playlist)
    report('delta', 'the first answer is a delta update')
  } catch (error) {
    if (!(error instanceof MediaError)) throw error
    report(error.message.startsWith('delta') ? 'delta' : 'unreadable', error.message)
  }
  return null
}

function checkDelta(delta: ParsedMediaPlaylist, report: Report): void {
  if (delta.version < 9) report('version', `EXT-X-SKIP in version ${delta.version}`)
  const listedSec = delta.segments.reduce((sum, { durationSec, parts }) => {
    return sum + (durationSec ?? parts.reduce((partSum, part) => partSum + part.durationSec, 0))
  }, 0)
  if (delta.canSkipUntilSec === null) report('delta', 'EXT-X-SKIP without CAN-SKIP-UNTIL')
  else if (listedSec < delta.canSkipUntilSec)
    report(
      'delta',
      `the last ${listedSec.toFixed(3)} s are listed, the skip boundary is ${delta.canSkipUntilSec} s`,
    )
}

function checkBlocking(playlist: ParsedMediaPlaylist, requested: PartId, report: Report): void {
  const newest = newestPart(playlist)
  if (playlist.ended || (newest && comparePartIds(newest, requested) >= 0)) return
  const has = newest ? `${newest.msn}.${newest.part}` : 'nothing'
  report('unblocked', `answered ${requested.msn}.${requested.part} with a playlist that ends at ${has}`)
}
