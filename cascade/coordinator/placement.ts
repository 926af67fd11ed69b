/** Gives a peer its parents: a primary, a backup under another first-level ancestor where there is one, a third that only beats. */
import { backupSearch, primarySearch } from './candidates.ts'
import type { Candidates, SwarmFacts } from './candidates.ts'
import { canLead, weight } from './link-room.ts'
import type { Linking } from './linking.ts'
import { isRoot, parentsWanted } from './swarm-peer.ts'
import type { Link, SwarmPeer } from './swarm-peer.ts'

export class Placement {
  readonly #facts: SwarmFacts
  readonly #candidates: Candidates
  readonly #linking: Linking

  constructor(facts: SwarmFacts, candidates: Candidates, linking: Linking) {
    this.#facts = facts
    this.#candidates = candidates
    this.#linking = linking
  }

  /** Adds the parents that are missing. False where there is no primary to be had. */
  fill(peer: SwarmPeer): boolean {
    if (isRoot(peer)) return true
    this.#linking.changed.add(peer)
    this.#linking.wanting.delete(peer)
    const isFed = this.#ensurePrimary(peer)
    this.#dropSurplus(peer)
    if (peer.parents.length > 0) {
      this.diversify(peer)
      while (peer.parents.length < parentsWanted(peer)) if (!this.#addBackup(peer)) break
      this.#linking.arrange(peer)
    }
    if (peer.parents.length < Math.min(2, parentsWanted(peer))) this.#linking.wanting.add(peer)
    return isFed
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
      this.#linking.reorder(peer, [primary, third, backup])
      return true
    }
    const maxLayer = peer.seats === 0 ? Infinity : primary.parent.layer + 1
    const link = this.#linking.attachHere({ ...backupSearch(peer), otherThan: new Set([branch]), maxLayer })
    if (link === null) return false
    graph.unlink(backup)
    this.#linking.reorder(peer, [
      primary,
      link,
      ...peer.parents.filter((each) => each !== primary && each !== link),
    ])
    return true
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

  /** A primary that came on top of parents of whom none could lead: the last of those makes room for it. */
  #dropSurplus(peer: SwarmPeer): void {
    for (const link of peer.parents.slice(parentsWanted(peer))) this.#facts.graph.unlink(link)
  }

  #ensurePrimary(peer: SwarmPeer): boolean {
    const [first] = peer.parents
    const { graph } = this.#facts
    const isLed = first !== undefined && graph.isFed(first.parent) && canLead(first)
    // A root that is dear leads until somebody else is reached.
    const isDear = isLed && this.#candidates.isDear(first.parent, first)
    if (isLed && (!isDear || peer.parents.length >= parentsWanted(peer))) return true
    const link = isLed ? this.#linking.attach(primarySearch(peer, false)) : this.#attachPrimary(peer)
    if (link !== null) this.#linking.lead(peer, link)
    return link !== null || (first !== undefined && graph.isFed(first.parent))
  }

  /** What has children keeps its depth if it can, but not at the cost of a root that pushes more than its share already. */
  #attachPrimary(peer: SwarmPeer): Link | null {
    const busy = primarySearch(peer, true)
    return (
      this.#linking.attach(primarySearch(peer, false)) ??
      this.#linking.attach(busy) ??
      this.#linking.attach({ ...busy, minStripes: 1 }) ??
      this.#linking.takeLeafsPlace(peer)
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
      this.#linking.attachHere(diverse) ??
      this.#linking.attachHere({ ...diverse, maxLayer: deeper }) ??
      this.#linking.attachHere({ ...search, maxLayer: 0, allowsBusyRoots: true }) ??
      this.#linking.attachHere(search)
    return link !== null
  }
}
