/** Writes the media playlist of a track (RFC 8216bis, 4.4.3 to 4.4.5): one text for HLS and for LL-HLS clients. */
import type { PartId } from '../part.ts'
import type { PartView, SegmentView } from '../segment-record.ts'
import type { Track } from '../track.ts'
import { initUri, partUri, segmentUri, siblingUri } from './address.ts'
import { countSkippable } from './delta.ts'
import { CAN_SKIP_UNTIL_SEC, HOLD_BACK_SEC, TARGET_DURATION_SEC, partHoldBackSec } from './timing.ts'

export interface MediaPlaylistView {
  segments: readonly SegmentView[]
  /** What EXT-X-PRELOAD-HINT names. */
  next: PartId | null
  ended: boolean
  /** The other tracks of the program, for EXT-X-RENDITION-REPORT. */
  renditions: readonly { track: string; head: PartId }[]
}

export interface MediaPlaylistOptions {
  /** The longest a part of this track can be. The same for the playlist's whole life. */
  partTargetSec: number
  /** Wall clock at media time 0, in ms since 1970: the same for all tracks of a program. */
  epochMs: number
  /** How many of the newest segments list their parts. */
  partSegments?: number | 'all'
  /** Write a delta update if there is anything to skip. */
  skip?: boolean
  init?: string
}

/** The lowest that has EXT-X-SKIP (RFC 8216bis, 8). */
const VERSION = 9
export const DEFAULT_PART_SEGMENTS = 3
const DURATION_DIGITS = 5

export function viewMediaPlaylist(track: Track, siblings: readonly Track[]): MediaPlaylistView {
  const renditions = siblings.flatMap(({ name, head }) =>
    head && name !== track.name ? [{ track: name, head }] : [],
  )
  return { segments: track.segments(), next: track.next, ended: track.ended, renditions }
}

/**
 * A segment's EXTINF appears in the text that also has part 0 of the next (`SegmentView.done`): written earlier, hls.js slides its
 * timeline by a segment. EXT-X-PROGRAM-DATE-TIME is one linear map of media time: a jump in it makes hls.js misplace audio.
 */
export function formatMediaPlaylist(view: MediaPlaylistView, options: MediaPlaylistOptions): string {
  const skipped = options.skip === true ? countSkippable(view.segments, CAN_SKIP_UNTIL_SEC) : 0
  const { partSegments = DEFAULT_PART_SEGMENTS } = options
  const firstWithParts = partSegments === 'all' ? 0 : view.segments.length - partSegments
  const lines = formatHeader(view, options)
  if (skipped > 0) lines.push(`#EXT-X-SKIP:SKIPPED-SEGMENTS=${skipped}`)
  lines.push(`#EXT-X-MAP:URI="${options.init ?? initUri(0)}"`)
  for (let index = skipped; index < view.segments.length; index += 1) {
    const segment = view.segments[index]
    if (segment) pushSegment(lines, segment, options.epochMs, index >= firstWithParts)
  }
  if (view.ended) lines.push('#EXT-X-ENDLIST')
  else pushWhatComes(lines, view)
  return lines.join('\n') + '\n'
}

function formatHeader(view: MediaPlaylistView, { partTargetSec }: MediaPlaylistOptions): string[] {
  const partHoldBack = partHoldBackSec(partTargetSec)
  return [
    '#EXTM3U',
    `#EXT-X-VERSION:${VERSION}`,
    `#EXT-X-TARGETDURATION:${TARGET_DURATION_SEC}`,
    '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,' +
      `CAN-SKIP-UNTIL=${CAN_SKIP_UNTIL_SEC},HOLD-BACK=${HOLD_BACK_SEC},PART-HOLD-BACK=${partHoldBack}`,
    `#EXT-X-PART-INF:PART-TARGET=${formatSeconds(partTargetSec)}`,
    `#EXT-X-MEDIA-SEQUENCE:${view.segments[0]?.msn ?? view.next?.msn ?? 0}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
  ]
}

function pushSegment(lines: string[], segment: SegmentView, epochMs: number, withParts: boolean): void {
  const { msn, startSec, durationSec, parts, done, gap } = segment
  const at = new Date(Math.round(epochMs + startSec * 1000)).toISOString()
  lines.push(`#EXT-X-PROGRAM-DATE-TIME:${at}`)
  if (withParts) for (const part of parts) lines.push(formatPart(msn, part))
  if (!done) return
  if (gap) lines.push('#EXT-X-GAP')
  lines.push(`#EXTINF:${formatSeconds(durationSec)},`, segmentUri(msn))
}

function formatPart(msn: number, { part, durationSec, independent, gap }: PartView): string {
  const flags = (independent ? ',INDEPENDENT=YES' : '') + (gap ? ',GAP=YES' : '')
  return `#EXT-X-PART:DURATION=${formatSeconds(durationSec)},URI="${partUri({ msn, part })}"${flags}`
}

function pushWhatComes(lines: string[], { next, renditions }: MediaPlaylistView): void {
  if (next) lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${partUri(next)}"`)
  for (const { track, head } of renditions)
    lines.push(
      `#EXT-X-RENDITION-REPORT:URI="${siblingUri(track)}",LAST-MSN=${head.msn},LAST-PART=${head.part}`,
    )
}

function formatSeconds(seconds: number): string {
  return seconds.toFixed(DURATION_DIGITS)
}
