/**
 * Which parent pushes which stripes: as the coordinator wants it, and, where one is out or its path too narrow, whoever can. What
 * no path carries is nobody's: pushed all the same, it would stand in a queue with all the others. Pure.
 */
import { STRIPES } from '../frame/frame.ts'

export interface StripeBearer {
  /** What the coordinator gave it. */
  assigned: number
  /** Granted, alive, and not given up. */
  isUsable: boolean
  /** What its path carries with ease, in stripes, */
  maxStripes: number
  /** and with delay, where nobody else has room: not less than that. */
  mostStripes: number
}

/** One mask for each parent, best first; a stripe has one bearer, or none where no path has room for it. */
export function assignStripes(parents: readonly StripeBearer[]): number[] {
  const masks = parents.map(() => 0)
  const easy = parents.map(({ isUsable, maxStripes }) => (isUsable ? maxStripes : 0))
  const most = parents.map(({ isUsable, mostStripes }) => (isUsable ? mostStripes : 0))
  const left: number[] = []
  for (let stripe = 0; stripe < STRIPES; stripe++) {
    const owner = parents.findIndex(({ assigned }, at) => (assigned >> stripe) & 1 && (easy[at] ?? 0) > 0)
    if (owner < 0) left.push(stripe)
    else give(owner, stripe)
  }
  for (const stripe of left) {
    const roomy = easy.findIndex((stripes) => stripes > 0)
    const bearer = roomy >= 0 ? roomy : most.findIndex((stripes) => stripes > 0)
    if (bearer >= 0) give(bearer, stripe)
  }
  return masks

  function give(at: number, stripe: number): void {
    masks[at] = (masks[at] ?? 0) | (1 << stripe)
    easy[at] = (easy[at] ?? 0) - 1
    most[at] = (most[at] ?? 0) - 1
  }
}
