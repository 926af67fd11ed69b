/** What the parent of a link has room for. */
import { countStripes } from '../frame/frame.ts'
import { PRIMARY_STRIPES } from './path.ts'
import { isRoot, type Link } from './swarm-peer.ts'

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

/** Who makes way first: those that only beat, then backups, then children; of equals the youngest. */
export function weight(link: Link): number {
  const isPrimary = link.child.parents[0] === link
  return (isPrimary ? 1000 : 100 * countStripes(link.stripes)) - link.sinceMs * 1e-9
}
