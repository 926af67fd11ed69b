/** A peer of the cascade in Node: the engine over real DataChannels, its signalling handed in. */
import { randomBytes } from 'node:crypto'
import { nodeClock } from '../../edge/root/node-clock.ts'
import { createNodeVerifier } from '../../edge/root/node-verifier.ts'
import type { Connection, Signal } from '../../edge/datachannel/connection.ts'
import type { DataChannelStack } from '../../edge/datachannel/stack.ts'
import { Peer } from '../../cascade/peer.ts'
import type { ParentRole, PeerEvents, PeerLimits } from '../../cascade/peer-options.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import { encodeToken, parseFingerprint } from '../../cascade/token.ts'
import type { Transport } from '../../cascade/transport.ts'
import { TEST_PUBLIC_KEY, testSign } from './small-part.ts'

export interface NodePeerOptions {
  id?: PeerId
  room: string
  program: string
  rendition: string
  tracks: readonly string[]
  isRoot?: boolean
  stack: DataChannelStack
  limits?: PeerLimits
  reserveMs?: () => number
  events?: Partial<PeerEvents>
  /** Carries what this peer says to another one. */
  carry: (to: PeerId, signal: Signal) => void
  /** Puts something between the engine and the connection. */
  wrap?: (transport: Transport) => Transport
}

export const TEST_KEY_BASE64URL = Buffer.from(TEST_PUBLIC_KEY).toString('base64url')

export class NodePeer {
  readonly id: PeerId
  readonly engine: Peer
  readonly #options: NodePeerOptions
  readonly #connections = new Map<PeerId, Connection>()

  constructor(options: NodePeerOptions) {
    this.#options = options
    this.id = options.id ?? randomBytes(8).toString('hex')
    const { room, program, rendition, tracks, isRoot = false, events = {} } = options
    this.engine = new Peer({
      ...{ id: this.id, room, program, rendition, tracks, isRoot },
      clock: nodeClock,
      wallNow: Date.now,
      random: Math.random,
      verifier: createNodeVerifier(TEST_KEY_BASE64URL),
      limits: options.limits ?? { maxChildren: 16, uploadKbps: null },
      reserveMs: options.reserveMs ?? (() => 8000),
      events: {
        onPart: () => undefined,
        onFetch: () => undefined,
        onParentLost: () => undefined,
        ...events,
      },
    })
    this.renewToken()
  }

  /** Tokens are good for two minutes. */
  renewToken(lifeMs = 100_000): void {
    const { room, program, rendition, stack } = this.#options
    const claims = {
      ...{ room, program, rendition, peer: this.id, maxChildren: 16 },
      fingerprint: parseFingerprint(stack.fingerprint),
      expiresAtMs: Date.now() + lifeMs,
    }
    this.engine.setToken(encodeToken(claims, testSign))
  }

  /** Connects to a parent. Resolves when it is one of the engine's. */
  dial(role: ParentRole): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#connect(role.id, 'offerer', {
        onOpen: (transport) => {
          this.engine.addParent(role, transport)
          resolve()
        },
        onFailed: (why) => reject(new Error(`${this.id} to ${role.id}: ${why}`)),
      })
    })
  }

  /** What another peer says to this one. */
  signal(from: PeerId, signal: Signal): void {
    if (signal.kind === 'offer')
      this.#connect(from, 'answerer', {
        onOpen: (transport) => this.engine.addChild(from, transport),
        onFailed: () => undefined,
      })
    this.#connections.get(from)?.signal(signal)
  }

  /** Whether a connection to this peer is there or in the making. */
  knows(id: PeerId): boolean {
    return this.#connections.has(id)
  }

  close(): void {
    this.engine.close()
    for (const connection of [...this.#connections.values()]) connection.close()
  }

  #connect(
    to: PeerId,
    side: 'offerer' | 'answerer',
    ends: { onOpen: (transport: Transport) => void; onFailed: (why: string) => void },
  ): void {
    this.#connections.get(to)?.close()
    const { stack, carry, wrap = (transport) => transport } = this.#options
    const connection = stack.connect({
      side,
      iceServers: [],
      onSignal: (signal) => carry(to, signal),
      onOpen: (transport) => ends.onOpen(wrap(transport)),
      onFailed: ends.onFailed,
      onReleased: () => {
        if (this.#connections.get(to) === connection) this.#connections.delete(to)
      },
    })
    if (connection === null) ends.onFailed('the stack is at its limit')
    else this.#connections.set(to, connection)
  }
}
