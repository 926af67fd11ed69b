/** What a peer reports every ten seconds: of its network, and of those that serve it. */
import type { Ability, LinkStats } from '../messages.ts'
import { isBad } from './optimise.ts'
import type { SwarmPeer } from './swarm-peer.ts'

export interface PeerReport {
  ability: Ability
  parents: readonly Pick<LinkStats, 'id' | 'rtt_ms' | 'loss' | 'relayed'>[]
  /** Since the last report. */
  bytes: { cascade: number; http: number }
}

/** Notes it at the peer and its links. */
export function noteReport(peer: SwarmPeer, { parents, bytes }: PeerReport): void {
  peer.hasReported = true
  for (const { id, rtt_ms, loss, relayed } of parents) {
    const link = peer.parents.find(({ parent }) => parent.id === id)
    if (link === undefined) continue
    link.loss = link.rttMs === null ? loss : (link.loss + loss) / 2
    link.rttMs = link.rttMs === null ? rtt_ms : (link.rttMs + rtt_ms) / 2
    link.relayed = relayed
    link.parent.hasServed = true
  }
  const measured = peer.parents.filter((link) => link.rttMs !== null)
  // Of one bad link alone nobody can say which end it is.
  if (measured.length > 1 || measured.some((link) => !isBad(link))) {
    peer.rttMs = Math.min(...measured.map((link) => link.rttMs ?? Infinity))
    peer.loss = Math.min(...measured.map((link) => link.loss))
  }
  const received = bytes.cascade + bytes.http
  if (received > 0) peer.supply = (peer.supply + bytes.cascade / received) / 2
}
