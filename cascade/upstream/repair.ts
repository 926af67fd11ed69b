/**
 * What is late, and who is asked for it: another parent, then a third, then HTTP, each early enough to be of use. A late part on
 * a living link is repaired; it is no reason to switch.
 */
import type { Clock } from '../clock.ts'
import { ALL_STRIPES, MAX_WANTS, STRIPES, type Want } from '../frame/frame.ts'
import type { Parent } from './parent.ts'
import { PART_MS, type PartWindow } from '../assembly/part-window.ts'
import type { PartState } from '../assembly/part-state.ts'
import type { Upstream } from './upstream.ts'

export interface RepairOptions {
  clock: Clock
  upstream: Upstream
  windows: readonly PartWindow[]
  reserveMs: () => number
  onFetch: (track: number, number: number) => void
}

/** How long HTTP may take: so early it is asked. */
const FETCH_LEAD_MS = 250
/** However large the reserve: those below wait for the same part. */
const FETCH_AFTER_MS = 1500
const MIN_ANSWER_MS = 50
/** On top of a round trip: the asked one may have to send behind what it sends anyway. */
const ANSWER_SLACK_MS = 30
/** HTTP fetches for parts that nobody has shown any sign of. */
const UNSEEN_AFTER_MS = PART_MS + 200
const MAX_FETCHES = 8
/** Where no parent can be asked, HTTP is after so long. */
const ALONE_MS = 200
/** With a reserve this small, nobody waits for a parent who asks for patience, nor long for one who is known to be slow. */
const LOW_RESERVE_MS = 2000
const LOW_PATIENCE_MS = 500
const MAX_HOLD_MS = 150
/** Of equals, a root is asked last: it is asked by all. */
const ROOT_COST = 0.5

export class Repair {
  readonly #options: RepairOptions
  /** Parts without a sign that were fetched, by track. */
  readonly #unseen: number[]
  nacksSent = 0

  constructor(options: RepairOptions) {
    this.#options = options
    this.#unseen = options.windows.map(() => -1)
  }

  /** Looks at everything that is missing; true where something is late. */
  tick(): boolean {
    const wants = new Map<Parent, Want[]>()
    const reserveMs = this.#options.reserveMs()
    let isRepairing = false
    for (const window of this.#options.windows) {
      let index = 0
      let fetching = 0
      for (const part of window.incomplete()) {
        const late = this.#lateStripes(part, reserveMs)
        if (late !== 0) {
          isRepairing = true
          part.lateStripes |= late
          this.#ask(part, this.#askable(part, late), wants)
        }
        if (part.isFetched) fetching++
        else if (this.#isDue(part, late, reserveMs + PART_MS * index) && fetching < MAX_FETCHES) {
          fetching++
          part.isFetched = true
          this.#options.onFetch(part.track, part.number)
        }
        index++
      }
      if (index === 0) this.#expect(window, reserveMs)
    }
    for (const [parent, list] of wants) this.#send(parent, list)
    return isRepairing
  }

  /** Stripes with something missing that should be here by now; all of them where META is. */
  #lateStripes(part: PartState, reserveMs: number): number {
    const { upstream, clock } = this.#options
    const ageMs = clock.now() - part.sinceMs
    if (part.known === null) return this.#isMetaLate(part, ageMs, reserveMs) ? ALL_STRIPES : 0
    let late = 0
    for (let stripe = 0; stripe < STRIPES; stripe++) {
      if (!part.isMissing(1 << stripe)) continue
      const bearer = upstream.bearerOf(part, stripe)
      if (!bearer || upstream.isSuspect(bearer) || bearer.skips(part)) late |= 1 << stripe
      else if (ageMs > this.#patienceWith(bearer, part, reserveMs)) late |= 1 << stripe
    }
    return late
  }

  /** What no path has room for is not asked for, either. */
  #askable(part: PartState, late: number): number {
    return part.known === null ? late : late & ~this.#options.upstream.unborne
  }

  #ask(part: PartState, late: number, wants: Map<Parent, Want[]>): void {
    if (late === 0) return
    const now = this.#options.clock.now()
    const last = this.#options.upstream.parents.find(({ id }) => id === part.lastAsked)
    const answerMs = Math.max(MIN_ANSWER_MS, last?.link.likelyRttMs ?? 0) + ANSWER_SLACK_MS
    if (now - part.askedAtMs < answerMs) return
    const target = this.#chooseTarget(part, late)
    if (!target) return
    const list = wants.get(target) ?? []
    if (list.length >= MAX_WANTS) return
    const needsMeta = part.known === null
    list.push({
      track: part.track,
      number: part.number,
      needsMeta,
      chunks: needsMeta ? (this.#bearersOfMeta(part).length > 0 ? [] : null) : part.missing(late),
    })
    wants.set(target, list)
    part.asked.add(target.id)
    part.lastAsked = target.id
    part.askedAtMs = now
  }

  /** Somebody alive who has it, sooner than somebody who may get it; not who is late with it, not who was asked already. */
  #chooseTarget(part: PartState, late: number): Parent | null {
    const { upstream } = this.#options
    const usable = upstream.parents.filter((parent) => parent.isUsable && !upstream.isSuspect(parent))
    const fresh = usable.filter(({ id }) => !part.asked.has(id))
    if (fresh.length === 0) part.asked.clear()
    const from = fresh.length > 0 ? fresh : usable
    const isLate = (parent: Parent): boolean => (parent.subscription.stripesFor(part.number) & late) !== 0
    const cost = (parent: Parent): number =>
      (parent.holds(part) ? 0 : 2) +
      (isLate(parent) ? 1 : 0) +
      (parent.skips(part) ? 4 : 0) +
      (parent.depth === 0 ? ROOT_COST : 0)
    return from.reduce<Parent | null>((best, next) => (best && cost(best) <= cost(next) ? best : next), null)
  }

  #isDue(part: PartState, late: number, dueInMs: number): boolean {
    if (late === 0 && part.known !== null) return false
    const ageMs = this.#options.clock.now() - part.sinceMs
    const { hasUsable, unborne } = this.#options.upstream
    const waitMs = hasUsable && (late & unborne) === 0 ? FETCH_AFTER_MS : ALONE_MS
    return dueInMs < FETCH_LEAD_MS || ageMs > waitMs
  }

  /** Nobody shows a sign of the next part, and the reserve runs out: HTTP knows whether there is one. */
  #expect(window: PartWindow, reserveMs: number): void {
    if (window.newest < 0 || reserveMs > FETCH_LEAD_MS + PART_MS) return
    const next = window.newest + 1
    const isOverdue = this.#options.clock.now() - window.newestAtMs > UNSEEN_AFTER_MS
    if (!isOverdue || (this.#unseen[window.track] ?? -1) >= next) return
    this.#unseen[window.track] = next
    this.#options.onFetch(window.track, next)
  }

  #send(parent: Parent, wants: Want[]): void {
    if (parent.link.send({ type: 'nack', wants })) this.nacksSent++
  }

  /** META comes with the chunks, from whoever pushes any: the soonest of those says when it should be here. */
  #isMetaLate(part: PartState, ageMs: number, reserveMs: number): boolean {
    return this.#bearersOfMeta(part).every(
      (bearer) => bearer.skips(part) || ageMs > this.#patienceWith(bearer, part, reserveMs),
    )
  }

  /** Those alive who push any of it. */
  #bearersOfMeta(part: PartState): Parent[] {
    const { upstream } = this.#options
    return upstream.parents.filter(
      (parent) => parent.subscription.stripesFor(part.number) !== 0 && !upstream.isSuspect(parent),
    )
  }

  #patienceWith(parent: Parent, part: PartState, reserveMs: number): number {
    const { patienceMs } = parent.arrivals.of(part)
    if (reserveMs <= LOW_RESERVE_MS) return Math.min(patienceMs, LOW_PATIENCE_MS)
    const isHeld = this.#options.clock.now() < parent.holdUntilMs
    return patienceMs + (isHeld ? MAX_HOLD_MS : 0)
  }
}
