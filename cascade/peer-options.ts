/** What a peer's engine is given, what it tells, and what can be read off it. */
import type { Part } from '../media/part.ts'
import type { Clock } from './clock.ts'
import type { PeerId } from './peer-id.ts'
import type { Verifier } from './verifier.ts'

/** `http` is whatever was offered from outside the cascade. */
export type PartSource = 'cascade' | 'http'

export interface PeerLimits {
  maxChildren: number
  /** What may be sent to all children together, kbit/s; null for no limit of ours. */
  uploadKbps: number | null
}

export const LOST_REASONS = [
  'silent',
  'zombie',
  'closed',
  'denied',
  'unreachable',
  'slow',
  'polluted',
  'bye',
] as const
export type LostReason = (typeof LOST_REASONS)[number]

/** The signed META beside what came instead: anyone with the origin's key can check it. */
export interface PollutionProof {
  parent: PeerId
  track: string
  number: number
  chunk: number
  signed: Uint8Array
  signature: Uint8Array
  /** Of the bytes that came, as `Verifier.hashChunk`. */
  hash: Uint8Array
}

export interface ParentSwitch {
  from: PeerId
  to: PeerId | null
  why: LostReason
  /** First chunk of the stripes from another parent minus the last from this one, ms. */
  gapMs: number
}

/** The engine calls these, never from inside a call into the engine that adds or removes links. */
export interface PeerEvents {
  /**
   * A part is here whole; one out of the cascade is verified. In any order, once per part; twice where it was offered from
   * outside first and the parents then brought all of it, too: how else could the cascade prove itself beside HTTP?
   */
  onPart(part: Part, source: PartSource): void
  /** Nobody brought this part in time: fetch it over HTTP and `offer` it. Asked once per part. */
  onFetch(track: string, number: number): void
  /** A parent is given up; its link is closed already. `alternative`: whom it named when it left. */
  onParentLost(parent: PeerId, why: LostReason, alternative: PeerId | null): void
  onSwitch?(change: ParentSwitch): void
  onPolluted?(proof: PollutionProof): void
  onChildLeft?(child: PeerId): void
}

export interface PeerOptions {
  id: PeerId
  room: string
  program: string
  rendition: string
  /** Names of the swarm's tracks; their places are the indexes on the wire. */
  tracks: readonly string[]
  /** A root has no parents: what it gives is what it is offered. */
  isRoot: boolean
  clock: Clock
  /** Wall clock, ms since 1970: tokens run out by it. */
  wallNow: () => number
  /** 0 to 1. */
  random: () => number
  verifier: Verifier
  limits: PeerLimits
  /** For how long a part that is due now can still be waited for: media loaded ahead of the playhead, ms. Infinity for a root. */
  reserveMs: () => number
  events: PeerEvents
}

/** A parent as the coordinator chose it; see `messages.ts`. */
export interface ParentRole {
  id: PeerId
  role: 'primary' | 'backup'
  stripes: number
}

export interface ParentFacts {
  id: PeerId
  role: 'primary' | 'backup'
  /** What it is asked to push now. */
  stripes: number
  state: 'asked' | 'granted'
  depth: number | null
  rttMs: number | null
  /** Share of the last heartbeats that were lost, 0 to 1. */
  loss: number
  jitterMs: number
  /** What its path can carry, kbit/s. */
  pathKbps: number
  bytes: number
  relayed: boolean
}

export interface ChildFacts {
  id: PeerId
  stripes: number
  rttMs: number | null
  loss: number
  bytes: number
  bufferedBytes: number
}

export interface PeerFacts {
  depth: number | null
  parents: ParentFacts[]
  children: ChildFacts[]
  bytes: { fromPrimary: number; fromBackup: number; duplicate: number; sent: number }
  parts: { cascade: number; http: number; late: number }
  verifiedChunks: number
  rejectedChunks: number
  nacksSent: number
  switches: number
  spareKbps: number
}
