/** A parent as its child sees it: what it was asked for, what it holds, whether it keeps its word. */
import { Arrivals } from './arrival.ts'
import { countStripes, STRIPES, type Holding } from '../frame/frame.ts'
import { LOSSY, type Link } from '../link/link.ts'
import type { PartState } from '../assembly/part-state.ts'
import type { LostReason, ParentFacts, ParentRole } from '../peer-options.ts'
import type { PeerId } from '../peer-id.ts'
import type { StripeBearer } from './stripes.ts'
import { Subscription } from '../link/subscription.ts'

/** Of parts in a row to which it brought nothing of its share. */
const ZOMBIE_PARTS = 6
/** Where packets get lost, media may wait for an association's timer while heartbeats pass. */
const ZOMBIE_PARTS_LOSSY = 16
/** Shares of what a path could carry: up to the first parts come in time, above the second queues grow without end. */
const EASY_SHARE = 0.75
const MOST_SHARE = 0.9
/** Room must have lasted for so long before a path is trusted with more again. */
const FREED_MS = 8000
const LATE_GAIN = 1 / 16

export class Parent {
  readonly id: PeerId
  readonly link: Link
  readonly askedAtMs: number
  readonly subscription = new Subscription()
  readonly arrivals = new Arrivals()
  role: ParentRole['role']
  /** The coordinator's wish. */
  assigned: number
  state: ParentFacts['state'] = 'asked'
  depth: number | null = null
  path: readonly PeerId[] = []
  /** Its stripes are somebody else's for now; why. */
  out: LostReason | null = null
  wasOut = false
  /** It has said good-bye, and is gone by then. */
  leavesAtMs: number | null = null
  /** When it was heard again while out. */
  backSinceMs: number | null = null
  /** It repairs what is missing: patience until then. */
  holdUntilMs = -Infinity
  /** It said that it sends too much: half of what it did, until then. */
  limit: { stripes: number; untilMs: number } | null = null
  mediaAtMs = -Infinity
  /** When it was first to push anything, as one that had granted it. */
  bearsSinceMs: number | null = null
  mediaBytes = 0
  /** Share of its parts that were late, lately. */
  lateness = 0
  #missed = 0
  #roomSinceMs: number | null = null
  readonly #holdings = new Map<number, Holding>()
  readonly #skips = new Map<number, { from: number; to: number }>()

  constructor(role: ParentRole, link: Link, nowMs: number) {
    this.id = role.id
    this.role = role.role
    this.assigned = role.stripes
    this.link = link
    this.askedAtMs = nowMs
  }

  get isUsable(): boolean {
    return this.state === 'granted' && this.out === null && !this.link.isClosed
  }

  /** How many stripes of a stream of this rate its path can be trusted with: with ease, and at the most. */
  room(streamKbps: number, nowMs: number): Pick<StripeBearer, 'maxStripes' | 'mostStripes'> {
    const limited = this.limit && this.limit.untilMs > nowMs ? this.limit.stripes : STRIPES
    const carried = (share: number): number => {
      if (streamKbps <= 0) return limited
      const stripes = Math.floor((share * this.link.pathKbps * STRIPES) / streamKbps)
      return Math.min(STRIPES, Math.max(stripes, 1), limited)
    }
    return { maxStripes: carried(EASY_SHARE), mostStripes: carried(MOST_SHARE) }
  }

  noteHoldings(holdings: readonly Holding[]): void {
    for (const holding of holdings) this.#holdings.set(holding.track, holding)
  }

  /** It says that it has this part whole. */
  holds(part: PartState): boolean {
    const holding = this.#holdings.get(part.track)
    const back = holding ? holding.newest - part.number : -1
    return holding !== undefined && back >= 0 && back < 32 && ((holding.bitmap >>> back) & 1) === 1
  }

  /** -1 where it has said nothing. */
  newestOf(track: number): number {
    return this.#holdings.get(track)?.newest ?? -1
  }

  /** Of any track. */
  get newest(): number {
    return Math.max(-1, ...[...this.#holdings.values()].map(({ newest }) => newest))
  }

  noteSkip(track: number, from: number, to: number): void {
    this.#skips.set(track, { from, to })
  }

  skips(part: PartState): boolean {
    const skip = this.#skips.get(part.track)
    return skip !== undefined && part.number >= skip.from && part.number < skip.to
  }

  /** It was told off for sending too much: it keeps half. */
  limitStripes(nowMs: number, forMs: number): void {
    const stripes = Math.floor(countStripes(this.subscription.stripes) / 2)
    this.limit = { stripes, untilMs: nowMs + forMs }
  }

  /** It bears less than the coordinator gave it, and has had room for all of that for a while. */
  isFreed(streamKbps: number, nowMs: number): boolean {
    const wanted = countStripes(this.assigned)
    const bears = countStripes(this.subscription.stripes & this.assigned)
    const isShort = this.isUsable && bears < wanted && this.room(streamKbps, nowMs).maxStripes >= wanted
    if (isShort) this.#roomSinceMs ??= nowMs
    else this.#roomSinceMs = null
    return this.#roomSinceMs !== null && nowMs - this.#roomSinceMs >= FREED_MS
  }

  noteBearing(nowMs: number): void {
    if (this.state === 'granted' && this.subscription.stripes !== 0) this.bearsSinceMs ??= nowMs
  }

  /** A chunk of media came from it, needed or not. */
  noteMedia(bytes: number, nowMs: number): void {
    this.mediaAtMs = nowMs
    this.mediaBytes += bytes
    this.#missed = 0
  }

  /** A part of which it had a share is whole. */
  noteShare(hasBrought: boolean): void {
    if (!hasBrought) this.#missed++
  }

  noteLate(isLate: boolean): void {
    this.lateness += ((isLate ? 1 : 0) - this.lateness) * LATE_GAIN
  }

  /** It beats, others bring, it brings nothing. */
  isZombie(nowMs: number): boolean {
    const limit = this.link.loss > LOSSY ? ZOMBIE_PARTS_LOSSY : ZOMBIE_PARTS
    return this.#missed >= limit && nowMs > this.holdUntilMs
  }

  facts(): ParentFacts {
    const { id, role, state, depth, link } = this
    return {
      ...{ id, role, state, depth },
      stripes: this.out === null ? this.subscription.stripes : 0,
      rttMs: link.rttMs,
      loss: link.loss,
      jitterMs: this.arrivals.jitterMs,
      pathKbps: Math.round(link.pathKbps),
      bytes: link.bytesIn,
      relayed: link.isRelayed,
    }
  }
}
