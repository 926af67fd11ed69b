/** Opens and closes the roots of swarms on the edges that are connected, and keeps their limits. */
import type { IceServer } from '../../cascade/messages.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import type { RootClientMessage } from '../../cascade/root-messages.ts'
import { createPeerId } from './credentials.ts'
import { AWAY_MS, childrenPerRoot, swarmKey } from './root-nodes.ts'
import type { RootLink, RootNode, RootNodes, SwarmName } from './root-nodes.ts'
import type { Swarm } from './swarm.ts'

export interface RootHostOptions {
  nodes: RootNodes
  iceServers: readonly IceServer[]
  publicKey: (roomId: string) => string
  /** The swarm, made if its program is on air and has that rendition; null otherwise. */
  openSwarm: (name: SwarmName) => Swarm | null
  findSwarm: (name: SwarmName) => Swarm | null
  /** A root is there, or has other limits. */
  onRoot: (swarm: Swarm, peer: PeerId, maxChildren: number) => void
  onRootGone: (swarm: Swarm, peer: PeerId) => void
  now: () => number
}

/** With one edge more than needed the death of one stops nobody. */
const SPARE_ROOTS = 1
const VIEWERS_PER_ROOT = 100

export class RootHost {
  readonly #options: RootHostOptions

  constructor(options: RootHostOptions) {
    this.#options = options
  }

  /** The edge's first message: what it still has open is kept where anybody may want it. */
  connect(hello: Extract<RootClientMessage, { type: 'root-hello' }>, link: RootLink): RootNode | null {
    const { nodes, openSwarm } = this.#options
    const node = nodes.connect(hello.node, hello.capacity, link)
    if (node === null) return null
    const kept = new Set<PeerId>()
    for (const { room, program, rendition, peer_id } of hello.swarms) {
      const name = { room, program, rendition }
      const swarm = openSwarm(name)
      const known = node.swarms.get(swarmKey(name))
      if (swarm === null || (known !== undefined && known.peer !== peer_id)) {
        link.send({ type: 'root-close', ...name })
        continue
      }
      if (known === undefined) nodes.add(node, name, peer_id)
      swarm.roots.add(peer_id)
      kept.add(peer_id)
    }
    for (const { name, peer } of [...node.swarms.values()]) if (!kept.has(peer)) this.failed(name, peer)
    this.#refresh(node)
    return node
  }

  /** Its roots may live on, and it may come back. */
  disconnected(node: RootNode, link: RootLink): void {
    if (node.link !== link) return
    node.link = null
    node.awaySinceMs = this.#options.now()
    for (const { name, peer } of node.swarms.values())
      this.#options.findSwarm(name)?.coordinator.suspend(peer, node.awaySinceMs + AWAY_MS)
  }

  /** As many roots as the swarm needs and the edges have. */
  ensure(swarm: Swarm): void {
    const wanted = 1 + SPARE_ROOTS + Math.floor(swarm.coordinator.viewers / VIEWERS_PER_ROOT)
    const missing = wanted - swarm.roots.size
    if (missing <= 0) return
    for (const node of this.#options.nodes.candidates(swarm.name).slice(0, missing)) {
      const peer = createPeerId()
      this.#options.nodes.add(node, swarm.name, peer)
      swarm.roots.add(peer)
      this.#refresh(node)
    }
  }

  /** Nobody wants the swarm any more. */
  close(swarm: Swarm): void {
    const { nodes } = this.#options
    for (const peer of swarm.roots) {
      const node = nodes.of(peer)
      nodes.remove(peer)
      node?.link?.send({ type: 'root-close', ...swarm.name })
      if (node !== undefined) this.#refresh(node)
    }
    swarm.roots.clear()
  }

  /** A root that could not be opened, or is gone. */
  failed(name: SwarmName, peer: PeerId): void {
    const { nodes, findSwarm, onRootGone } = this.#options
    nodes.remove(peer)
    const swarm = findSwarm(name)
    if (swarm?.roots.delete(peer) === true) onRootGone(swarm, peer)
  }

  /** Gives up on edges that stay away. */
  expire(): void {
    for (const node of this.#options.nodes.nodes()) {
      if (node.link !== null || this.#options.now() - node.awaySinceMs < AWAY_MS) continue
      for (const { name, peer } of [...node.swarms.values()]) this.failed(name, peer)
      this.#options.nodes.drop(node)
    }
  }

  /** Tells an edge what it has to have open; what it has more or fewer swarms for changes the limits of all. */
  #refresh(node: RootNode): void {
    const { findSwarm, iceServers, onRoot, publicKey } = this.#options
    const maxChildren = childrenPerRoot(node)
    for (const { name, peer } of [...node.swarms.values()]) {
      const swarm = findSwarm(name)
      if (swarm === null) continue
      node.link?.send({
        type: 'root-open',
        ...name,
        peer_id: peer,
        tracks: swarm.tracks,
        public_key: publicKey(name.room),
        ice_servers: [...iceServers],
        max_children: maxChildren,
      })
      onRoot(swarm, peer, maxChildren)
    }
  }
}
