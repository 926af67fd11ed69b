/**
 * Every message between two peers. Little endian, behind one fixed header of 12 bytes; each kind has a file of its own beside
 * this one, with `encode…` and `parse…`, and vectors in tests/vectors/. Byte tables: docs/cascade-frames.md; docs/cascade.md tells
 * what they are for.
 */
import { HASH_BYTES, MAX_NAME_BYTES } from '../../media/part.ts'
import type { PeerId } from '../peer-id.ts'

/** Index into the tracks of the swarm, such as `['720p', 'audio']`. */
export type TrackIndex = number

/** What a part is and how its chunks hash, under the origin's signature. Channel: media. */
export interface MetaFrame {
  type: 'meta'
  track: TrackIndex
  /** Running part number. */
  number: number
  /** As in the part's uuid box: see `parseSignedMeta` of media/part.ts. */
  signed: Uint8Array
  signature: Uint8Array
}

/** One chunk of a part's body. Channel: media. */
export interface DataFrame {
  type: 'data'
  track: TrackIndex
  number: number
  chunk: number
  chunkCount: number
  bytes: Uint8Array
}

/** What one end holds of a track: bit i of `bitmap` (32 bits) says that part `newest` - i is here whole. */
export interface Holding {
  track: TrackIndex
  newest: number
  bitmap: number
}

/** The heartbeat, and what the sender can give. Channel: heartbeat. */
export interface HaveFrame {
  type: 'have'
  /** Counts this side's heartbeats on this link from 0: gaps are packets that were lost. */
  sequence: number
  /** Heartbeats of the other side received so far: what it lost is known to both. */
  received: number
  /** The sender's clock, ms modulo 2^32. */
  sentAtMs: number
  /** The `sentAtMs` last received from the other side, and for how long it lay here; null before the first. */
  echo: { sentAtMs: number; heldMs: number } | null
  /** Upload to spare, kbit/s. */
  spareKbps: number
  holdings: Holding[]
}

/** Chunks wanted of a part; `chunks` null for all of them. */
export interface Want {
  track: TrackIndex
  number: number
  needsMeta: boolean
  chunks: number[] | null
}

/** What did not come in time, asked of another parent. Channel: control. */
export interface NackFrame {
  type: 'nack'
  /** 32 at most. */
  wants: Want[]
}

/** A child says what it wants pushed; again at every change. Channel: control. */
export interface SubscribeFrame {
  type: 'subscribe'
  /** Bit s: push stripe s. 0: heartbeats alone. */
  stripes: number
  /** First part wanted. */
  from: number
  program: string
  rendition: string
  /** Its join token; empty where the link has shown one already. */
  token: Uint8Array
}

export interface GrantFrame {
  type: 'grant'
  /** Hops from the root: 0 for a root. */
  depth: number
  /** The parent's own ancestors by its primaries, nearest first, the parent not among them. 12 at most. */
  path: PeerId[]
}

export const DENY_REASONS = ['token', 'full', 'loop', 'stream', 'closing'] as const
export type DenyReason = (typeof DENY_REASONS)[number]

export interface DenyFrame {
  type: 'deny'
  reason: DenyReason
}

/** I am repairing what is missing here: do not switch away for it. Channel: control. */
export interface HoldFrame {
  type: 'hold'
  /** When it is likely to be mended, ms from now. */
  forMs: number
}

export const SKIP_REASONS = ['pressure', 'missing'] as const
export type SkipReason = (typeof SKIP_REASONS)[number]

/** Parts `from` to `to` (not included) of a track will not come from here: ask others. Channel: control. */
export interface SkipFrame {
  type: 'skip'
  track: TrackIndex
  from: number
  to: number
  reason: SkipReason
}

export const BYE_REASONS = ['leaving', 'pressure', 'moved', 'polluted', 'refused'] as const
export type ByeReason = (typeof BYE_REASONS)[number]

/** The last message of a link. Channel: control. */
export interface ByeFrame {
  type: 'bye'
  reason: ByeReason
  /** Another parent to ask; null for none. */
  alternative: PeerId | null
}

export type Frame =
  | MetaFrame
  | DataFrame
  | HaveFrame
  | NackFrame
  | SubscribeFrame
  | GrantFrame
  | DenyFrame
  | HoldFrame
  | SkipFrame
  | ByeFrame

export type FrameType = Frame['type']

/** On the wire, and never given to another kind. */
export const FRAME_CODES: Readonly<Record<FrameType, number>> = {
  meta: 1,
  data: 2,
  have: 3,
  nack: 4,
  subscribe: 5,
  grant: 6,
  deny: 7,
  hold: 8,
  skip: 9,
  bye: 10,
}

/** A part of the cascade has no more chunks: 4 MiB. META stays below one message. */
export const MAX_PART_CHUNKS = 256
/** The META of a part with as many chunks and names as long as may be: 41 bytes of fields, two names, the hashes. */
export const MAX_SIGNED_BYTES: number = 41 + 2 * (1 + MAX_NAME_BYTES) + HASH_BYTES * MAX_PART_CHUNKS
export const MAX_TRACKS = 4
export const MAX_WANTS = 32
export const MAX_PATH = 12
/** The depth in a GRANT of a peer that has no place yet. */
export const UNKNOWN_DEPTH = 255
export const MAX_TOKEN_BYTES = 512
export const STRIPES = 5
/** The mask of all stripes. */
export const ALL_STRIPES: number = 2 ** STRIPES - 1

/** How many stripes a mask has. */
export function countStripes(mask: number): number {
  let count = 0
  for (let bits = mask; bits > 0; bits >>= 1) count += bits & 1
  return count
}
