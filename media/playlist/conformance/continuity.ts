/** What must stay as it was said, segment by segment, and what was announced must come. */
import type { ParsedMediaPlaylist, ParsedSegment } from '../parse.ts'
import type { Report } from './violation.ts'

export function checkSegments(before: ParsedMediaPlaylist, after: ParsedMediaPlaylist, report: Report): void {
  const now = new Map(after.segments.map((segment) => [segment.msn, segment]))
  for (const old of before.segments) {
    const segment = now.get(old.msn)
    if (segment) checkSegment(old, segment, report)
  }
}

function checkSegment(old: ParsedSegment, now: ParsedSegment, report: Report): void {
  const { msn } = old
  if (old.uri !== null && now.uri === null) report('vanished', `segment ${msn} lost its EXTINF`)
  else if (
    old.uri !== null &&
    (old.uri !== now.uri || old.durationSec !== now.durationSec || old.gap !== now.gap)
  )
    report(
      'changed',
      `segment ${msn} was ${old.uri} of ${old.durationSec} s, is ${now.uri} of ${now.durationSec} s`,
    )
  if (old.programDateTimeMs !== now.programDateTimeMs) report('changed', `segment ${msn} has another date`)
  const arePartsDropped = now.parts.length === 0 && now.uri !== null
  if (arePartsDropped) return
  if (now.parts.length < old.parts.length)
    report('vanished', `segment ${msn} had ${old.parts.length} parts, has ${now.parts.length}`)
  if (old.uri !== null && now.parts.length > old.parts.length)
    report('changed', `segment ${msn} was finished with ${old.parts.length} parts, has ${now.parts.length}`)
  old.parts.forEach((part, index) => {
    const same = now.parts[index]
    if (
      same &&
      (same.uri !== part.uri ||
        same.durationSec !== part.durationSec ||
        same.independent !== part.independent)
    )
      report(
        'changed',
        `part ${msn}.${index} was ${part.uri} of ${part.durationSec} s, is ${same.uri} of ${same.durationSec} s`,
      )
  })
}

/** The part hinted is the one that comes: a client has asked for it by then. */
export function checkHintKept(before: ParsedMediaPlaylist, after: ParsedMediaPlaylist, report: Report): void {
  const open = before.segments.at(-1)
  if (before.preloadHint === null || !open || open.uri !== null) return
  const now = after.segments.find(({ msn }) => msn === open.msn)
  const following = after.segments.find(({ msn }) => msn === open.msn + 1)
  const came =
    now?.parts[open.parts.length] ?? (now && now.parts.length > 0 ? following?.parts[0] : undefined)
  if (came && came.uri !== before.preloadHint)
    report('hint_unkept', `${before.preloadHint} was hinted, ${came.uri} came`)
}
