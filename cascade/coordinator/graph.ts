/**
 * Who is whose parent. Every peer has a layer that is greater than those of all its parents, roots have 0: so there is no cycle by
 * any kind of link, which is asserted wherever a link is made. Who has seats is drawn from pools by layer.
 */
import type { PeerId } from '../peer-id.ts'
import { DrawPool } from './draw-pool.ts'
import { countStripes } from '../frame/frame.ts'
import { hasFreeSeat, hasPrimarySeat, isRoot, MAX_DEPTH } from './swarm-peer.ts'
import type { Capacity, Link, SwarmPeer } from './swarm-peer.ts'

export type SeatKind = 'primary' | 'free'

/** A move that would push more peers than this down is not made. */
const MAX_LOWERED = 2000

export class Graph {
  readonly roots = new Set<SwarmPeer>()
  /** Who pushes more than it is asked for as a rule. */
  readonly overfull = new Set<SwarmPeer>()
  /** Of viewers, in stripes. */
  #asked = 0
  #pushed = 0
  readonly #peers = new Map<PeerId, SwarmPeer>()
  readonly #seats: Record<SeatKind, DrawPool<SwarmPeer>[]> = { primary: createPools(), free: createPools() }

  get size(): number {
    return this.#peers.size
  }

  /** Of what viewers are asked for as a rule, what they push, 0 to 1 and a little more. */
  get load(): number {
    return this.#asked > 0 ? this.#pushed / this.#asked : 1
  }

  get(id: PeerId): SwarmPeer | undefined {
    return this.#peers.get(id)
  }

  peers(): IterableIterator<SwarmPeer> {
    return this.#peers.values()
  }

  /** Who of a layer has a seat of that kind. */
  seats(kind: SeatKind, layer: number): DrawPool<SwarmPeer> | undefined {
    return this.#seats[kind][layer]
  }

  add(peer: SwarmPeer): void {
    assert(!this.#peers.has(peer.id), 'a peer is added once')
    this.#peers.set(peer.id, peer)
    if (isRoot(peer)) this.roots.add(peer)
    else this.#asked += peer.askedStripes
    this.#index(peer)
  }

  /** Takes a peer out with all its links; returns those who lost a parent. */
  remove(peer: SwarmPeer): SwarmPeer[] {
    const orphans = [...peer.children].map(({ child }) => child)
    for (const link of [...peer.children, ...peer.parents]) this.unlink(link)
    this.#peers.delete(peer.id)
    if (!this.roots.delete(peer)) this.#asked -= peer.askedStripes
    this.overfull.delete(peer)
    for (const pools of Object.values(this.#seats)) pools[peer.layer]?.set(peer, false)
    return orphans
  }

  /** Null where it would close a circle or bring somebody too deep. The new link is the last of the child's and pushes nothing yet. */
  link(parent: SwarmPeer, child: SwarmPeer, nowMs: number): Link | null {
    if (parent.children.size >= parent.seats) return null
    const layers = this.#layersBelow(parent, child)
    if (layers === null) return null
    for (const [peer, layer] of layers) this.#setLayer(peer, layer)
    assert(parent.layer < child.layer && child.layer <= MAX_DEPTH, 'a parent is above its child')
    const link: Link = { parent, child, stripes: 0, sinceMs: nowMs, rttMs: null, loss: 0, relayed: false }
    child.parents.push(link)
    parent.children.add(link)
    this.#count(link, child.parents.length === 1, 1)
    this.#index(parent)
    return link
  }

  /** Whether the two could be linked if there were a seat. */
  fits(parent: SwarmPeer, child: SwarmPeer): boolean {
    return parent.seats > 0 && this.#layersBelow(parent, child) !== null
  }

  unlink(link: Link): void {
    const { parent, child } = link
    const [wasPrimary] = child.parents
    this.#count(link, wasPrimary === link, -1)
    child.parents = child.parents.filter((each) => each !== link)
    parent.children.delete(link)
    this.#index(parent)
    const [first] = child.parents
    if (wasPrimary !== link || first === undefined) return
    this.#count(first, false, -1)
    this.#count(first, true, 1)
    this.#index(first.parent)
  }

  /** Puts a child's links into an order, the primary first, with the stripes each is to push. */
  arrange(child: SwarmPeer, links: readonly Link[], masks: readonly number[]): void {
    assert(links.length === child.parents.length, 'all links of a child are arranged')
    for (const [index, link] of child.parents.entries()) this.#count(link, index === 0, -1)
    child.parents = [...links]
    for (const [index, link] of links.entries()) {
      link.stripes = masks[index] ?? 0
      this.#count(link, index === 0, 1)
      this.#index(link.parent)
    }
    this.rise(child)
  }

  /** It may carry more from now on, or less. */
  resize(peer: SwarmPeer, capacity: Capacity): void {
    if (!isRoot(peer)) this.#asked += capacity.askedStripes - peer.askedStripes
    Object.assign(peer, capacity)
    this.#index(peer)
  }

  /** Brings a peer's layer back to the least that its parents allow; those below it stay where they are. */
  rise(peer: SwarmPeer): void {
    if (isRoot(peer) || peer.parents.length === 0) return
    const layer = 1 + Math.max(...peer.parents.map(({ parent }) => parent.layer))
    if (layer < peer.layer) this.#setLayer(peer, layer)
  }

  /** Its way up by primaries, nearest first, itself not among them. */
  ancestors(peer: SwarmPeer): SwarmPeer[] {
    const path: SwarmPeer[] = []
    for (let at = peer.parents[0]?.parent; at !== undefined; at = at.parents[0]?.parent) path.push(at)
    return path
  }

  /** Whether a root is above it. */
  isFed(peer: SwarmPeer): boolean {
    return isRoot(this.#top(peer))
  }

  /** The child of a root that it hangs below, or itself where it is one, or is a root. */
  branchOf(peer: SwarmPeer): SwarmPeer {
    let at = peer
    for (let up = at.parents[0]?.parent; up !== undefined && !isRoot(up); up = at.parents[0]?.parent) at = up
    return at
  }

  depthOf(peer: SwarmPeer): number {
    return this.ancestors(peer).length
  }

  #top(peer: SwarmPeer): SwarmPeer {
    let at = peer
    for (let up = at.parents[0]?.parent; up !== undefined; up = at.parents[0]?.parent) at = up
    return at
  }

  /** The layers that a child below the parent, and all below it, would have; null where that cannot be. */
  #layersBelow(parent: SwarmPeer, child: SwarmPeer): Map<SwarmPeer, number> | null {
    if (parent === child || isRoot(child)) return null
    if (child.parents.some((link) => link.parent === parent)) return null
    const layers = new Map<SwarmPeer, number>()
    const queue: [SwarmPeer, number][] = [[child, parent.layer + 1]]
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      const [peer, layer] = next
      if ((layers.get(peer) ?? peer.layer) >= layer) continue
      if (layer > MAX_DEPTH || peer === parent || layers.size >= MAX_LOWERED) return null
      layers.set(peer, layer)
      for (const link of peer.children) queue.push([link.child, layer + 1])
    }
    return layers
  }

  #setLayer(peer: SwarmPeer, layer: number): void {
    for (const pools of Object.values(this.#seats)) pools[peer.layer]?.set(peer, false)
    peer.layer = layer
    this.#index(peer)
  }

  #count(link: Link, isPrimary: boolean, sign: 1 | -1): void {
    const stripes = sign * countStripes(link.stripes)
    link.parent.pushed += stripes
    if (!isRoot(link.parent)) this.#pushed += stripes
    if (!isPrimary) return
    link.parent.primaryPushed += stripes
    link.parent.primaries += sign
  }

  #index(peer: SwarmPeer): void {
    if (!this.#peers.has(peer.id)) return
    if (peer.pushed > peer.askedStripes) this.overfull.add(peer)
    else this.overfull.delete(peer)
    this.#seats.primary[peer.layer]?.set(peer, hasPrimarySeat(peer))
    this.#seats.free[peer.layer]?.set(peer, hasFreeSeat(peer))
  }
}

/** Of the layers that can have children. */
function createPools(): DrawPool<SwarmPeer>[] {
  return Array.from({ length: MAX_DEPTH }, () => new DrawPool<SwarmPeer>())
}

function assert(isTrue: boolean, rule: string): asserts isTrue {
  if (!isTrue) throw new Error(`the graph is broken: ${rule}`)
}
