/** What the checker says, and of what. */
import type { PartId } from '../../part.ts'
import type { ParsedMediaPlaylist } from '../parse.ts'

export const CONFORMANCE_RULES = [
  'unreadable',
  'version',
  'target_duration',
  'part_target',
  'part_too_short',
  'part_sum',
  'parts_listed',
  'hold_back',
  'server_control',
  'map',
  'date_time',
  'date_time_drift',
  'extinf_early',
  'open_segment',
  'hint',
  'hint_unkept',
  'independent',
  'media_sequence',
  'window',
  'changed',
  'vanished',
  'went_back',
  'constant',
  'ended',
  'rendition_report',
  'stale',
  'delta',
  'unblocked',
] as const

export type ConformanceRule = (typeof CONFORMANCE_RULES)[number]

export interface Violation {
  rule: ConformanceRule
  message: string
  /** Which observation. */
  index: number
}

export type Report = (rule: ConformanceRule, message: string) => void

/** A full playlist and when it was received. */
export interface Reload {
  atMs: number
  playlist: ParsedMediaPlaylist
}

/** Where a playlist's media ends: the last part listed, or the last of a whole segment (`part` is then -1 of the next). */
export function newestPart({ segments }: ParsedMediaPlaylist): PartId | null {
  const last = segments.at(-1)
  if (!last) return null
  return last.uri === null ? { msn: last.msn, part: last.parts.length - 1 } : { msn: last.msn + 1, part: -1 }
}

/** Negative when `a` comes before `b`. */
export function comparePartIds(a: PartId, b: PartId): number {
  return a.msn - b.msn || a.part - b.part
}
