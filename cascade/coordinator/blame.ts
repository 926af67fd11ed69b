/** What lost links say of those at their other ends: who is not tried again by whom, and who is left alone by everybody for a while. */
import type { LostReason } from '../peer-options.ts'
import { isRoot } from './swarm-peer.ts'
import type { SwarmPeer } from './swarm-peer.ts'

/** A pair that failed is not tried again for this long. */
const AVOID_MS: Readonly<Record<LostReason, number>> = {
  silent: 60_000,
  zombie: 60_000,
  closed: 20_000,
  denied: 10_000,
  unreachable: 300_000,
  slow: 60_000,
  polluted: 600_000,
  bye: 10_000,
}
/** There are few roots, and in a small room nobody else. */
const AVOID_ROOT_MS = 5000
const MAX_AVOIDED = 8
/** Who is full says so for the next ones, too. */
const FULL_MS = 3000
/** Two children that give a parent up within this time speak for the others, too. */
const COMPLAINT_MS = 5000
const MIN_COMPLAINTS = 2
const SUSPECT_MS = 15_000
/** Who was dialled in vain, and by nobody with success, is left alone for so long; longer each time. */
const UNREACHABLE_MS = 60_000
const MAX_DOUBLINGS = 3

/** Notes that a child gave a parent up. True where all of its children are to be taken away from it. */
export function blame(child: SwarmPeer, parent: SwarmPeer, why: LostReason, nowMs: number): boolean {
  const avoidMs = isRoot(parent) ? Math.min(AVOID_MS[why], AVOID_ROOT_MS) : AVOID_MS[why]
  avoid(child, parent, nowMs + avoidMs)
  if (why === 'denied') close(parent, nowMs + FULL_MS)
  if (why === 'denied' || isRoot(parent)) return false
  if (why === 'unreachable') noteUnreachable(parent, nowMs)
  return complain(parent, nowMs)
}

function avoid(child: SwarmPeer, { id }: SwarmPeer, untilMs: number): void {
  child.avoided ??= new Map()
  child.avoided.delete(id)
  child.avoided.set(id, untilMs)
  const [oldest] = child.avoided.keys()
  if (child.avoided.size > MAX_AVOIDED && oldest !== undefined) child.avoided.delete(oldest)
}

function close(parent: SwarmPeer, untilMs: number): void {
  parent.closedUntilMs = Math.max(parent.closedUntilMs, untilMs)
}

function complain(parent: SwarmPeer, nowMs: number): boolean {
  parent.complaints = nowMs - parent.complainedAtMs > COMPLAINT_MS ? 1 : parent.complaints + 1
  parent.complainedAtMs = nowMs
  if (parent.complaints < MIN_COMPLAINTS || parent.complaints < parent.children.size) return false
  close(parent, nowMs + SUSPECT_MS)
  return true
}

/** Nobody has ever reached it: it may be that nobody can. */
function noteUnreachable(parent: SwarmPeer, nowMs: number): void {
  if (parent.hasServed) return
  close(parent, nowMs + UNREACHABLE_MS * 2 ** Math.min(parent.failedDials, MAX_DOUBLINGS))
  parent.failedDials += 1
}
