/**
 * What a viewer is told of an outage. He is seconds behind: told is what is on his screen, or about to be, not what the
 * server knows. An outage that the reserve outlasts is not told at all.
 */
import type { LatencyMode } from './latency-mode.ts'
import type { Outage } from './outage-log.ts'

export interface OutageFacts {
  mode: LatencyMode
  /** oldest first */
  outages: readonly Outage[]
  /** when the picture now shown reached the origin, ms since 1970 by the server's clock; null: not known */
  pictureMs: number | null
  /** seconds that can be played without anything new */
  reserveS: number
  /** for so long the playhead has not moved, though it should */
  stillMs: number
  /** the server says that the program is over */
  isRoomOver: boolean
  /** the device says that it has no network */
  isOffline: boolean
  /** requests fail */
  isFailing: boolean
}

export type OutageFinding =
  /**
   * Nothing new to tell. But what was told holds as long as the playhead stands still, and that the streamer is away as long as
   * he is, or the slate is on the screen.
   */
  | { kind: 'none'; isStill: boolean; isAway: boolean }
  /** the streamer is gone, since then by the server's clock; on the screen he has been gone for `shownMs` */
  | { kind: 'away'; sinceMs: number; shownMs: number }
  /** this device has no network */
  | { kind: 'offline' }
  /** the server does not answer */
  | { kind: 'unreachable' }
  /** nothing but the slate is left to show of a program that is over */
  | { kind: 'over' }

/** Less than this to play, and the picture is about to stop. */
export const LOW_RESERVE_S: Readonly<Record<LatencyMode, number>> = { continuity: 1.5, low: 0.3 }
/** The browser itself says when it has shown all there is; so much later it is believed without it. */
const PLAYED_OUT_MS = 2000
const PLAYED_OUT_S = 0.3
/** At most three seconds of slate: gone before its notice would be read. */
const BRIEF_MS = 7000
/** Longer than between two looks at a playhead that moves. */
const STILL_MS = 400
/** Capture times are told for whole parts, and two clocks may be read a moment apart. */
const SLACK_MS = 300

/** Pure: the same facts, the same finding. */
export function findOutage(facts: OutageFacts): OutageFinding {
  const { isRoomOver, isOffline, isFailing, reserveS, stillMs } = facts
  const slate = shownSlate(facts)
  const isAway = slate !== null || facts.outages.at(-1)?.backMs === null
  const none: OutageFinding = { kind: 'none', isStill: stillMs > STILL_MS, isAway }
  const isPlayedOut = reserveS < PLAYED_OUT_S && stillMs > PLAYED_OUT_MS
  if (isRoomOver && (slate?.backMs === null || isPlayedOut)) return { kind: 'over' }
  if (slate) return isBrief(slate) ? none : away(slate, facts)
  if (reserveS >= LOW_RESERVE_S[facts.mode]) return none
  if (isOffline) return { kind: 'offline' }
  if (isFailing) return { kind: 'unreachable' }
  const frozen = isRoomOver ? null : frozenBy(facts)
  return frozen ? away(frozen, facts) : none
}

function away({ sinceMs }: Outage, { pictureMs }: OutageFacts): OutageFinding {
  return { kind: 'away', sinceMs, shownMs: Math.max(0, (pictureMs ?? 0) - sinceMs) }
}

/** Known to be over before it came to the screen: a moment of slate says enough. */
function isBrief({ sinceMs, backMs }: Outage): boolean {
  return backMs !== null && backMs - sinceMs < BRIEF_MS
}

/** The outage whose slate is on the screen. */
function shownSlate({ outages, pictureMs }: OutageFacts): Outage | null {
  if (pictureMs === null) return null
  const shown = outages.findLast(({ sinceMs }) => sinceMs + SLACK_MS < pictureMs)
  return shown?.hasSlate && (shown.backMs === null || pictureMs < shown.backMs) ? shown : null
}

/** The outage that keeps the picture from going on: it lasts, or is just over, and nothing from after it is on the screen. */
function frozenBy({ outages, pictureMs }: OutageFacts): Outage | null {
  const last = outages.at(-1)
  if (!last) return null
  if (pictureMs === null) return last.backMs === null ? last : null
  return pictureMs <= last.sinceMs + SLACK_MS ? last : null
}

export type OutageNotice =
  /** on the viewer's screen the streamer has been gone since `fromMs`, on the clock of `nextNotice` */
  | { kind: 'away'; sinceMs: number; fromMs: number }
  | { kind: 'offline' }
  | { kind: 'unreachable' }
  /** the live picture is on the screen again, after one or the other */
  | { kind: 'back'; after: 'away' | 'network'; untilMs: number }

/** How long the return is told. */
export const BACK_SHOWN_MS = 4000

/** What to show next, after what is shown; `nowMs` on any clock that goes on. */
export function nextNotice(
  shown: OutageNotice | null,
  finding: OutageFinding,
  nowMs: number,
): OutageNotice | null {
  if (finding.kind === 'over') return null
  if (finding.kind === 'away') {
    const { sinceMs, shownMs } = finding
    const isSame = shown?.kind === 'away' && shown.sinceMs === sinceMs
    return isSame ? shown : { kind: 'away', sinceMs, fromMs: nowMs - shownMs }
  }
  if (finding.kind !== 'none') return finding.kind === shown?.kind ? shown : finding
  if (shown === null) return null
  if (shown.kind === 'back') return nowMs < shown.untilMs ? shown : null
  if (finding.isStill || (finding.isAway && shown.kind === 'away')) return shown
  const after = shown.kind === 'away' ? 'away' : 'network'
  return { kind: 'back', after, untilMs: nowMs + BACK_SHOWN_MS }
}
