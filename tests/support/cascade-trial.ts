/** A viewer's end of the cascade with a coordinator, a root and other peers around it, in memory: only the network is missing. */
import { Peer } from '../../cascade/peer.ts'
import { createJsVerifier } from '../../cascade/js-verifier.ts'
import type { CascadeClientMessage, CascadeServerMessage } from '../../cascade/messages.ts'
import type { PartSource } from '../../cascade/peer-options.ts'
import { encodeToken, parseFingerprint } from '../../cascade/token.ts'
import { runningNumber, type Part } from '../../media/part.ts'
import { encodeBase64Url } from '../../player/cascade/base64url.ts'
import { BrowserTransport } from '../../player/cascade/browser-transport.ts'
import type { ConnectionFacts, ConnectionOptions, Signal } from '../../player/cascade/connection.ts'
import type { LinkConnection } from '../../player/cascade/links.ts'
import type { ChannelListener, RoomChannel } from '../../player/room/room-channel.ts'
import { joinChannels, memoryChannels, type MemoryChannelSet } from './memory-channels.ts'
import { TEST_PUBLIC_KEY, testSign } from './small-part.ts'

export const ROOM = 'abcdefghij'
export const VIEWER_FINGERPRINT: string = fingerprintOfAll('AA')
export const OTHER_FINGERPRINT: string = fingerprintOfAll('BB')

/** The signalling, with the test as the server. */
export class MemoryRoomChannel implements RoomChannel {
  isOpen = true
  readonly sent: CascadeClientMessage[] = []
  /** What the server does with a message. */
  answer: (message: CascadeClientMessage) => void = () => undefined
  readonly #listeners = new Set<ChannelListener>()

  send(message: { type: string }): boolean {
    if (!this.isOpen) return false
    this.sent.push(message as CascadeClientMessage)
    queueMicrotask(() => this.answer(message as CascadeClientMessage))
    return true
  }

  listen(_prefix: string, listener: ChannelListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  say(message: CascadeServerMessage): void {
    for (const listener of this.#listeners) listener.onMessage(message)
  }

  reopen(): void {
    this.isOpen = true
    for (const listener of this.#listeners) listener.onOpen()
  }

  ofType<Type extends CascadeClientMessage['type']>(
    type: Type,
  ): Extract<CascadeClientMessage, { type: Type }>[] {
    return this.sent.filter((message) => message.type === type) as Extract<
      CascadeClientMessage,
      { type: Type }
    >[]
  }
}

/** Another peer, by the engine itself. */
export interface OtherPeer {
  peer: Peer
  parts: Map<string, PartSource>
  /** Its ends of its links, the newest last. */
  channels: MemoryChannelSet[]
}

export interface PeerKind {
  program: string
  rendition: string
  isRoot: boolean
  onFetch?: (track: string, number: number) => void
}

/** Links by the name that their offers carry instead of a description. */
export class MemoryNetwork {
  readonly #dialled = new Map<string, MemoryChannelSet>()
  readonly #connections = new Map<string, LinkConnection>()
  readonly #others = new Map<string, OtherPeer>()
  #count = 0

  /** What the session makes connections with. */
  readonly connect = (options: ConnectionOptions): LinkConnection => {
    const name = `link ${this.#count++}`
    const connection = new MemoryConnection(options, this.#dialled, name)
    this.#connections.set(name, connection)
    return connection
  }

  add(id: string, { program, rendition, isRoot, onFetch }: PeerKind): OtherPeer {
    const parts = new Map<string, PartSource>()
    const peer = new Peer({
      ...{ id, room: ROOM, program, rendition, tracks: [rendition, 'audio'], isRoot },
      clock: {
        now: () => performance.now(),
        after: (ms, act) => {
          const timer = setTimeout(act, ms)
          return () => clearTimeout(timer)
        },
      },
      ...{ wallNow: () => Date.now(), random: Math.random, verifier: createJsVerifier(TEST_PUBLIC_KEY) },
      limits: { maxChildren: 8, uploadKbps: null },
      reserveMs: () => (isRoot ? Infinity : 8000),
      events: {
        onPart: (part, source) => void parts.set(keyOf(part), source),
        onFetch: (track, number) => onFetch?.(track, number),
        onParentLost: () => undefined,
      },
    })
    const other = { peer, parts, channels: [] }
    this.#others.set(id, other)
    return other
  }

  /** The viewer `from` has offered a link to one of the others. */
  accept(to: string, offer: string, from: string): boolean {
    const near = this.#dialled.get(offer)
    const other = this.#others.get(to)
    if (!near || !other) return false
    const far = this.#transport(other)
    other.peer.addChild(from, far.transport)
    joinChannels(near, far.channels)
    return true
  }

  /** One of the others dials the viewer; resolves with the offer that the server would carry. */
  dial(from: string, viewer: string, token: Uint8Array): string {
    const other = this.#others.get(from)
    if (!other) throw new Error(`no peer ${from}`)
    const name = `link ${this.#count++}`
    const far = this.#transport(other, () => {
      other.peer.setToken(token)
      other.peer.addParent({ id: viewer, role: 'primary', stripes: 0b11111 }, far.transport)
    })
    this.#dialled.set(name, far.channels)
    return name
  }

  /** The viewer's connection with this offer never opens. */
  fail(offer: string): void {
    this.#connections.get(offer)?.close()
  }

  close(): void {
    for (const { peer } of this.#others.values()) peer.close()
  }

  #transport(
    other: OtherPeer,
    onOpen: () => void = () => undefined,
  ): { transport: BrowserTransport; channels: MemoryChannelSet } {
    const channels = memoryChannels()
    const transport = new BrowserTransport(channels, { onOpen })
    transport.remoteFingerprint = VIEWER_FINGERPRINT
    other.channels.push(channels)
    return { transport, channels }
  }
}

class MemoryConnection implements LinkConnection {
  readonly #options: ConnectionOptions
  readonly #dialled: Map<string, MemoryChannelSet>
  readonly #name: string
  readonly #channels = memoryChannels()

  constructor(options: ConnectionOptions, dialled: Map<string, MemoryChannelSet>, name: string) {
    this.#options = options
    this.#dialled = dialled
    this.#name = name
    options.onChannels(this.#channels as unknown as Parameters<ConnectionOptions['onChannels']>[0])
  }

  dial(): void {
    this.#dialled.set(this.#name, this.#channels)
    this.#options.send({ kind: 'offer', sdp: this.#name })
  }

  hear({ kind, sdp }: Signal): void {
    const far = this.#dialled.get(sdp)
    if (kind === 'offer' && far) joinChannels(this.#channels, far)
  }

  opened(): Promise<ConnectionFacts> {
    return Promise.resolve({ remoteFingerprint: OTHER_FINGERPRINT, isRelayed: false })
  }

  close(): void {
    for (const channel of Object.values(this.#channels)) channel.close()
    this.#options.onClosed()
  }
}

export interface TokenStream {
  program: string
  rendition: string
}

/** As the coordinator gives it to a peer with this certificate. */
export function tokenFor(peer: string, stream: TokenStream, fingerprint: string): Uint8Array {
  const claims = { room: ROOM, ...stream, peer, maxChildren: 8, expiresAtMs: Date.now() + 60_000 }
  return encodeToken({ ...claims, fingerprint: parseFingerprint(fingerprint) }, testSign)
}

export function welcome(
  peerId: string,
  change: Partial<Extract<CascadeServerMessage, { type: 'cascade-welcome' }>> = {},
): Extract<CascadeServerMessage, { type: 'cascade-welcome' }> {
  return {
    type: 'cascade-welcome',
    ...{ peer_id: peerId, secret: `secret of ${peerId}`, public_key: encodeBase64Url(TEST_PUBLIC_KEY) },
    ...{ ice_servers: [], stats_ms: 500 },
    ...change,
  }
}

export function keyOf({ header }: Part): string {
  return `${header.track} ${runningNumber(header)}`
}

function fingerprintOfAll(byte: string): string {
  return Array<string>(32).fill(byte).join(':')
}
