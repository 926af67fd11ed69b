/** Who bears which stripes, worked out anew whenever something changes, and said to those for whom it does. */
import type { Clock } from '../clock.ts'
import { ALL_STRIPES, countStripes } from '../frame/frame.ts'
import type { Parent } from './parent.ts'
import { assignStripes } from './stripes.ts'

export interface BearingOptions {
  clock: Clock
  /** Best first. */
  parents: () => readonly Parent[]
  /** Of all tracks together, kbit/s; 0 before anything is known. */
  streamKbps: () => number
  /** The newest part of any track; -1 before the first. */
  newest: () => number
  /** Tells a parent what to push from a part on. */
  ask: (parent: Parent, stripes: number, from: number) => void
}

/** A planned change takes effect this many parts ahead, so that no chunk has two bearers. */
export const AHEAD_PARTS = 2
const RECONSIDER_MS = 2000

export class Bearing {
  readonly #options: BearingOptions
  #reconsideredAtMs = 0
  /** Stripes that no parent's path has room for: HTTP's. */
  unborne = 0

  constructor(options: BearingOptions) {
    this.#options = options
  }

  /** Works out who bears what from `newest + ahead` on. */
  rebalance(ahead: number): void {
    const now = this.#options.clock.now()
    const kbps = this.#options.streamKbps()
    const parents = this.#options.parents()
    const masks = assignStripes(
      parents.map((parent) => ({
        assigned: parent.assigned,
        isUsable: parent.isUsable,
        ...parent.room(kbps, now),
      })),
    )
    const borne = masks.reduce((all, mask) => all | mask, 0)
    this.unborne = parents.some(({ isUsable }) => isUsable) ? ALL_STRIPES & ~borne : 0
    const newest = this.#options.newest()
    // From 0 is from the next on. What was before a newcomer's time is a reserve that HTTP brings: pushed, it would be in the way of what is live.
    const from = newest < 0 ? 0 : newest + ahead
    parents.forEach((parent, at) => {
      const stripes = masks[at] ?? 0
      if (parent.state === 'granted' && parent.subscription.stripes !== stripes)
        this.#options.ask(parent, stripes, from)
    })
  }

  /** Paths change: one that bears more than it can carry is relieved, and who has room again bears what it should. */
  reconsider(): void {
    const now = this.#options.clock.now()
    if (now - this.#reconsideredAtMs < RECONSIDER_MS) return
    this.#reconsideredAtMs = now
    const kbps = this.#options.streamKbps()
    const parents = this.#options.parents()
    const isOver = (parent: Parent): boolean =>
      parent.isUsable && countStripes(parent.subscription.stripes) > parent.room(kbps, now).mostStripes
    const isFree = parents.filter((parent) => parent.isFreed(kbps, now)).length > 0
    if (isFree || this.unborne !== 0 || parents.some(isOver)) this.rebalance(AHEAD_PARTS)
  }
}
