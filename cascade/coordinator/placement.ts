/** Gives a peer its parents: a primary, a backup under another first-level ancestor where there is one, a third that only beats. */
import type { Candidates, Search, SwarmFacts } from './candidates.ts'
import { countStripes } from '../frame/frame.ts'
import { divideStripes, PRIMARY_STRIPES } from './path.ts'
import { hasFreeSeat, isRoot, parentsWanted } from './swarm-peer.ts'
import type { Link, SwarmPeer } from './swarm-peer.ts'

/** Candidates that a link is tried to before giving up. */
const TRIES = 8
/** Peers looked at for a leaf that would make way. */
const MAX_LEAVES_SEEN = 256

export class Placement {
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

  /** Adds the parents that are missing. False where there is no primary to be had. */
  fill(peer: SwarmPeer): boolean {
    if (isRoot(peer)) return true
    this.changed.add(peer)
    this.wanting.delete(peer)
    const isFed = this.#ensurePrimary(peer)
    if (peer.parents.length > 0) {
      this.diversify(peer)
      while (peer.parents.length < parentsWanted(peer)) if (!this.#addBackup(peer)) break
      this.arrange(peer)
    }
    if (peer.parents.length < Math.min(2, parentsWanted(peer))) this.wanting.add(peer)
    return isFed
  }

  /** Gives it a better primary where there is one; where it may have three parents, the old one stays as the last. */
  improve(peer: SwarmPeer, minGain: number): boolean {
    const [current] = peer.parents
    if (current === undefined) return false
    const { parent } = current
    const [better] = this.#candidates.find(primarySearch(peer, isRoot(parent)))
    if (better === undefined) return false
    const rank = (to: SwarmPeer, link: Link | null): number => this.#candidates.rank(peer, to, link, [])
    if (rank(better, null) - rank(parent, current) < minGain) return false
    this.#makeWay(peer, current)
    const link = this.#link(better, peer)
    const kept = peer.parents.filter((each) => each !== link && each !== current)
    const old = peer.parents.filter((each) => each === current)
    if (link !== null) this.#reorder(peer, [link, ...kept, ...old])
    this.fill(peer)
    peer.movedAtMs = this.#facts.now()
    return link !== null
  }

  /** One who pushes more than it is asked for as a rule, since others died, gives a child away; false where nobody has a seat for one. */
  relieve(parent: SwarmPeer): boolean {
    if (isRoot(parent) || parent.pushed <= parent.askedStripes) return false
    const links = [...parent.children].filter(({ stripes }) => stripes > 0)
    links.sort((a, b) => a.child.children.size - b.child.children.size || weight(a) - weight(b))
    return links.slice(0, TRIES).some((link) => this.#giveAway(link))
  }

  #giveAway(link: Link): boolean {
    const { child } = link
    const isLed = child.parents[0] === link
    const search = isLed ? primarySearch(child, false) : backupSearch(child)
    const candidates = this.#candidates.find(search).filter((candidate) => hasFreeSeat(candidate))
    const found = this.#linkFirst(search, candidates)
    if (found === null) return false
    this.#facts.graph.unlink(link)
    if (isLed) this.#lead(child, found)
    this.fill(child)
    child.movedAtMs = this.#facts.now()
    return true
  }

  /** From below a root to below a peer, with all that hangs on it; false where nobody has a seat for it. */
  lower(peer: SwarmPeer): boolean {
    const [current] = peer.parents
    if (current === undefined || !isRoot(current.parent)) return false
    const search = primarySearch(peer, false)
    const found = [...this.#candidates.find(search), ...this.#candidates.findDeeper(search)]
    const peers = found.filter((candidate) => !isRoot(candidate))
    if (peers.length === 0) return false
    if (peer.parents.length >= parentsWanted(peer)) {
      const spare = peer.parents.length > 1 ? peer.parents.at(-1) : undefined
      if (spare !== undefined) this.#facts.graph.unlink(spare)
    }
    const link = this.#linkFirst(search, peers)
    if (link !== null) this.#lead(peer, link)
    this.fill(peer)
    if (link === null) return false
    peer.movedAtMs = this.#facts.now()
    return true
  }

  /** Another backup, if the one there is would die with the primary and a better one exists. */
  diversify(peer: SwarmPeer): boolean {
    const [primary, backup] = peer.parents
    if (primary === undefined || backup === undefined) return false
    const { graph } = this.#facts
    const branch = graph.branchOf(primary.parent)
    if (graph.branchOf(backup.parent) !== branch) return false
    const third = peer.parents[2]
    if (
      third !== undefined &&
      graph.branchOf(third.parent) !== branch &&
      third.parent.pushed < third.parent.maxStripes
    ) {
      this.#reorder(peer, [primary, third, backup])
      return true
    }
    const maxLayer = peer.seats === 0 ? Infinity : primary.parent.layer + 1
    const link = this.#attachHere({ ...backupSearch(peer), otherThan: new Set([branch]), maxLayer })
    if (link === null) return false
    graph.unlink(backup)
    this.#reorder(peer, [primary, link, ...peer.parents.filter((each) => each !== primary && each !== link)])
    return true
  }

  /** Has a backup become the primary; false where it has not the upload. */
  promote(peer: SwarmPeer, backup: Link): boolean {
    if (!canLead(backup)) return false
    this.#lead(peer, backup)
    this.changed.add(peer)
    peer.movedAtMs = this.#facts.now()
    return true
  }

  /** Divides the stripes among the parents there are. */
  arrange(peer: SwarmPeer): void {
    this.#reorder(peer, peer.parents)
  }

  /** Ends links that a peer has no room for any more, backups first; their children are looked after by the caller. */
  shed(parent: SwarmPeer): SwarmPeer[] {
    const shed: SwarmPeer[] = []
    const links = [...parent.children].sort((a, b) => weight(a) - weight(b))
    for (const link of links) {
      if (parent.children.size <= parent.seats && parent.pushed <= parent.maxStripes) break
      this.#facts.graph.unlink(link)
      shed.push(link.child)
    }
    return shed
  }

  #ensurePrimary(peer: SwarmPeer): boolean {
    const [first] = peer.parents
    const { graph } = this.#facts
    const isLed = first !== undefined && graph.isFed(first.parent) && canLead(first)
    // A root that is dear leads until somebody else is reached.
    if (
      isLed &&
      (!this.#candidates.isDear(first.parent, first) || peer.parents.length >= parentsWanted(peer))
    )
      return true
    const link = isLed ? this.#attach(primarySearch(peer, false)) : this.#attachPrimary(peer)
    if (link !== null) this.#lead(peer, link)
    return link !== null || (first !== undefined && graph.isFed(first.parent))
  }

  /** What has children keeps its depth if it can, but not at the cost of a root that pushes more than its share already. */
  #attachPrimary(peer: SwarmPeer): Link | null {
    const busy = primarySearch(peer, true)
    return (
      this.#attach(primarySearch(peer, false)) ??
      this.#attach(busy) ??
      this.#attach({ ...busy, minStripes: 1 }) ??
      this.#takeLeafsPlace(peer)
    )
  }

  /**
   * In another branch, no deeper than the primary if that can be: a deep backup costs the peer's own children a layer. Else a root
   * that only beats; else whoever is not deeper.
   */
  #addBackup(peer: SwarmPeer): boolean {
    const { graph } = this.#facts
    const [primary] = peer.parents
    if (primary === undefined) return false
    const level = primary.parent.layer
    const search = { ...backupSearch(peer), maxLayer: level }
    const diverse = {
      ...search,
      otherThan: new Set(peer.parents.map(({ parent }) => graph.branchOf(parent))),
    }
    const deeper = peer.seats === 0 ? Infinity : level + 1
    const link =
      this.#attachHere(diverse) ??
      this.#attachHere({ ...diverse, maxLayer: deeper }) ??
      this.#attachHere({ ...search, maxLayer: 0, allowsBusyRoots: true }) ??
      this.#attachHere(search)
    return link !== null
  }

  #attach(search: Search): Link | null {
    return this.#attachHere(search) ?? this.#attachDeeper(search)
  }

  #attachHere(search: Search): Link | null {
    return this.#linkFirst(search, this.#candidates.find(search))
  }

  #attachDeeper(search: Search): Link | null {
    if (search.peer.children.size === 0) return null
    return this.#linkFirst(search, this.#candidates.findDeeper(search))
  }

  #linkFirst({ peer }: Search, candidates: readonly SwarmPeer[]): Link | null {
    for (const candidate of candidates.slice(0, TRIES)) {
      const link = this.#link(candidate, peer)
      if (link !== null) return link
    }
    return null
  }

  #link(parent: SwarmPeer, peer: SwarmPeer): Link | null {
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
      this.#facts.graph.unlink(link)
      this.arrange(link.child)
      this.changed.add(link.child)
      this.wanting.add(link.child)
    }
  }

  /** Where every seat is taken, one who relays takes that of a leaf, which then finds one below. */
  #takeLeafsPlace(peer: SwarmPeer): Link | null {
    if (peer.seats === 0 || peer.askedStripes < PRIMARY_STRIPES) return null
    const leafsLink = this.#findLeaf(peer)
    if (leafsLink === null) return null
    const { parent, child: leaf } = leafsLink
    this.#facts.graph.unlink(leafsLink)
    const link = this.#facts.graph.link(parent, peer, this.#facts.now())
    if (leaf.parents.length > 0) this.arrange(leaf)
    this.changed.add(leaf)
    this.wanting.add(leaf)
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

  /** Of three, the one that only beats goes for a new primary; of two, the old primary. */
  #makeWay(peer: SwarmPeer, primary: Link): void {
    if (peer.parents.length < parentsWanted(peer)) return
    const last = peer.parents.length > 2 ? peer.parents.at(-1) : primary
    if (last !== undefined) this.#facts.graph.unlink(last)
  }

  #lead(peer: SwarmPeer, link: Link): void {
    this.#reorder(peer, [link, ...peer.parents.filter((each) => each !== link)])
  }

  #reorder(peer: SwarmPeer, links: readonly Link[]): void {
    const carried = links.map((link, index) => {
      const { parent, stripes } = link
      // Beyond its budget a root only beats for those who have a primary elsewhere.
      const isBusy = isRoot(parent) && this.#candidates.isOverBudget(stripes > 0 ? 0 : 1)
      if (isBusy && index > 0) return 0
      return Math.max(0, Math.min(roomFor(link), this.#candidates.carried(peer, parent, link)))
    })
    // What is kept back for that is enough for a fifth stripe.
    const room = links[0] === undefined ? 0 : roomFor(links[0]) + 1
    this.#facts.graph.arrange(peer, links, divideStripes(carried, room))
  }
}

/** Stripes its parent can send it. */
function roomFor({ parent, stripes }: Link): number {
  return parent.maxStripes - parent.pushed + countStripes(stripes)
}

/** One who takes a leaf's place must be able to have children there. */
const MAX_LAYER_OF_RELAYS = 5

function primarySearch(peer: SwarmPeer, allowsBusyRoots: boolean): Search {
  return {
    peer,
    kind: 'primary',
    minStripes: PRIMARY_STRIPES,
    otherThan: null,
    allowsBusyRoots,
    maxLayer: Infinity,
  }
}

function backupSearch(peer: SwarmPeer): Search {
  return { peer, kind: 'free', minStripes: 1, otherThan: null, allowsBusyRoots: false, maxLayer: Infinity }
}

/** Whether it is the primary already, or has the upload to become it. */
function canLead({ parent, stripes }: Link): boolean {
  const own = countStripes(stripes)
  if (own > 1) return true
  return parent.pushed - own + PRIMARY_STRIPES <= parent.maxStripes
}

/** Who makes way first: those that only beat, then backups, then children; of equals the youngest. */
function weight(link: Link): number {
  const isPrimary = link.child.parents[0] === link
  return (isPrimary ? 1000 : 100 * countStripes(link.stripes)) - link.sinceMs * 1e-9
}
