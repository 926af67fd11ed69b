/** The edges that have roots, and in which swarms. */
import type { PeerId } from '../../cascade/peer-id.ts'
import type { RootServerMessage } from '../../cascade/root-messages.ts'
import { MAX_ROOT_SWARMS } from '../../cascade/root-messages.ts'

export interface SwarmName {
  room: string
  program: string
  rendition: string
}

/** The connection to an edge. */
export interface RootLink {
  send(message: RootServerMessage): void
}

export interface RootNode {
  readonly name: string
  capacity: number
  /** Null while the edge is away; its roots and their links may live on. */
  link: RootLink | null
  awaySinceMs: number
  /** Its root in each swarm. */
  readonly swarms: Map<string, RootEntry>
}

export interface RootEntry {
  readonly name: SwarmName
  readonly peer: PeerId
  /** As its edge said last; null before. */
  children: number | null
  spareKbps: number | null
  sentBytes: number
}

export interface RootReport {
  children: number
  spareKbps: number
  /** Since the report before. */
  sentBytes: number
}

/** A root as those see it who manage the room. */
export interface RootView {
  id: PeerId
  /** The edge it is on. */
  node: string
  is_away: boolean
  children: number | null
  spare_kbps: number | null
  sent_bytes: number
}

export const MAX_NODES = 1000
/** For an edge to come back before its roots are taken for dead. */
export const AWAY_MS = 15_000
const MAX_CHILDREN = 512
const MIN_CHILDREN = 2

export function swarmKey({ room, program, rendition }: SwarmName): string {
  return `${room} ${program} ${rendition}`
}

export class RootNodes {
  readonly #nodes = new Map<string, RootNode>()
  readonly #byPeer = new Map<PeerId, RootNode>()

  get roots(): number {
    return this.#byPeer.size
  }

  nodes(): RootNode[] {
    return [...this.#nodes.values()]
  }

  get(name: string): RootNode | undefined {
    return this.#nodes.get(name)
  }

  of(peer: PeerId): RootNode | undefined {
    return this.#byPeer.get(peer)
  }

  /** A connection takes the place of the one before it under that name. Null where there are too many edges. */
  connect(name: string, capacity: number, link: RootLink): RootNode | null {
    const known = this.#nodes.get(name)
    if (known === undefined && this.#nodes.size >= MAX_NODES) return null
    const node = known ?? { name, capacity, link, awaySinceMs: 0, swarms: new Map() }
    this.#nodes.set(name, node)
    Object.assign(node, { capacity, link })
    return node
  }

  /** Connected edges without a root in this swarm, the emptiest first. */
  candidates(swarm: SwarmName): RootNode[] {
    const key = swarmKey(swarm)
    const free = this.nodes().filter(
      ({ link, swarms, capacity }) =>
        link !== null && capacity > 0 && !swarms.has(key) && swarms.size < MAX_ROOT_SWARMS,
    )
    return free.sort((a, b) => share(b) - share(a))
  }

  add(node: RootNode, name: SwarmName, peer: PeerId): void {
    node.swarms.set(swarmKey(name), { name, peer, children: null, spareKbps: null, sentBytes: 0 })
    this.#byPeer.set(peer, node)
  }

  /** What an edge says of a root of its. */
  note(name: SwarmName, peer: PeerId, { children, spareKbps, sentBytes }: RootReport): void {
    const root = this.#byPeer.get(peer)?.swarms.get(swarmKey(name))
    if (root?.peer === peer)
      Object.assign(root, { children, spareKbps, sentBytes: root.sentBytes + sentBytes })
  }

  view(swarm: SwarmName): RootView[] {
    const key = swarmKey(swarm)
    return this.nodes().flatMap(({ name, link, swarms }) => {
      const root = swarms.get(key)
      if (root === undefined) return []
      const { peer: id, children, spareKbps, sentBytes } = root
      const figures = { children, spare_kbps: spareKbps, sent_bytes: sentBytes }
      return [{ id, node: name, is_away: link === null, ...figures }]
    })
  }

  remove(peer: PeerId): void {
    const node = this.#byPeer.get(peer)
    this.#byPeer.delete(peer)
    for (const [key, root] of node?.swarms ?? []) if (root.peer === peer) node?.swarms.delete(key)
  }

  /** Forgets an edge that has no roots any more. */
  drop(node: RootNode): void {
    if (this.#nodes.get(node.name) === node) this.#nodes.delete(node.name)
  }
}

/** Children each of an edge's roots may have. */
export function childrenPerRoot({ capacity, swarms }: RootNode): number {
  const each = Math.floor(capacity / Math.max(1, swarms.size))
  return Math.min(MAX_CHILDREN, Math.max(Math.min(MIN_CHILDREN, capacity), each))
}

function share(node: RootNode): number {
  return node.capacity / (node.swarms.size + 1)
}
