/** Which parent pushes which stripes: as the coordinator wants it, and, where one is out or its path too narrow, whoever can. Pure. */
import { STRIPES } from '../frame/frame.ts'

export interface StripeBearer {
  /** What the coordinator gave it. */
  assigned: number
  /** Granted, alive, and not given up. */
  isUsable: boolean
  /** What its path carries, in stripes. */
  maxStripes: number
}

export const ALL_STRIPES: number = (1 << STRIPES) - 1

/** One mask for each parent, best first; every stripe has one bearer as long as anybody is usable. */
export function assignStripes(parents: readonly StripeBearer[]): number[] {
  const masks = parents.map(() => 0)
  if (!parents.some(({ isUsable }) => isUsable)) return masks
  const room = parents.map(({ isUsable, maxStripes }) => (isUsable ? Math.max(0, maxStripes) : 0))
  const left: number[] = []
  for (let stripe = 0; stripe < STRIPES; stripe++) {
    const owner = parents.findIndex(({ assigned }, at) => (assigned >> stripe) & 1 && (room[at] ?? 0) > 0)
    if (owner < 0) left.push(stripe)
    else give(masks, room, owner, stripe)
  }
  for (const stripe of left) give(masks, room, bestFor(parents, room), stripe)
  return masks
}

/** The first with room; the first usable one where nobody has any. */
function bestFor(parents: readonly StripeBearer[], room: readonly number[]): number {
  const roomy = room.findIndex((stripes) => stripes > 0)
  return roomy >= 0 ? roomy : parents.findIndex(({ isUsable }) => isUsable)
}

function give(masks: number[], room: number[], at: number, stripe: number): void {
  masks[at] = (masks[at] ?? 0) | (1 << stripe)
  room[at] = (room[at] ?? 0) - 1
}

export function countStripes(mask: number): number {
  let count = 0
  for (let bits = mask; bits > 0; bits >>= 1) count += bits & 1
  return count
}
