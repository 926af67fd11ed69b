/** A peer's parents: who is asked for what, who is alive, who steps in. */
import { AHEAD_PARTS, Bearing } from './bearing.ts'
import type { Clock } from '../clock.ts'
import { ALL_STRIPES, UNKNOWN_DEPTH, type Frame, type GrantFrame, type SkipFrame } from '../frame/frame.ts'
import { GIVE_UP_MS, judge, PRESSURE_MS, type Verdict } from './judge.ts'
import { Link, SUSPECT_MS } from '../link/link.ts'
import { Parent } from './parent.ts'
import { depthBelow, pathBelow } from './place.ts'
import { Requests } from './requests.ts'
import type { PartState } from '../assembly/part-state.ts'
import type { LostReason, ParentRole, ParentSwitch } from '../peer-options.ts'
import type { PeerId } from '../peer-id.ts'
import type { Transport } from '../transport.ts'

export interface UpstreamOptions {
  id: PeerId
  program: string
  rendition: string
  clock: Clock
  /** Of all tracks together, kbit/s; 0 before anything is known. */
  streamKbps: () => number
  /** The newest part of any track; -1 before the first. */
  newest: () => number
  onMedia: (frame: Extract<Frame, { type: 'meta' | 'data' }>, parent: Parent) => void
  onHave: (parent: Parent) => void
  onLost: (parent: Parent, why: LostReason, alternative: PeerId | null) => void
  onSwitch: (change: Omit<ParentSwitch, 'gapMs'> & { lastMediaAtMs: number }) => void
  /** Depth or ancestors have changed. */
  onPath: () => void
}

/** For who says good-bye to end what it has begun. */
const FAREWELL_MS = 250

export class Upstream {
  readonly #options: UpstreamOptions
  readonly #bearing: Bearing
  readonly #requests: Requests
  #parents: Parent[] = []
  /** The least that any link loses: this end's own network. Kept while there is none. */
  #usualLoss = 0
  switches = 0

  constructor(options: UpstreamOptions) {
    this.#options = options
    this.#requests = new Requests(options)
    this.#bearing = new Bearing({
      ...options,
      parents: () => this.#parents,
      ask: (parent, stripes, from) => this.#requests.ask(parent, stripes, from),
    })
  }

  /** Shown to parents from now on. */
  set token(token: Uint8Array) {
    this.#requests.token = token
  }

  /** Best first. */
  get parents(): readonly Parent[] {
    return this.#parents
  }

  get hasUsable(): boolean {
    return this.#parents.some(({ isUsable }) => isUsable)
  }

  /** Stripes that no parent's path has room for: HTTP's. */
  get unborne(): number {
    return this.#bearing.unborne
  }

  find(id: PeerId): Parent | undefined {
    return this.#parents.find((parent) => parent.id === id)
  }

  /** Null while nobody has granted anything. */
  get depth(): number | null {
    return depthBelow(this.#parents)
  }

  /** Ancestors by the first parent, nearest first. */
  get path(): PeerId[] {
    return pathBelow(this.#parents)
  }

  add(role: ParentRole, transport: Transport): void {
    const { clock } = this.#options
    this.find(role.id)?.link.close()
    this.#parents = this.#parents.filter(({ id }) => id !== role.id)
    const link = new Link({
      id: role.id,
      transport,
      clock,
      usualLoss: () => this.#usualLoss,
      onFrame: (frame) => this.#take(parent, frame),
      onBroken: () => this.lose(parent, 'closed'),
    })
    const parent = new Parent(role, link, clock.now())
    this.#parents.push(parent)
    this.#sort()
    // Alone, it is to push at once; beside others it is proven first.
    this.#requests.open(parent, this.#parents.length === 1 ? ALL_STRIPES : 0)
  }

  /** The coordinator's word: who is who from now on. Who is not named is taken leave of. */
  setRoles(roles: readonly ParentRole[]): void {
    for (const parent of [...this.#parents]) {
      const role = roles.find(({ id }) => id === parent.id)
      if (role) {
        parent.role = role.role
        parent.assigned = role.stripes
      } else if (roles.some(({ id }) => this.find(id)?.isUsable)) this.#dismiss(parent)
      // else it stays until somebody else is there
      else parent.assigned = 0
    }
    this.#sort()
    this.#bearing.rebalance(AHEAD_PARTS)
  }

  /** Given up: its stripes are others' at once. Idempotent. */
  lose(parent: Parent, why: LostReason, alternative: PeerId | null = null): void {
    if (!this.#parents.includes(parent)) return
    if (parent.leavesAtMs !== null) return this.#forget(parent)
    this.#parents = this.#parents.filter((other) => other !== parent)
    parent.link.close()
    if (parent.out === null) this.#switchFrom(parent, why)
    this.#bearing.rebalance(1)
    this.#options.onLost(parent, why, alternative)
    this.#options.onPath()
  }

  tick(): void {
    const now = this.#options.clock.now()
    this.#noteLoss()
    this.#bearing.reconsider()
    for (const parent of [...this.#parents]) {
      const verdict = judge(parent, this.#parents, now)
      if (verdict) this.#carryOut(verdict, parent, now)
    }
  }

  beat(spareKbps: number): void {
    for (const { link } of this.#parents) link.beat(spareKbps, [])
  }

  /** This process stood still for so long: no parent's silence. */
  forgive(ms: number): void {
    for (const { link } of this.#parents) link.forgive(ms)
  }

  /** Whose this stripe of a part is; undefined where nobody's. */
  bearerOf(part: PartState, stripe: number): Parent | undefined {
    return this.#parents.find((parent) => (parent.subscription.stripesFor(part.number) >> stripe) & 1)
  }

  /** One that takes its leave still brings what was under way, as long as it is heard. */
  isSuspect(parent: Parent): boolean {
    return (parent.out !== null && parent.leavesAtMs === null) || parent.link.silentMs > SUSPECT_MS
  }

  close(): void {
    for (const { link } of this.#parents) link.close()
    this.#parents = []
  }

  /** Says good-bye to all of them; the links stay open for it to arrive. */
  leave(): void {
    for (const { link } of this.#parents) link.send({ type: 'bye', reason: 'leaving', alternative: null })
  }

  #noteLoss(): void {
    let least = Infinity
    for (const { link } of this.#parents) least = Math.min(least, link.ownLoss ?? Infinity)
    if (least < Infinity) this.#usualLoss = least
  }

  #carryOut(verdict: Verdict, parent: Parent, now: number): void {
    switch (verdict.kind) {
      case 'lose':
        return this.lose(parent, verdict.why)
      case 'bench':
        return this.#bench(parent)
      case 'forget':
        return this.#forget(parent)
      case 'reinstate':
        parent.out = null
        this.#bearing.rebalance(AHEAD_PARTS)
        return this.#options.onPath()
      case 'relieve':
        parent.limitStripes(now, PRESSURE_MS)
        parent.lateness = 0
        return this.#bearing.rebalance(AHEAD_PARTS)
    }
  }

  /** Silent, and out of the game for now: others bear its stripes. */
  #bench(parent: Parent): void {
    if (!this.#parents.some((other) => other !== parent && other.isUsable)) return
    parent.out = 'silent'
    parent.wasOut = true
    parent.backSinceMs = null
    this.#switchFrom(parent, 'silent')
    this.#bearing.rebalance(1)
    this.#options.onPath()
  }

  /** Says good-bye: others bear its stripes from the next part on, and it ends what it has begun. */
  #seeOff(parent: Parent, alternative: PeerId | null): void {
    if (parent.leavesAtMs !== null) return
    parent.leavesAtMs = this.#options.clock.now() + FAREWELL_MS
    if (parent.out === null) this.#switchFrom(parent, 'bye')
    parent.out = 'bye'
    this.#bearing.rebalance(1)
    this.#options.onLost(parent, 'bye', alternative)
    this.#options.onPath()
  }

  #switchFrom(parent: Parent, why: LostReason): void {
    if (parent.subscription.stripes === 0) return
    const to = this.#parents.find((other) => other !== parent && other.isUsable)?.id ?? null
    this.switches++
    this.#options.onSwitch({ from: parent.id, to, why, lastMediaAtMs: parent.mediaAtMs })
  }

  /** It has left, and everybody knows. */
  #forget(parent: Parent): void {
    this.#parents = this.#parents.filter((other) => other !== parent)
    parent.link.close()
  }

  #dismiss(parent: Parent): void {
    this.#parents = this.#parents.filter((other) => other !== parent)
    parent.link.send({ type: 'bye', reason: 'moved', alternative: null })
    this.#options.clock.after(GIVE_UP_MS, () => parent.link.close())
  }

  #sort(): void {
    const rank = ({ role, assigned }: Parent): number => (role === 'primary' ? 0 : assigned > 0 ? 1 : 2)
    this.#parents.sort((a, b) => rank(a) - rank(b))
  }

  #take(parent: Parent, frame: Frame): void {
    const now = this.#options.clock.now()
    switch (frame.type) {
      case 'meta':
      case 'data':
        return this.#options.onMedia(frame, parent)
      case 'have':
        parent.noteHoldings(frame.holdings)
        return this.#options.onHave(parent)
      case 'grant':
        return this.#granted(parent, frame)
      case 'deny':
        return this.lose(parent, 'denied')
      case 'hold':
        parent.holdUntilMs = now + Math.min(frame.forMs, GIVE_UP_MS)
        return
      case 'skip':
        return this.#skipped(parent, frame, now)
      case 'bye':
        return frame.reason === 'leaving'
          ? this.#seeOff(parent, frame.alternative)
          : this.lose(parent, 'bye', frame.alternative)
      default:
        return // a child's words: none of a parent's
    }
  }

  #granted(parent: Parent, { depth, path }: GrantFrame): void {
    if (path.includes(this.#options.id)) return this.#refuse(parent)
    const isNew = parent.state === 'asked'
    parent.state = 'granted'
    parent.depth = depth === UNKNOWN_DEPTH ? null : depth
    parent.path = path
    parent.noteBearing(this.#options.clock.now())
    if (isNew) this.#bearing.rebalance(AHEAD_PARTS)
    this.#options.onPath()
  }

  /** It hangs below this peer itself. */
  #refuse(parent: Parent): void {
    parent.link.send({ type: 'bye', reason: 'refused', alternative: null })
    this.lose(parent, 'denied')
  }

  #skipped(parent: Parent, { track, from, to, reason }: SkipFrame, now: number): void {
    parent.noteSkip(track, from, to)
    if (reason !== 'pressure') return
    parent.limitStripes(now, PRESSURE_MS)
    this.#bearing.rebalance(AHEAD_PARTS)
  }
}
