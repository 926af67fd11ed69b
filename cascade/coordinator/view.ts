/** What the coordinator can be asked of a swarm, for the admin's graph and for its viewers. */
import { explainLink } from './explain.ts'
import type { Graph } from './graph.ts'
import type { ParentAssignment } from '../messages.ts'
import type { PeerId } from '../peer-id.ts'
import type { Link, SwarmPeer } from './swarm-peer.ts'

export interface PeerView {
  id: PeerId
  depth: number
  parents: ParentAssignment[]
  children: number
  device: 'desktop' | 'mobile' | 'root'
  ageMs: number
}

export interface SwarmView {
  program: string
  rendition: string
  peers: PeerView[]
}

/** As its child is told of it, with the sentence why. */
export function assignmentOf(graph: Graph, link: Link): ParentAssignment {
  const { parent, child, stripes } = link
  const role = child.parents[0] === link ? 'primary' : 'backup'
  return { id: parent.id, role, stripes, depth: graph.depthOf(parent), why: explainLink(graph, link) }
}

export function viewOf(graph: Graph, peer: SwarmPeer, nowMs: number): PeerView {
  return {
    id: peer.id,
    depth: graph.depthOf(peer),
    parents: peer.parents.map((link) => assignmentOf(graph, link)),
    children: peer.children.size,
    device: peer.ability.device,
    ageMs: Math.round(nowMs - peer.joinedAtMs),
  }
}
