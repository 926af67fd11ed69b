/**
 * Whom a peer could be given as a parent: hard limits first, then rank. A bounded number is looked at, drawn at random from those
 * with seats in each layer, so that a swarm's size does not count.
 */
import type { Graph, SeatKind } from './graph.ts'
import { countStripes } from '../frame/frame.ts'
import { canStepIn } from './link-room.ts'
import { estimateRttMs, PRIMARY_STRIPES, stripesCarried } from './path.ts'
import { scoreParent } from './score.ts'
import { hasFreeSeat, isRoot, MAX_DEPTH } from './swarm-peer.ts'
import type { Link, SwarmPeer } from './swarm-peer.ts'

export interface SwarmFacts {
  graph: Graph
  bitrateKbps: number
  /** 0 to 1. */
  random: () => number
  /** Stripes that roots may push before peers are preferred to them at any price. */
  rootBudget: () => number
  now: () => number
}

export interface Search {
  peer: SwarmPeer
  kind: SeatKind
  /** Stripes that the path must carry. */
  minStripes: number
  /** First-level ancestors it may not hang below; null for any. */
  otherThan: ReadonlySet<SwarmPeer> | null
  /** Whether roots count that push more than their budget, or would. */
  allowsBusyRoots: boolean
  /** The deepest layer to look in. */
  maxLayer: number
}

/** For each hop above a candidate: what it adds in delay, and in peers that can die. */
const HOP_COST = 0.05
const DRAWS = 6
const WIDE_DRAWS = 64
const RELAYED_COST = 0.15
const DISPLACING_COST = 0.1
const UNPROVEN_COST = 0.1
const BUSY_ROOT_COST = 0.3
/** Of all that viewers are asked for: below the first there is plenty, above the second there is not. */
const PLENTY_LOAD = 0.35
const SCARCE_LOAD = 0.4
/** A peer that came this long ago has its first parts, as a rule. */
const PROVEN_AGE_MS = 3000

export class Candidates {
  readonly #facts: SwarmFacts

  constructor(facts: SwarmFacts) {
    this.#facts = facts
  }

  /** Whoever may be its parent without anybody being pushed down, best first; more are looked at where few would do. */
  find(search: Search): SwarmPeer[] {
    const { peer, maxLayer } = search
    const layers = 1 + Math.min(maxLayer, peer.children.size > 0 ? peer.layer - 1 : MAX_DEPTH - 1)
    const few = this.#draw(search, { from: 0, to: layers, draws: DRAWS })
    if (few.length > 0) return few
    return this.#draw(search, { from: 0, to: layers, draws: WIDE_DRAWS })
  }

  /** Those that would push its own children down, best first. */
  findDeeper(search: Search): SwarmPeer[] {
    const to = 1 + Math.min(search.maxLayer, MAX_DEPTH - 1)
    return this.#draw(search, { from: search.peer.layer, to, draws: DRAWS })
  }

  /** How good a link is, or would be: the score, less what hops, relays, displaced children and unproven parents cost. */
  rank(peer: SwarmPeer, parent: SwarmPeer, link: Link | null, others: readonly SwarmPeer[]): number {
    const { bitrateKbps, now } = this.#facts
    const isRelayed = link ? link.relayed : isAlwaysRelayed(peer) && !isRoot(parent)
    const isUnproven = !parent.hasReported && now() - parent.joinedAtMs < PROVEN_AGE_MS
    const { rttMs, loss } = this.path(peer, parent, link)
    const score = scoreParent({
      rttMs,
      loss,
      spareStreams: spareKbps(parent, bitrateKbps) / Math.max(1, bitrateKbps),
      used: this.#used(parent),
      ageMs: now() - parent.joinedAtMs,
      reliability: parent.supply / (1 + parent.complaints),
      diversity: this.#diversity(parent, others),
    })
    return (
      score -
      HOP_COST * parent.layer -
      (isRelayed ? RELAYED_COST : 0) -
      (isUnproven ? UNPROVEN_COST : 0) -
      (link === null && !hasFreeSeat(parent) ? DISPLACING_COST : 0) -
      (this.isDear(parent, link) ? BUSY_ROOT_COST : 0)
    )
  }

  /** Measured where the two have a link, else estimated; the loss of two that never met is that of the worse one's network. */
  path(peer: SwarmPeer, parent: SwarmPeer, link: Link | null): { rttMs: number; loss: number } {
    if (link !== null && link.rttMs !== null) return { rttMs: link.rttMs, loss: link.loss }
    return { rttMs: estimateRttMs(peer, parent), loss: Math.max(peer.loss, parent.loss) }
  }

  carried(peer: SwarmPeer, parent: SwarmPeer, link: Link | null): number {
    const { rttMs, loss } = this.path(peer, parent, link)
    return stripesCarried(rttMs, loss, this.#facts.bitrateKbps)
  }

  isAvoided(peer: SwarmPeer, parent: SwarmPeer): boolean {
    return (peer.avoided?.get(parent.id) ?? 0) > this.#facts.now()
  }

  /** Whether roots push more than they should, with so many stripes more. */
  isOverBudget(moreStripes: number): boolean {
    let pushed = moreStripes
    for (const root of this.#facts.graph.roots) pushed += root.pushed
    return pushed > this.#facts.rootBudget()
  }

  /** A root that would push more than its share as a primary. */
  isDear(parent: SwarmPeer, link: Link | null): boolean {
    const more = Math.max(0, PRIMARY_STRIPES - countStripes(link?.stripes ?? 0))
    return isRoot(parent) && this.isOverBudget(more)
  }

  #draw(search: Search, range: { from: number; to: number; draws: number }): SwarmPeer[] {
    const { graph, random } = this.#facts
    const { peer, kind } = search
    const found: { candidate: SwarmPeer; rank: number }[] = []
    const others = kind === 'primary' ? [] : peer.parents.map(({ parent }) => parent)
    for (let layer = range.from; layer < range.to; layer += 1) {
      for (const candidate of graph.seats(kind, layer)?.draw(range.draws, random) ?? []) {
        if (!this.#isAllowed(search, candidate)) continue
        found.push({ candidate, rank: this.rank(peer, candidate, null, others) })
      }
    }
    return found.sort((a, b) => b.rank - a.rank).map(({ candidate }) => candidate)
  }

  #isAllowed(search: Search, candidate: SwarmPeer): boolean {
    const { graph, now } = this.#facts
    const { peer, kind, otherThan, minStripes } = search
    if (candidate === peer || candidate.closedUntilMs > now()) return false
    if (peer.parents.some(({ parent }) => parent === candidate)) return false
    if (this.isAvoided(peer, candidate) || !graph.isFed(candidate)) return false
    if (isRoot(candidate) && !search.allowsBusyRoots) {
      // One who passes on little, on one of the few places below a root, would keep the tree from growing there.
      if (kind === 'primary' && peer.askedStripes < 2 * PRIMARY_STRIPES) return false
      if (this.isOverBudget(minStripes)) return false
    }
    if (otherThan?.has(graph.branchOf(candidate)) === true) return false
    if (kind === 'free' && !canStepIn(candidate, peer)) return false
    return this.carried(peer, candidate, null) >= minStripes
  }

  /**
   * Where uploads are plenty, load is spread: what begins a segment stands for less time in front of what follows. Where they are
   * scarce it is packed: what is left in many small pieces is of no use to anybody.
   */
  #used(parent: SwarmPeer): number {
    if (isRoot(parent)) return 0
    const { load } = this.#facts.graph
    const plenty = Math.min(1, Math.max(0, (SCARCE_LOAD - load) / (SCARCE_LOAD - PLENTY_LOAD)))
    return (plenty * parent.pushed) / Math.max(1, parent.askedStripes)
  }

  /** For a first parent: how little hangs on its first-level ancestor yet. For others: whether they would die together. */
  #diversity(parent: SwarmPeer, others: readonly SwarmPeer[]): number {
    const { graph } = this.#facts
    const branch = graph.branchOf(parent)
    if (others.length === 0) return 1 - branch.primaries / Math.max(1, branch.seats)
    if (others.every((other) => graph.branchOf(other) !== branch)) return 1
    const above = graph.ancestors(parent)
    return others.some((other) => above.includes(other)) ? 0 : 0.5
  }
}

/** What the seats leave of it. */
function spareKbps(parent: SwarmPeer, bitrateKbps: number): number {
  return ((parent.askedStripes - parent.pushed) / 5) * bitrateKbps
}

function isAlwaysRelayed(peer: SwarmPeer): boolean {
  return peer.ability.relay_only || (peer.parents.length > 0 && peer.parents.every((link) => link.relayed))
}

export function primarySearch(peer: SwarmPeer, allowsBusyRoots: boolean): Search {
  return {
    ...{ peer, kind: 'primary', minStripes: PRIMARY_STRIPES, allowsBusyRoots },
    ...{ otherThan: null, maxLayer: Infinity },
  }
}

export function backupSearch(peer: SwarmPeer): Search {
  return { peer, kind: 'free', minStripes: 1, otherThan: null, allowsBusyRoots: false, maxLayer: Infinity }
}
