/**
 * Peers that come back after a restart of the signalling name the parents they still have links to. They are taken at their word
 * where it is sane; who comes before its parents is left as it is for a while, until they are back, too.
 */
import type { PeerId } from '../peer-id.ts'
import type { Graph } from './graph.ts'
import type { SwarmPeer } from './swarm-peer.ts'

/** For parents to come back. */
export const RETURN_GRACE_MS = 15_000
const MAX_AWAITED = 20_000

export class Returning {
  readonly #graph: Graph
  readonly #now: () => number
  /** By parents that are not back yet. */
  readonly #awaited = new Map<PeerId, Set<SwarmPeer>>()
  /** The parents in the order the child named them. */
  readonly #claims = new Map<SwarmPeer, PeerId[]>()

  constructor(graph: Graph, now: () => number) {
    this.#graph = graph
    this.#now = now
  }

  /** Links it to the parents that are here. True where some are not yet: it is to be left alone until then. */
  claim(peer: SwarmPeer, parents: readonly PeerId[]): boolean {
    const missing: PeerId[] = []
    for (const id of parents) {
      const parent = this.#graph.get(id)
      if (parent !== undefined) this.#graph.link(parent, peer, this.#now())
      else if (id !== peer.id && this.#awaited.size < MAX_AWAITED) missing.push(id)
    }
    if (missing.length === 0) return false
    this.#claims.set(peer, [...parents])
    peer.heldUntilMs = this.#now() + RETURN_GRACE_MS
    for (const id of missing) {
      const waiting = this.#awaited.get(id) ?? new Set()
      this.#awaited.set(id, waiting.add(peer))
    }
    return true
  }

  /** Links those who wait for it; returns the ones that have all their parents now. */
  arrived(parent: SwarmPeer): SwarmPeer[] {
    const children = this.#awaited.get(parent.id) ?? new Set()
    this.#awaited.delete(parent.id)
    const whole: SwarmPeer[] = []
    for (const child of children) {
      if (this.#graph.get(child.id) !== child) continue
      this.#graph.link(parent, child, this.#now())
      const claimed = this.#claims.get(child) ?? []
      this.#sort(child, claimed)
      if (claimed.some((id) => this.#awaited.get(id)?.has(child) === true)) continue
      this.#claims.delete(child)
      child.heldUntilMs = 0
      whole.push(child)
    }
    return whole
  }

  /** Gives up on parents that did not come back. */
  expire(): void {
    for (const [id, children] of this.#awaited) {
      for (const child of children) if (child.heldUntilMs <= this.#now()) children.delete(child)
      if (children.size === 0) this.#awaited.delete(id)
    }
    for (const child of this.#claims.keys()) if (child.heldUntilMs <= this.#now()) this.#claims.delete(child)
  }

  forget(peer: SwarmPeer): void {
    this.#claims.delete(peer)
  }

  /** As it named them, whatever the order they came in. */
  #sort(child: SwarmPeer, claimed: readonly PeerId[]): void {
    const links = [...child.parents].sort(
      (a, b) => claimed.indexOf(a.parent.id) - claimed.indexOf(b.parent.id),
    )
    this.#graph.arrange(
      child,
      links,
      links.map(({ stripes }) => stripes),
    )
  }
}
