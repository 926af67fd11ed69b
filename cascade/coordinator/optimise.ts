/** Makes a standing graph better, few viewers at a time: what is missing first, then what hurts, then what could be better. */
import { countStripes, STRIPES } from '../frame/frame.ts'
import type { Candidates, SwarmFacts } from './candidates.ts'
import type { Graph } from './graph.ts'
import type { Linking } from './linking.ts'
import type { Moves } from './moves.ts'
import type { Placement } from './placement.ts'
import { isRoot } from './swarm-peer.ts'
import type { SwarmPeer } from './swarm-peer.ts'

/** Every viewer is looked at about so often; a tenth of them at each tick, so that no tick takes long. */
export const OPTIMISE_INTERVAL_MS = 10_000
export const TICK_MS = 1000
/** From here on a link is looked at at once. */
export const ALARM_RTT_MS = 500
export const ALARM_LOSS = 0.05

/** A primary is changed for one that is better by this much, so that two equal ones are not swapped for ever. */
const MIN_GAIN = 0.08
const MIN_ALARM_GAIN = 0.02
/** A viewer that was moved is left alone for this long. */
const REST_MS = 30_000
const ALARM_REST_MS = 5000
/** Of the viewers, how many may be moved in one interval. */
const MOVED_SHARE = 0.02
const MIN_MOVES = 2
const MAX_MOVES = 50
/** Moved away from roots in one tick, beside the other moves: roots are dear. */
const RELIEVED_SHARE = 0.01
/** For who was just placed there, or moved. */
const ROOT_REST_MS = 2000
const MAX_ROOT_TRIES = 8
/** Who pushes too much, looked at in one tick. */
const MAX_RELIEVED = 32
/** Whoever is put below a root in another's place passes on so many times as much, and has been here for so long. */
const STRONGER = 2
const SETTLED_MS = 10_000
/** In one tick: with each of them go all that hang below the other. */
const MAX_RAISED = 8
/** Peers looked at in one tick. */
const MAX_LOOKED_AT = 100
const MAX_FILLED = 64

export interface OptimiserOptions {
  facts: SwarmFacts
  candidates: Candidates
  linking: Linking
  placement: Placement
  moves: Moves
}

export class Optimiser {
  readonly #graph: Graph
  readonly #now: () => number
  readonly #candidates: Candidates
  readonly #linking: Linking
  readonly #placement: Placement
  readonly #moves: Moves
  #round: Iterator<SwarmPeer> | null = null
  #movesLeft = MIN_MOVES
  #moved = 0
  #renewedAtMs = 0
  /** Who passes on least of those below roots, as far as is known in this tick. */
  #weakest: SwarmPeer | null = null
  #raisesLeft = MAX_RAISED

  constructor({ facts, candidates, linking, placement, moves }: OptimiserOptions) {
    this.#graph = facts.graph
    this.#now = facts.now
    this.#candidates = candidates
    this.#linking = linking
    this.#placement = placement
    this.#moves = moves
  }

  /** Viewers moved so far. */
  get moves(): number {
    return this.#moved
  }

  /** One tick's work. */
  run(): void {
    if (this.#now() >= this.#renewedAtMs + OPTIMISE_INTERVAL_MS) {
      this.#renewedAtMs = this.#now()
      this.#movesLeft = Math.min(MAX_MOVES, Math.max(MIN_MOVES, Math.ceil(MOVED_SHARE * this.#graph.size)))
    }
    this.#weakest = null
    this.#raisesLeft = MAX_RAISED
    this.#fillWanting()
    this.#relieveRoots()
    this.#relieveFull()
    const looks = Math.min(MAX_LOOKED_AT, Math.ceil((this.#graph.size * TICK_MS) / OPTIMISE_INTERVAL_MS))
    for (let seen = 0; seen < looks; seen += 1) {
      const peer = this.#next()
      if (peer !== null && !isRoot(peer)) this.#lookAt(peer)
    }
  }

  /** A link of this peer is bad: another parent at once, if one is better. */
  alarm(peer: SwarmPeer): void {
    if (this.#movesLeft <= 0 || this.#now() - peer.movedAtMs < ALARM_REST_MS) return
    if (this.#moves.improve(peer, MIN_ALARM_GAIN) || this.#promote(peer)) this.#noteMove()
  }

  #lookAt(peer: SwarmPeer): void {
    this.#graph.rise(peer)
    if (this.#placement.diversify(peer)) this.#linking.changed.add(peer)
    const stripes = peer.parents.reduce((mask, link) => mask | link.stripes, 0)
    if (peer.parents.length > 0 && countStripes(stripes) < STRIPES) this.#placement.fill(peer)
    if (this.#movesLeft <= 0 || this.#now() - peer.movedAtMs < REST_MS) return
    const minGain = peer.parents.some(isBad) ? MIN_ALARM_GAIN : MIN_GAIN
    if (this.#raise(peer) || this.#moves.improve(peer, minGain)) this.#noteMove()
    else if (this.#promote(peer)) this.#noteMove()
  }

  /** One who passes on much belongs below a root, rather than one who passes on little: more hang from each, fewer hops down. */
  #raise(peer: SwarmPeer): boolean {
    const [current] = peer.parents
    if (current === undefined || isRoot(current.parent) || this.#raisesLeft <= 0) return false
    if (this.#now() - peer.joinedAtMs < SETTLED_MS) return false
    this.#weakest ??= this.#fedByRoots().reduce<SwarmPeer | null>(weaker, null)
    const weak = this.#weakest
    if (weak === null || weak.askedStripes * STRONGER > peer.askedStripes) return false
    if (!this.#moves.raise(peer, weak)) return false
    this.#weakest = null
    this.#raisesLeft -= 1
    return true
  }

  /** A backup that has shown itself better than the primary changes places with it: no new link, a change of masks. */
  #promote(peer: SwarmPeer): boolean {
    const [primary, backup] = peer.parents
    if (primary === undefined || backup === undefined || backup.rttMs === null) return false
    const gain =
      this.#candidates.rank(peer, backup.parent, backup, []) -
      this.#candidates.rank(peer, primary.parent, primary, [])
    return gain >= MIN_GAIN && this.#moves.promote(peer, backup)
  }

  #fillWanting(): void {
    let filled = 0
    for (const peer of [...this.#linking.wanting]) {
      if (filled >= MAX_FILLED) break
      if (peer.heldUntilMs > this.#now()) continue
      filled += 1
      if (peer.parents.length === 0) peer.loss /= 2
      // To the end of the queue: whoever cannot be helped must not keep others from being.
      this.#linking.wanting.delete(peer)
      this.#placement.fill(peer)
    }
  }

  /** Roots push more than their share: whoever passes on least of those below them goes below somebody else. */
  #relieveRoots(): void {
    if (!this.#candidates.isOverBudget(0)) return
    const fed = this.#fedByRoots()
    fed.sort((a, b) => a.primaries - b.primaries || a.askedStripes - b.askedStripes)
    let left = Math.ceil(this.#graph.size * RELIEVED_SHARE)
    for (const peer of fed.slice(0, left * MAX_ROOT_TRIES)) {
      if (this.#now() - peer.movedAtMs < ROOT_REST_MS || !this.#moves.lower(peer)) continue
      this.#moved += 1
      left -= 1
      if (left <= 0 || !this.#candidates.isOverBudget(0)) return
    }
  }

  /** Who pushes more than it is asked for as a rule, since others went, is late to all below it: it gives children away at once. */
  #relieveFull(): void {
    const { overfull } = this.#graph
    for (const peer of [...overfull].slice(0, MAX_RELIEVED)) {
      if (this.#moves.relieve(peer)) this.#moved += 1
      // To the end of the queue, where nobody has a seat for its children.
      else if (overfull.delete(peer)) overfull.add(peer)
    }
  }

  /** Whose primary a root is. */
  #fedByRoots(): SwarmPeer[] {
    const links = [...this.#graph.roots].flatMap(({ children }) => [...children])
    return links.filter((link) => link.child.parents[0] === link).map(({ child }) => child)
  }

  #noteMove(): void {
    this.#moved += 1
    this.#movesLeft -= 1
  }

  #next(): SwarmPeer | null {
    this.#round ??= this.#graph.peers()
    const next = this.#round.next()
    if (next.done !== true) return next.value
    this.#round = null
    return null
  }
}

function weaker(a: SwarmPeer | null, b: SwarmPeer): SwarmPeer {
  return a !== null && a.askedStripes <= b.askedStripes ? a : b
}

export function isBad(link: { rttMs: number | null; loss: number }): boolean {
  return (link.rttMs ?? 0) > ALARM_RTT_MS || link.loss > ALARM_LOSS
}
