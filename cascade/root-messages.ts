/**
 * What an edge's root peers and the coordinator's host say to each other, as JSON over one WebSocket between the edge and the
 * origin's internal listener (docs/api.md). Both ends check what they are sent against these schemas.
 */
import { z } from 'zod'
import {
  count,
  iceServerSchema,
  kbps,
  peerId,
  programId,
  roomId,
  signalFields,
  trackName,
} from './message-fields.ts'
import { MAX_TRACKS } from './frame/frame.ts'

/** Path of the WebSocket on the origin's internal listener; `Authorization: Bearer` with the cluster's secret. */
export const ROOT_SOCKET_PATH = '/internal/cascade'
export const MAX_ROOT_MESSAGE_BYTES = 64 * 1024
/** Swarms one edge has roots in at once. */
export const MAX_ROOT_SWARMS = 256

/** Which swarm, and the root's own name in it. */
const rootOf = { room: roomId, program: programId, rendition: trackName, peer_id: peerId }

export const ROOT_FAILURES = ['unsupported', 'capacity', 'not_live', 'failed'] as const

/** `from` and `to` are peers; one of them is a root of the edge that sends or receives this. */
const rootSignal = z.object({
  type: z.literal('cascade-signal'),
  room: roomId,
  from: peerId,
  to: peerId,
  ...signalFields,
})

/** Edge → origin. */
export const rootClientMessage = z.discriminatedUnion('type', [
  /** The first message. `swarms`: what is still open from before the connection broke; their links stay. */
  z.object({
    type: z.literal('root-hello'),
    /** A name of the edge that outlives its connection. */
    node: z.string().regex(/^[A-Za-z0-9._:-]{1,64}$/),
    /** Children of all its roots together. */
    capacity: z.int().min(0).max(100_000),
    swarms: z.array(z.object(rootOf)).max(MAX_ROOT_SWARMS).default([]),
  }),
  rootSignal,
  /** Every `stats_ms`. Counts are since the last report. */
  z.object({
    type: z.literal('root-stats'),
    swarms: z
      .array(z.object({ ...rootOf, children: count, spare_kbps: kbps, sent_bytes: count }))
      .max(MAX_ROOT_SWARMS),
  }),
  /** A root could not be opened, or is gone: the host does without it. */
  z.object({ type: z.literal('root-failed'), ...rootOf, reason: z.enum(ROOT_FAILURES) }),
])
export type RootClientMessage = z.output<typeof rootClientMessage>

/** Origin → edge. */
export const rootServerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('root-welcome'), stats_ms: z.int().min(500).max(60_000) }),
  /** A swarm wants a root. Again for one that is open already: limits and servers from now on, links stay. */
  z.object({
    type: z.literal('root-open'),
    ...rootOf,
    /** Names of the swarm's tracks; their places are the indexes on the wire. */
    tracks: z.array(trackName).min(1).max(MAX_TRACKS),
    /** base64url: the room's Ed25519 key, of parts and tokens. */
    public_key: z.string().max(64),
    ice_servers: z.array(iceServerSchema).max(8),
    max_children: z.int().min(0).max(512),
  }),
  /** Nobody needs it any more. */
  z.object({ type: z.literal('root-close'), room: roomId, program: programId, rendition: trackName }),
  rootSignal,
  /** Whom no root of the room must deal with any more: a polluter. */
  z.object({ type: z.literal('cascade-cut'), room: roomId, peer_id: peerId }),
])
export type RootServerMessage = z.output<typeof rootServerMessage>
