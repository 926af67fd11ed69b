/** What a parent has room for. */
import { countStripes, STRIPES } from '../frame/frame.ts'
import { PRIMARY_STRIPES } from './path.ts'
import { isRoot, type Link, type SwarmPeer } from './swarm-peer.ts'

/** Stripes its parent can send it. */
export function roomFor({ parent, stripes }: Link): number {
  return parent.maxStripes - parent.pushed + countStripes(stripes)
}

/** Stripes that its parent can send it and be asked for no more than as a rule. */
export function easeOf({ parent, stripes }: Link): number {
  return Math.max(0, parent.askedStripes - parent.pushed + countStripes(stripes))
}

/** Whether it is the primary already, or has the upload to become it. */
export function canLead(link: Link): boolean {
  return countStripes(link.stripes) > 1 || roomFor(link) >= PRIMARY_STRIPES
}

/** Without more than its parent is asked for as a rule. */
export function leadsWithEase(link: Link): boolean {
  return isRoot(link.parent) || easeOf(link) >= PRIMARY_STRIPES
}

/**
 * Whether its line bears it to take over from their primary this peer and all others it would have to in the same moment: five stripes
 * for each, who has no other backup then. What some have of it already is left for those who lose a backup in that moment.
 */
export function canStepIn(candidate: SwarmPeer, peer: SwarmPeer): boolean {
  if (isRoot(candidate)) return true
  const primary = peer.parents[0]?.parent
  let promoted = 1
  for (const { child } of candidate.children)
    if (child !== peer && child.parents[0]?.parent === primary) promoted += 1
  return candidate.pushed + promoted * STRIPES <= candidate.maxStripes
}

/** Who makes way first: those that only beat, then backups, then children; of equals the youngest. */
export function weight(link: Link): number {
  const isPrimary = link.child.parents[0] === link
  return (isPrimary ? 1000 : 100 * countStripes(link.stripes)) - link.sinceMs * 1e-9
}
