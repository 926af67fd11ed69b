/** EXT-X-RENDITION-REPORT is a guess at the other tracks that a client switches by: plausible is all one track's texts can show. */
import type { ParsedMediaPlaylist } from '../parse.ts'
import { comparePartIds, newestPart } from './violation.ts'
import type { Report } from './violation.ts'

/** Other tracks are at most a segment before or after this one. */
const REPORT_MSN_TOLERANCE = 1

export function checkReports(
  now: ParsedMediaPlaylist,
  before: ParsedMediaPlaylist | null,
  report: Report,
): void {
  const own = newestPart(now)
  for (const { uri, lastMsn, lastPart } of now.renditionReports) {
    const at = { msn: lastMsn, part: lastPart ?? 0 }
    if (own && Math.abs(lastMsn - own.msn) > REPORT_MSN_TOLERANCE)
      report('rendition_report', `${uri} is said to be at ${lastMsn}, this track is at ${own.msn}`)
    if (lastPart === null) report('rendition_report', `${uri} has no LAST-PART`)
    const then = before?.renditionReports.find((old) => old.uri === uri)
    if (then && comparePartIds(at, { msn: then.lastMsn, part: then.lastPart ?? 0 }) < 0)
      report('rendition_report', `${uri} went back to ${at.msn}.${at.part}`)
  }
  const lost =
    before?.renditionReports.filter(({ uri }) => !now.renditionReports.some((kept) => kept.uri === uri)) ?? []
  if (!now.ended) for (const { uri } of lost) report('rendition_report', `${uri} is reported no more`)
}
