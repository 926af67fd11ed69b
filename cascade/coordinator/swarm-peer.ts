/** A peer as the coordinator remembers it, and its links. */
import { STRIPES } from '../frame/frame.ts'
import type { Ability } from '../messages.ts'
import type { PeerId } from '../peer-id.ts'
import { PRIMARY_STRIPES } from './path.ts'

/** A root's children are at 1. */
export const MAX_DEPTH = 5
/** Of its upload, what a peer is asked for as a rule; the rest is for promotions and repairs. */
const ASKED_SHARE = 0.7

export interface Link {
  readonly parent: SwarmPeer
  readonly child: SwarmPeer
  /** Bit mask; 0 for heartbeats alone. */
  stripes: number
  readonly sinceMs: number
  /** As the child reported; null before it has. */
  rttMs: number | null
  loss: number
  relayed: boolean
}

export interface SwarmPeer {
  readonly id: PeerId
  ability: Ability
  readonly locality: string
  readonly joinedAtMs: number
  /** Greater than that of every parent, MAX_DEPTH at most: what keeps the graph without a cycle. */
  layer: number
  /** Best first: the first one is the primary. */
  parents: Link[]
  readonly children: Set<Link>
  /** Children it may have. */
  seats: number
  /** Stripes it is asked to send as a rule, and at most. */
  askedStripes: number
  maxStripes: number
  /** Stripes it sends now: all, and those of whom it is the primary of; and how many those are. */
  pushed: number
  primaryPushed: number
  primaries: number
  /** The shortest round-trip it has reported to anybody; null before. */
  rttMs: number | null
  /** The least it loses on any of its links: what its own network loses. */
  loss: number
  /** Share of its stream that the cascade brings, smoothed. */
  supply: number
  hasReported: boolean
  /** No newcomers until then. */
  closedUntilMs: number
  movedAtMs: number
  /** Came back after a break: keeps its links as they are until then, for its parents to come back too. */
  heldUntilMs: number
  /** Parents that were no good to it lately: until when they are not tried again. */
  avoided: Map<PeerId, number> | null
  /** Children that gave it up lately. */
  complaints: number
  complainedAtMs: number
  /** A child has had a link to it; else how often one was tried in vain. */
  hasServed: boolean
  failedDials: number
  /** What it was told last. */
  told: string
}

export type Capacity = Pick<SwarmPeer, 'seats' | 'askedStripes' | 'maxStripes'>

export interface Newcomer {
  id: PeerId
  ability: Ability
  /** Where it is, as a word: peers with the same one are near each other. '' for unknown. */
  locality: string
}

export function createPeer(
  { id, ability, locality }: Newcomer,
  nowMs: number,
  bitrateKbps: number,
): SwarmPeer {
  const isRoot = ability.device === 'root'
  return {
    id,
    ability,
    locality,
    joinedAtMs: nowMs,
    layer: isRoot ? 0 : 1,
    parents: [],
    children: new Set(),
    ...capacityOf(ability, bitrateKbps),
    pushed: 0,
    primaryPushed: 0,
    primaries: 0,
    rttMs: null,
    loss: 0,
    supply: 1,
    hasReported: isRoot,
    closedUntilMs: 0,
    movedAtMs: nowMs,
    heldUntilMs: 0,
    avoided: null,
    complaints: 0,
    complainedAtMs: 0,
    hasServed: false,
    failedDials: 0,
    told: '',
  }
}

/** Mobile, hidden and non-relaying peers, and those behind a relay of their own, are leaves. */
export function capacityOf(ability: Ability, bitrateKbps: number): Capacity {
  const { device, relays, hidden, relay_only } = ability
  const isLeaf = !relays || hidden || relay_only || device === 'mobile'
  const stripes = (ability.upload_kbps * STRIPES) / Math.max(1, bitrateKbps)
  const askedStripes = Math.floor(ASKED_SHARE * stripes)
  if (isLeaf || askedStripes < 1) return { seats: 0, askedStripes: 0, maxStripes: 0 }
  return { seats: ability.max_children, askedStripes, maxStripes: Math.floor(stripes) }
}

export function isRoot(peer: SwarmPeer): boolean {
  return peer.ability.device === 'root'
}

/** Room for a stream's main share; backups make way for it. */
export function hasPrimarySeat(peer: SwarmPeer): boolean {
  return peer.primaries < peer.seats && peer.primaryPushed + PRIMARY_STRIPES <= peer.askedStripes
}

/** Room for a child nobody has to make way for. */
export function hasFreeSeat(peer: SwarmPeer): boolean {
  return peer.children.size < peer.seats && peer.pushed < peer.askedStripes
}

/** How many parents it is given: by its device and how well its network does. */
export function parentsWanted({ ability, loss }: SwarmPeer): number {
  const isSmall = ability.device === 'mobile'
  if (ability.relay_only) return isSmall ? 1 : 2
  return isSmall && loss < LOSSY ? 2 : 3
}
/** From here on a third path is worth its cost on a phone, too. */
const LOSSY = 0.02
