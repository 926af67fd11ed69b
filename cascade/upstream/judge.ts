/** What is to be done about a parent, by what is heard and seen of it. Pure: one answer at a time, looked at every tick. */
import { SUSPECT_MS } from '../link/link.ts'
import type { LostReason } from '../peer-options.ts'
import type { Parent } from './parent.ts'

export type Verdict =
  | { kind: 'lose'; why: LostReason }
  /** Out of the game for now, its link stays. */
  | { kind: 'bench' }
  | { kind: 'reinstate' }
  /** It is to bear half for a while. */
  | { kind: 'relieve' }
  /** It has left, and has had its time to end what it had begun. */
  | { kind: 'forget' }

const GRANT_LIMIT_MS = 3000
/** Silent for so long, a parent that is out is given up. */
export const GIVE_UP_MS = 1000
/** One that is heard again gets its stripes back after so long, not at every word. */
const REINSTATE_MS = 1500
/** For so long a parent that is told of too much, or is slow, bears half. */
export const PRESSURE_MS = 5000
/** Parents bring something of a part within so long, as a rule, and none is so many parts behind another. */
const FIRST_MEDIA_MS = 500
const STUCK_PARTS = 4
/** So much later than the others' shares, most of the time: another one is wanted. */
const SLOW_LATENESS = 0.6
const MUCH_BETTER = 0.2

/** Null where all is well. Notes when one that is out was heard again. */
export function judge(parent: Parent, parents: readonly Parent[], nowMs: number): Verdict | null {
  const { silentMs, deadAfterMs } = parent.link
  if (parent.state === 'asked')
    return nowMs - parent.askedAtMs > GRANT_LIMIT_MS ? { kind: 'lose', why: 'unreachable' } : null
  if (parent.leavesAtMs !== null)
    return nowMs > parent.leavesAtMs || silentMs > SUSPECT_MS ? { kind: 'forget' } : null
  if (silentMs > GIVE_UP_MS) return { kind: 'lose', why: 'silent' }
  if (parent.out !== null) return isBack(parent, silentMs, nowMs) ? { kind: 'reinstate' } : null
  if (silentMs > deadAfterMs || isStuck(parent, parents, nowMs)) return { kind: 'bench' }
  if (parent.isZombie(nowMs)) return { kind: 'lose', why: 'zombie' }
  return isSlow(parent, parents, nowMs) ? judgeSlow(parent, nowMs) : null
}

/**
 * It bears stripes, has brought nothing yet, and stands still where another goes on. A child that has no part yet has nothing else to
 * know it by: what a parent left out of parts is told by parts that others brought.
 */
function isStuck(parent: Parent, parents: readonly Parent[], nowMs: number): boolean {
  const { bearsSinceMs, mediaAtMs, wasOut } = parent
  if (bearsSinceMs === null || mediaAtMs > -Infinity || wasOut) return false
  if (nowMs - bearsSinceMs < FIRST_MEDIA_MS) return false
  return parents.some((other) => other.isUsable && other.newest - parent.newest >= STUCK_PARTS)
}

function isBack(parent: Parent, silentMs: number, nowMs: number): boolean {
  if (silentMs > SUSPECT_MS) parent.backSinceMs = null
  else parent.backSinceMs ??= nowMs
  return parent.backSinceMs !== null && nowMs - parent.backSinceMs >= REINSTATE_MS
}

/** Mostly late, while another that bears stripes, too, is not. */
function isSlow(parent: Parent, parents: readonly Parent[], nowMs: number): boolean {
  if (parent.lateness <= SLOW_LATENESS || nowMs <= parent.holdUntilMs) return false
  const limit = parent.lateness * MUCH_BETTER
  return parents.some(
    (other) => other !== parent && other.isUsable && other.subscription.stripes > 0 && other.lateness < limit,
  )
}

/** It may be its path: it is to bear half first, and is given up where that does not help. */
function judgeSlow({ limit }: Parent, nowMs: number): Verdict | null {
  if (!limit || nowMs - limit.untilMs >= PRESSURE_MS) return { kind: 'relieve' }
  return nowMs > limit.untilMs - PRESSURE_MS / 2 ? { kind: 'lose', why: 'slow' } : null
}
