/** Makes links and ends them: whoever is linked anew, has to make way, or gets its stripes from elsewhere is noted, to be told. */
import { STRIPES } from '../frame/frame.ts'
import type { Candidates, Search, SwarmFacts } from './candidates.ts'
import { easeOf, roomFor, weight } from './link-room.ts'
import { divideStripes, PRIMARY_STRIPES } from './path.ts'
import { hasFreeSeat, isRoot } from './swarm-peer.ts'
import type { Link, SwarmPeer } from './swarm-peer.ts'

/** Candidates that a link is tried to before giving up. */
const TRIES = 8
/** Peers looked at for a leaf that would make way. */
const MAX_LEAVES_SEEN = 256
/** One who takes a leaf's place must be able to have children there. */
const MAX_LAYER_OF_RELAYS = 5

export class Linking {
  readonly #facts: SwarmFacts
  readonly #candidates: Candidates
  /** Whose parents have changed, to be told. */
  readonly changed = new Set<SwarmPeer>()
  /** Who has no primary or no backup: looked after at the next tick. */
  readonly wanting = new Set<SwarmPeer>()

  constructor(facts: SwarmFacts, candidates: Candidates) {
    this.#facts = facts
    this.#candidates = candidates
  }

  /** Divides the stripes among the parents there are. */
  arrange(peer: SwarmPeer): void {
    this.reorder(peer, peer.parents)
  }

  /** Null where nobody can be its parent; also below where it is now, if need be. */
  attach(search: Search): Link | null {
    return this.attachHere(search) ?? this.#attachDeeper(search)
  }

  /** Without anybody being pushed down. */
  attachHere(search: Search): Link | null {
    return this.linkFirst(search, this.#candidates.find(search))
  }

  #attachDeeper(search: Search): Link | null {
    if (search.peer.children.size === 0) return null
    return this.linkFirst(search, this.#candidates.findDeeper(search))
  }

  /** To the first of these that can be linked to. */
  linkFirst({ peer }: Search, candidates: readonly SwarmPeer[]): Link | null {
    for (const candidate of candidates.slice(0, TRIES)) {
      const link = this.link(candidate, peer)
      if (link !== null) return link
    }
    return null
  }

  /** Null where it would close a circle, or there is no seat to be had. The link pushes nothing yet. */
  link(parent: SwarmPeer, peer: SwarmPeer): Link | null {
    // Nobody makes way in vain.
    if (!this.#facts.graph.fits(parent, peer)) return null
    if (!hasFreeSeat(parent)) this.#makeRoom(parent)
    return this.#facts.graph.link(parent, peer, this.#facts.now())
  }

  /** Backups make way for a primary. */
  #makeRoom(parent: SwarmPeer): void {
    const backups = [...parent.children].filter((link) => link.child.parents[0] !== link)
    backups.sort((a, b) => weight(a) - weight(b))
    for (const link of backups) {
      const fits = parent.pushed + PRIMARY_STRIPES <= parent.maxStripes
      if (parent.children.size < parent.seats && fits) return
      this.dropBackup(link)
    }
  }

  /** Where every seat is taken, one who relays takes that of a leaf, which then finds one below. */
  takeLeafsPlace(peer: SwarmPeer): Link | null {
    if (peer.seats === 0 || peer.askedStripes < PRIMARY_STRIPES) return null
    const leafsLink = this.#findLeaf(peer)
    if (leafsLink === null) return null
    const { parent, child: leaf } = leafsLink
    this.#facts.graph.unlink(leafsLink)
    const link = this.#facts.graph.link(parent, peer, this.#facts.now())
    this.postpone(leaf)
    return link
  }

  #findLeaf(peer: SwarmPeer): Link | null {
    const queue = [...this.#facts.graph.roots]
    const lowest = peer.children.size > 0 ? peer.layer : Infinity
    for (let at = 0; at < queue.length && at < MAX_LEAVES_SEEN; at += 1) {
      const parent = queue[at]
      if (parent === undefined || parent.layer + 1 >= MAX_LAYER_OF_RELAYS || parent.layer >= lowest) continue
      for (const link of parent.children) {
        if (link.child.parents[0] !== link || link.child === peer) continue
        if (link.child.seats === 0 && this.#suits(peer, parent)) return link
        if (queue.length < MAX_LEAVES_SEEN) queue.push(link.child)
      }
    }
    return null
  }

  #suits(peer: SwarmPeer, parent: SwarmPeer): boolean {
    const isParent = peer.parents.some((link) => link.parent === parent)
    return (
      !isParent &&
      !this.#candidates.isAvoided(peer, parent) &&
      this.#candidates.carried(peer, parent, null) > 0
    )
  }

  /** A backup goes; its child is looked after at the next tick. */
  dropBackup(link: Link): void {
    this.#facts.graph.unlink(link)
    this.postpone(link.child)
  }

  /** It makes do with the parents it has, and is given what is missing at the next tick. */
  postpone(peer: SwarmPeer): void {
    this.arrange(peer)
    this.changed.add(peer)
    this.wanting.add(peer)
  }

  /** Makes one of its links the first. */
  lead(peer: SwarmPeer, link: Link): void {
    this.reorder(peer, [link, ...peer.parents.filter((each) => each !== link)])
  }

  /** Puts all its links into this order, and divides the stripes among them. */
  reorder(peer: SwarmPeer, links: readonly Link[]): void {
    // What is kept back for that is enough for a fifth stripe.
    const room = links[0] === undefined ? 0 : roomFor(links[0]) + 1
    this.#facts.graph.arrange(peer, links, divideStripes(this.#carried(peer, links), room))
  }

  /** Stripes that each may be given, at the most. */
  #carried(peer: SwarmPeer, links: readonly Link[]): number[] {
    const carried = links.map((link, index) => {
      const { parent, stripes } = link
      // Beyond its budget a root only beats for those who have a primary elsewhere.
      const isBusy = isRoot(parent) && this.#candidates.isOverBudget(stripes > 0 ? 0 : 1)
      if (isBusy && index > 0) return 0
      return Math.max(0, Math.min(roomFor(link), this.#candidates.carried(peer, parent, link)))
    })
    const [first] = links
    if (first === undefined || !isRoot(first.parent) || !this.#candidates.isOverBudget(0)) return carried
    // A root that pushes more than its share leaves to others what they bear with ease.
    const [most = 0, ...others] = carried.map((stripes, index) => {
      const link = links[index]
      return index > 0 && link !== undefined ? Math.min(stripes, easeOf(link)) : stripes
    })
    const borne = others.reduce((sum, stripes) => sum + stripes, 0)
    return [Math.max(1, Math.min(most, STRIPES - borne)), ...others]
  }
}
