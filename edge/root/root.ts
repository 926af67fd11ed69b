/** The root of one swarm: a peer without parents, fed from the edge's cache, and the connections its children dial. */
import type { PeerId } from '../../cascade/peer-id.ts'
import type { PeerLimits } from '../../cascade/peer-options.ts'
import { Peer } from '../../cascade/peer.ts'
import type { RootClientMessage, RootServerMessage } from '../../cascade/root-messages.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Coalescer } from '../coalescer.ts'
import type { Connection } from '../datachannel/connection.ts'
import type { DataChannelStack } from '../datachannel/stack.ts'
import { nodeClock } from './node-clock.ts'
import { createNodeVerifier } from './node-verifier.ts'
import { TrackFeed } from './track-feed.ts'
import type { FeedEnd } from './track-feed.ts'

export type RootOpen = Extract<RootServerMessage, { type: 'root-open' }>
export type RootSignal = Extract<RootServerMessage, { type: 'cascade-signal' }>

export interface RootOptions {
  open: RootOpen
  stack: Pick<DataChannelStack, 'connect'>
  coalescer: Pick<Coalescer, 'find'>
  logger: Logger
  onSignal(signal: Extract<RootClientMessage, { type: 'cascade-signal' }>): void
  /** A track has ended or is not there any more: the swarm is over. Told once. */
  onOver(end: FeedEnd): void
}

// Dials in the making beside the children that may be: those who are refused, or give up, are gone within ten seconds.
const SPARE_DIALS = 8

export class Root {
  readonly peer: Peer
  readonly #options: RootOptions
  readonly #limits: PeerLimits
  readonly #feeds: TrackFeed[]
  readonly #connections = new Map<PeerId, Connection>()
  readonly #cut = new Set<PeerId>()
  #open: RootOpen
  #isClosed = false

  /** Throws where the public key is none. */
  constructor(options: RootOptions) {
    const { open } = options
    this.#options = options
    this.#open = open
    this.#limits = { maxChildren: open.max_children, uploadKbps: null }
    this.peer = this.#createPeer(open)
    this.#feeds = open.tracks.map((track) => this.#createFeed(track))
  }

  /** What names it in messages. */
  get names(): { room: string; program: string; rendition: string; peer_id: PeerId } {
    const { room, program, rendition, peer_id } = this.#open
    return { room, program, rendition, peer_id }
  }

  start(): void {
    for (const feed of this.#feeds) void feed.run().then((end) => this.#feedEnded(end))
  }

  /** Other servers and limits from now on; links stay. */
  update(open: RootOpen): void {
    this.#open = open
    this.#limits.maxChildren = open.max_children
  }

  /** What all children together may be sent, kbit/s; null without a bound. */
  limitUpload(kbps: number | null): void {
    this.#limits.uploadKbps = kbps
  }

  /** What a child sends by way of the coordinator; an offer begins a connection, also in the place of an older one. */
  signal(signal: RootSignal): void {
    const { from, kind, sdp, mid } = signal
    if (this.#isClosed || this.#cut.has(from)) return
    if (kind === 'offer') this.#answer(from)
    this.#connections.get(from)?.signal({ kind, sdp, ...(mid === undefined ? {} : { mid }) })
  }

  /** Has nothing to do with this one any more. */
  cut(peer: PeerId): void {
    if (this.#cut.size < MAX_CUT) this.#cut.add(peer)
    this.peer.cut(peer)
    this.#connections.get(peer)?.close()
  }

  /** Says good-bye to the children; the links close a little later. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const feed of this.#feeds) feed.close()
    this.peer.leave()
  }

  #createPeer({ peer_id, room, program, rendition, tracks, public_key }: RootOpen): Peer {
    return new Peer({
      ...{ id: peer_id, room, program, rendition, tracks, isRoot: true },
      clock: nodeClock,
      wallNow: Date.now,
      random: Math.random,
      verifier: createNodeVerifier(public_key),
      limits: this.#limits,
      reserveMs: () => Infinity,
      events: {
        onPart: () => undefined,
        onFetch: () => undefined,
        onParentLost: () => undefined,
      },
    })
  }

  #createFeed(track: string): TrackFeed {
    const { coalescer, logger } = this.#options
    const { room, program } = this.#open
    return new TrackFeed({
      ...{ room, program, track, coalescer },
      onPart: (part) => this.peer.offer(part),
      onTrouble: (reason) => logger.debug({ room, track, reason }, 'the root waits for its track'),
    })
  }

  #answer(child: PeerId): void {
    this.#connections.get(child)?.close()
    if (this.#connections.size >= this.#limits.maxChildren + SPARE_DIALS) return
    const { stack, onSignal } = this.#options
    const { room, peer_id } = this.#open
    const connection = stack.connect({
      side: 'answerer',
      iceServers: this.#open.ice_servers,
      onSignal: (signal) => onSignal({ type: 'cascade-signal', room, from: peer_id, to: child, ...signal }),
      onOpen: (transport) => this.peer.addChild(child, transport),
      onFailed: () => undefined,
      onReleased: () => {
        if (this.#connections.get(child) === connection) this.#connections.delete(child)
      },
    })
    if (connection !== null) this.#connections.set(child, connection)
  }

  #feedEnded(end: FeedEnd): void {
    if (this.#isClosed || end === 'closed') return
    for (const feed of this.#feeds) feed.close()
    this.#options.onOver(end)
  }
}

const MAX_CUT = 1024
