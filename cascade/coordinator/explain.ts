/** Why a peer has the parents it has, in sentences for people. */
import type { Graph } from './graph.ts'
import { countStripes } from '../frame/frame.ts'
import { isRoot } from './swarm-peer.ts'
import type { Link, SwarmPeer } from './swarm-peer.ts'

const MAX_CHARS = 200

/** Why this one, of all. */
export function explainLink(graph: Graph, link: Link): string {
  const { parent, child, stripes, rttMs, loss } = link
  const distance =
    rttMs === null ? 'not measured yet' : `${Math.round(rttMs)} ms away, ${(loss * 100).toFixed(1)} % lost`
  const what = isRoot(parent) ? 'root' : `at depth ${graph.depthOf(parent)}`
  const via = link.relayed ? ', relayed' : ''
  return `${roleOf(graph, link)}: ${what}, ${distance}${via}, ${countStripes(stripes)} of 5 stripes, ${child.parents.length} parents`.slice(
    0,
    MAX_CHARS,
  )
}

/** Of the peer as a whole. */
export function explainPeer(graph: Graph, peer: SwarmPeer): string {
  if (isRoot(peer)) return 'a root: what it gives comes from its edge'
  const [primary, ...backups] = peer.parents
  if (primary === undefined) return 'has no parents: nobody above it has room; it is tried again every 10 s'
  const leaf = peer.seats === 0 ? ', a leaf' : `, ${peer.children.size} of ${peer.seats} children`
  const spread = backups.map((link) => (sharesBranch(graph, primary, link) ? 'the same' : 'another'))
  const others =
    spread.length === 0 ? 'no backup has room' : `backups under ${spread.join(' and ')} first-level peer`
  return `depth ${graph.depthOf(peer)}${leaf}; ${explainLink(graph, primary)}; ${others}`.slice(0, MAX_CHARS)
}

function roleOf(graph: Graph, link: Link): string {
  const [primary] = link.child.parents
  if (primary === undefined || primary === link) return 'best of those with room'
  const where = sharesBranch(graph, primary, link)
    ? 'backup, no other branch has room'
    : 'backup in another branch'
  return link.stripes === 0 ? `${where}, heartbeats only` : where
}

function sharesBranch(graph: Graph, a: Link, b: Link): boolean {
  return graph.branchOf(a.parent) === graph.branchOf(b.parent)
}
