/** Moves peers that have their parents: to better ones, away from who is asked for too much, from below roots to below peers. */
import { backupSearch, primarySearch } from './candidates.ts'
import type { Candidates, SwarmFacts } from './candidates.ts'
import { canLead, leadsWithEase, weight } from './link-room.ts'
import type { Linking } from './linking.ts'
import type { Placement } from './placement.ts'
import { PRIMARY_STRIPES } from './path.ts'
import { hasFreeSeat, hasPrimarySeat, isRoot, parentsWanted } from './swarm-peer.ts'
import type { Link, SwarmPeer } from './swarm-peer.ts'

/** Children that one who is relieved tries to give away. */
const TRIES = 8

export class Moves {
  readonly #facts: SwarmFacts
  readonly #candidates: Candidates
  readonly #linking: Linking
  readonly #placement: Placement

  constructor(facts: SwarmFacts, candidates: Candidates, linking: Linking, placement: Placement) {
    this.#facts = facts
    this.#candidates = candidates
    this.#linking = linking
    this.#placement = placement
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
    const link = this.#linking.link(better, peer)
    const kept = peer.parents.filter((each) => each !== link && each !== current)
    const old = peer.parents.filter((each) => each === current)
    if (link !== null) this.#linking.reorder(peer, [link, ...kept, ...old])
    this.#placement.fill(peer)
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
    const search = child.parents[0] === link ? primarySearch(child, false) : backupSearch(child)
    const candidates = this.#candidates.find(search).filter((candidate) => hasFreeSeat(candidate))
    const found = this.#linking.linkFirst(search, candidates)
    if (found === null) return false
    this.#change(link, found)
    return true
  }

  /** The new link takes the old one's place. */
  #change(old: Link, found: Link): void {
    const { child } = old
    const isLed = child.parents[0] === old
    this.#facts.graph.unlink(old)
    if (isLed) this.#linking.lead(child, found)
    this.#placement.fill(child)
    child.movedAtMs = this.#facts.now()
  }

  /**
   * From below a root to below a peer, with all that hangs on it; false where nobody has a seat for it. Who is nobody's first parent
   * gives up its children where they are in the way.
   */
  lower(peer: SwarmPeer): boolean {
    const [current] = peer.parents
    if (current === undefined || !isRoot(current.parent)) return false
    const proven = peer.parents.find((link) => !isRoot(link.parent) && leadsWithEase(link))
    if (proven !== undefined) return this.promote(peer, proven)
    const isLowered = this.#moveBelowPeer(peer) || (this.#giveUpBackups(peer) && this.#moveBelowPeer(peer))
    if (isLowered) peer.movedAtMs = this.#facts.now()
    return isLowered
  }

  /**
   * Gives one who can pass on much the place below a root of one who can pass on little, who then hangs below it, without children
   * where they would be too deep there. All its parents change: whatever hangs below the other may be its backup no longer. False
   * where the path to that root does not carry a stream.
   */
  raise(peer: SwarmPeer, weak: SwarmPeer): boolean {
    const { graph, now } = this.#facts
    const [place] = weak.parents
    if (place === undefined || !isRoot(place.parent)) return false
    const root = place.parent
    if (root.closedUntilMs > now() || this.#candidates.isAvoided(peer, root)) return false
    if (this.#candidates.carried(peer, root, null) < PRIMARY_STRIPES) return false
    for (const link of [place, ...peer.parents]) graph.unlink(link)
    const link = this.#linking.link(root, peer)
    if (link !== null) this.#linking.lead(peer, link)
    if (!this.#leadBelow(peer, weak)) {
      const led = [...weak.children].filter((each) => each.child.parents[0] === each)
      for (const { child } of led) this.#leadBelow(peer, child)
      this.#leadBelow(peer, weak)
    }
    for (const moved of [peer, weak]) {
      this.#placement.fill(moved)
      moved.movedAtMs = now()
    }
    return true
  }

  /** Makes one the primary of another, in the place of whom that has; false where there is no seat, or it would be too deep. */
  #leadBelow(parent: SwarmPeer, peer: SwarmPeer): boolean {
    if (!hasPrimarySeat(parent)) return false
    const [primary] = peer.parents
    const link = peer.parents.find((each) => each.parent === parent) ?? this.#linking.link(parent, peer)
    if (link === null) return false
    if (primary !== undefined && primary !== link) this.#change(primary, link)
    else this.#linking.lead(peer, link)
    return true
  }

  #moveBelowPeer(peer: SwarmPeer): boolean {
    const search = primarySearch(peer, false)
    const found = [...this.#candidates.find(search), ...this.#candidates.findDeeper(search)]
    const peers = found.filter((candidate) => !isRoot(candidate) && this.#facts.graph.fits(candidate, peer))
    if (peers.length === 0) return false
    if (peer.parents.length >= parentsWanted(peer)) {
      const spare = peer.parents.length > 1 ? peer.parents.at(-1) : undefined
      if (spare !== undefined) this.#facts.graph.unlink(spare)
    }
    const link = this.#linking.linkFirst(search, peers)
    if (link !== null) this.#linking.lead(peer, link)
    this.#placement.fill(peer)
    return link !== null
  }

  /** False where it had none, or is somebody's first parent. */
  #giveUpBackups(peer: SwarmPeer): boolean {
    if (peer.primaries > 0 || peer.children.size === 0) return false
    for (const link of [...peer.children]) this.#linking.dropBackup(link)
    return true
  }

  /** Has a backup become the primary; false where it has not the upload. */
  promote(peer: SwarmPeer, backup: Link): boolean {
    if (!canLead(backup)) return false
    this.#linking.lead(peer, backup)
    this.#linking.changed.add(peer)
    peer.movedAtMs = this.#facts.now()
    return true
  }

  /** Of three, the one that only beats goes for a new primary; of two, the old primary. */
  #makeWay(peer: SwarmPeer, primary: Link): void {
    if (peer.parents.length < parentsWanted(peer)) return
    const last = peer.parents.length > 2 ? peer.parents.at(-1) : primary
    if (last !== undefined) this.#facts.graph.unlink(last)
  }
}
