/** A root: the edge's own peer, given every part a moment after the edge has it. */
import { Peer } from '../../../cascade/peer.ts'
import type { PeerId } from '../../../cascade/peer-id.ts'
import type { Part } from '../../../media/part.ts'
import { SimNode } from '../network/sim-node.ts'
import { ROOT_STACK } from '../network/stack.ts'
import { Delays } from '../viewer/delays.ts'
import { numberOf, PROGRAM, RENDITION, ROOM, TRACKS } from './stream.ts'
import type { World } from './world.ts'

export interface RootOptions {
  id: PeerId
  uplinkKbps: number
  maxChildren: number
}

/** From the packager through the edge's cache. */
const EDGE_MS = 15
const ACCESS_MS = 2

export class SimRoot {
  readonly id: PeerId
  readonly node: SimNode
  readonly peer: Peer
  readonly delays = new Delays(TRACKS.length)
  readonly maxChildren: number
  readonly #world: World

  constructor(world: World, { id, uplinkKbps, maxChildren }: RootOptions) {
    this.#world = world
    this.id = id
    this.maxChildren = maxChildren
    const line = { uplinkKbps, downlinkKbps: Infinity, accessMs: ACCESS_MS }
    this.node = new SimNode(world.clock, { id, stack: ROOT_STACK, ...line })
    this.peer = new Peer({
      ...{ id, room: ROOM, program: PROGRAM, rendition: RENDITION, tracks: TRACKS, isRoot: true },
      clock: this.node.clock,
      wallNow: () => world.wallNow(),
      random: () => world.random.next(),
      verifier: world.verifier,
      limits: { maxChildren, uploadKbps: uplinkKbps },
      reserveMs: () => Infinity,
      events: {
        onPart: (part) => this.#note(part),
        onFetch: () => undefined,
        onParentLost: () => undefined,
      },
    })
    const ability = { device: 'root', relays: true, upload_kbps: uplinkKbps } as const
    world.tracker.join({
      id,
      ability: { ...ability, max_children: maxChildren, hidden: false, relay_only: false },
      onParents: () => undefined,
      onOff: () => undefined,
      onCut: (peer) => this.node.whenRunning(() => this.peer.cut(peer)),
    })
  }

  published(part: Part): void {
    this.node.clock.after(EDGE_MS, () => this.peer.offer(part))
  }

  #note(part: Part): void {
    this.delays.note(numberOf(part), this.#world.clock.now())
  }
}
