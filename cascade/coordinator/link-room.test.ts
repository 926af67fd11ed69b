import { describe, expect, it } from 'vitest'
import type { Ability } from '../messages.ts'
import { Graph } from './graph.ts'
import { canStepIn } from './link-room.ts'
import { capacityOf, createPeer, type SwarmPeer } from './swarm-peer.ts'

const VIEWER: Ability = {
  device: 'desktop',
  relays: true,
  upload_kbps: 20_000,
  max_children: 8,
  hidden: false,
  relay_only: false,
}
const ROOT: Ability = { ...VIEWER, device: 'root', upload_kbps: 1_000_000, max_children: 100 }
/** 12 stripes of a stream of 2 Mbit/s. */
const WEAK: Ability = { ...VIEWER, upload_kbps: 5000 }

describe('canStepIn', () => {
  const graph = new Graph()
  const [root, other, primary, backup] = [ROOT, VIEWER, VIEWER, WEAK].map(add) as [
    SwarmPeer,
    SwarmPeer,
    SwarmPeer,
    SwarmPeer,
  ]
  for (const peer of [other, primary, backup]) graph.link(root, peer, 0)

  it('is whether a line bears all that turn to it when their primary dies', () => {
    const [first, second, third] = [0, 1, 2].map(() => below(primary)) as [SwarmPeer, SwarmPeer, SwarmPeer]
    expect(canStepIn(backup, first)).toBe(true)
    standBy(first)
    // one stripe now, and five for each of two: 11
    expect(canStepIn(backup, second)).toBe(true)
    standBy(second)
    // two stripes now, and five for each of three: 17
    expect(canStepIn(backup, third)).toBe(false)
    graph.resize(backup, capacityOf({ ...WEAK, upload_kbps: 6400 }, 2000))
    // four for each would be 14 of 16: all five come from it until there is another backup
    expect(canStepIn(backup, third)).toBe(false)
    expect(canStepIn(root, third)).toBe(true)
    // who would not turn to it at the same moment is no matter
    expect(canStepIn(backup, below(other))).toBe(true)
  })

  function add(ability: Ability): SwarmPeer {
    const peer = createPeer({ id: `peer${graph.size}`, ability, locality: '' }, 0, 2000)
    graph.add(peer)
    return peer
  }

  function below(parent: SwarmPeer): SwarmPeer {
    const peer = add({ ...VIEWER, device: 'mobile' })
    const link = graph.link(parent, peer, 0)
    if (link) graph.arrange(peer, [link], [0b11111])
    return peer
  }

  function standBy(peer: SwarmPeer): void {
    graph.link(backup, peer, 0)
    graph.arrange(peer, peer.parents, [0b01111, 0b10000])
  }
})
