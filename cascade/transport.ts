/**
 * One open connection between two peers, as the engine sees it: three channels (RFC 8831) of which only `control` is reliable.
 * In memory for tests and the simulator, node-datachannel at an edge's root, RTCPeerConnection in a browser: one contract suite.
 */

/**
 * `control`: ordered and reliable. `heartbeat`: unordered, never sent again. `media`: unordered, of limited lifetime, so that an
 * overload drops instead of queueing.
 */
export type Channel = 'control' | 'heartbeat' | 'media'

export const CHANNELS: readonly Channel[] = ['control', 'heartbeat', 'media']
/** Pre-negotiated stream ids, no DCEP round trip (RFC 8832). */
export const CHANNEL_IDS: Readonly<Record<Channel, number>> = { control: 0, heartbeat: 1, media: 2 }
/** Lifetime of a message on `media`, in ms. */
export const MEDIA_LIFETIME_MS = 1500
/** Above one chunk with its header, below what any stack takes in one message. */
export const MAX_MESSAGE_BYTES = 20 * 1024

export interface Transport {
  /** SHA-256 of the other end's DTLS certificate, as its SDP writes it (RFC 8122, 5): `AB:CD:…`. */
  readonly remoteFingerprint: string
  /** Goes by way of a TURN server. */
  readonly isRelayed: boolean
  /** Bytes given to `media` that the network has not taken yet. */
  readonly bufferedBytes: number
  /** False where the message was not taken: closed, or the stack's queue is full. Never throws. */
  send(channel: Channel, message: Uint8Array): boolean
  /** Set by the engine that is given the transport. Messages are never delivered from inside `send`. */
  onMessage: ((channel: Channel, message: Uint8Array) => void) | null
  /** Told once, when nothing will come any more, whichever end closed; not from inside `close`. A connection state of the browser's is no reason to. */
  onClosed: (() => void) | null
  /** Idempotent. */
  close(): void
}
