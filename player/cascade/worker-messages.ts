/** What the page and the worker in which the cascade's engine runs say to each other. The same where there is no worker. */
import type {
  LostReason,
  ParentRole,
  ParentSwitch,
  PeerFacts,
  PeerLimits,
  PollutionProof,
} from '../../cascade/peer-options.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import type { ChannelSet } from './browser-transport.ts'
import type { ConnectionFacts } from './connection.ts'

/** Names a link between the two sides, from its channels on. */
export type LinkId = number

export interface EngineSettings {
  id: PeerId
  room: string
  program: string
  rendition: string
  tracks: readonly string[]
  /** the origin's Ed25519 key */
  publicKey: Uint8Array
  limits: PeerLimits
}

export type ToEngine =
  /** Comes first, and once. */
  | { type: 'open'; settings: EngineSettings }
  /** The channels of a connection that is being made; the engine's side says when they are open. */
  | { type: 'channels'; link: LinkId; channels: ChannelSet }
  | { type: 'add-parent'; link: LinkId; role: ParentRole; facts: ConnectionFacts }
  | { type: 'add-child'; link: LinkId; child: PeerId; facts: ConnectionFacts }
  | { type: 'drop'; link: LinkId }
  /** Nobody deals with this peer any more. */
  | { type: 'cut'; peer: PeerId }
  /** All parents from now on, and the token that they are shown. */
  | { type: 'parents'; roles: ParentRole[]; token: Uint8Array }
  | { type: 'limits'; limits: PeerLimits }
  | { type: 'reserve'; reserveMs: number; isPlaying: boolean }
  /** A part that came over HTTP. */
  | { type: 'offer'; bytes: Uint8Array }
  /** `isSudden`: there is no time to end what was begun. */
  | { type: 'leave'; isSudden: boolean }

export type FromEngine =
  | { type: 'link-open'; link: LinkId }
  | { type: 'link-closed'; link: LinkId }
  /** Out of the cascade, verified. */
  | { type: 'part'; bytes: Uint8Array }
  | { type: 'fetch'; track: string; number: number }
  | { type: 'parent-lost'; parent: PeerId; why: LostReason }
  | { type: 'switch'; change: ParentSwitch; atMs: number }
  | { type: 'polluted'; proof: PollutionProof }
  /** `badOffers`: parts that came over HTTP and are not what the origin signed. */
  | { type: 'facts'; facts: PeerFacts; badOffers: number }
  /** The engine is of no use any more. */
  | { type: 'failed'; message: string }

/** One end of what carries them; messages are never delivered from inside `post`. */
export interface Port<Out, In> {
  post(message: Out, transfer?: Transferable[]): void
  onMessage: ((message: In) => void) | null
  /** Ends both ends. */
  close(): void
}

export type PagePort = Port<ToEngine, FromEngine>
export type EnginePort = Port<FromEngine, ToEngine>
