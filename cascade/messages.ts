/**
 * What a peer and the coordinator say to each other, as JSON over the room's signalling WebSocket (docs/api.md). Both ends check
 * what they are sent against these schemas.
 */
import { z } from 'zod'
import {
  count,
  fingerprint,
  iceServerSchema,
  kbps,
  ms,
  peerId,
  programId,
  share,
  signalFields,
  trackName,
} from './message-fields.ts'

export { MAX_SDP_CHARS } from './message-fields.ts'
export type { IceServer } from './message-fields.ts'

export const MAX_PARENTS = 4

/** What a device and its viewer allow. */
export const abilitySchema = z.object({
  device: z.enum(['desktop', 'mobile', 'root']),
  /** passes on what it receives */
  relays: z.boolean(),
  upload_kbps: kbps,
  max_children: z.int().min(0).max(512),
  /** a hidden tab is a leaf */
  hidden: z.boolean(),
  /** insists on relayed ICE, to hide its address */
  relay_only: z.boolean(),
})
export type Ability = z.output<typeof abilitySchema>

export const linkStatsSchema = z.object({
  id: peerId,
  rtt_ms: ms,
  loss: share,
  jitter_ms: ms.default(0),
  bytes: count,
  relayed: z.boolean(),
})
export type LinkStats = z.output<typeof linkStatsSchema>

/** Client → server. */
export const cascadeClientMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('cascade-join'),
    program_id: programId,
    rendition: trackName,
    fingerprint,
    ability: abilitySchema,
    /** whoever was here before the connection to the signalling broke: its old name and the secret it was given with it */
    rejoin: z
      .object({
        peer_id: peerId,
        secret: z.string().min(1).max(128),
        parents: z.array(peerId).max(MAX_PARENTS),
      })
      .optional(),
  }),
  /** Carried to `to`, if the coordinator chose the pair. A child offers, its parent answers. */
  z.object({ type: z.literal('cascade-signal'), to: peerId, ...signalFields }),
  /** Every 10 s, and sooner when something is wrong. Counts are since the last report. */
  z.object({
    type: z.literal('cascade-stats'),
    ability: abilitySchema,
    parents: z.array(linkStatsSchema).max(MAX_PARENTS),
    children: z.int().min(0).max(512),
    spare_kbps: kbps,
    bytes: z.object({ cascade: count, http: count, sent: count }),
    stalls: z.int().min(0).max(10_000),
    stall_ms: ms,
    played_ms: ms,
  }),
  /** A parent is gone, full or no good: another is needed. */
  z.object({
    type: z.literal('cascade-lost'),
    parent: peerId,
    why: z.enum(['silent', 'zombie', 'closed', 'denied', 'unreachable', 'slow', 'polluted']),
  }),
  /** Proof that a peer passed on what the origin did not sign: META as signed, and the hash of what came. */
  z.object({
    type: z.literal('cascade-polluted'),
    parent: peerId,
    track: trackName,
    number: count,
    chunk: z.int().min(0).max(1024),
    meta: z.string().max(8192),
    hash: z.string().max(64),
  }),
  z.object({ type: z.literal('cascade-leave') }),
])
export type CascadeClientMessage = z.output<typeof cascadeClientMessage>

/** A parent as it was chosen. `stripes`: bit mask; 0 for heartbeats alone. `why`: for people. */
export const parentSchema = z.object({
  id: peerId,
  role: z.enum(['primary', 'backup']),
  stripes: z.int().min(0).max(31),
  depth: z.int().min(0).max(16),
  why: z.string().max(200),
})
export type ParentAssignment = z.output<typeof parentSchema>

export const OFF_REASONS = [
  'disabled',
  'control_group',
  'full',
  'no_root',
  'banned',
  'not_live',
  'rate',
] as const

/** Server → client. */
export const cascadeServerMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('cascade-welcome'),
    peer_id: peerId,
    secret: z.string().max(128),
    /** base64url: the room's Ed25519 key, of parts and tokens */
    public_key: z.string().max(64),
    ice_servers: z.array(iceServerSchema).max(8),
    /** ms between reports */
    stats_ms: z.int().min(500).max(60_000),
  }),
  /** The whole of its parents from now on, best first; `token` (base64url) is shown to those it does not know yet. */
  z.object({
    type: z.literal('cascade-parents'),
    parents: z.array(parentSchema).max(MAX_PARENTS),
    token: z.string().max(1024),
  }),
  z.object({ type: z.literal('cascade-signal'), from: peerId, ...signalFields }),
  /** No cascade for this viewer: HTTP alone. `retry_ms`: ask again after so long; null: not over this connection. */
  z.object({
    type: z.literal('cascade-off'),
    reason: z.enum(OFF_REASONS),
    retry_ms: z.int().min(1000).max(3_600_000).nullable(),
  }),
  /** Whom a peer must not deal with any more: a polluter. */
  z.object({ type: z.literal('cascade-cut'), peer_id: peerId }),
])
export type CascadeServerMessage = z.output<typeof cascadeServerMessage>
