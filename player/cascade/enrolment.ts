/**
 * Keeps this viewer enrolled with the coordinator: asks for a place in the swarm of what is played, takes up what it is told, comes
 * back after a break of the signalling, and while the rendition changes is a peer of both swarms.
 */
import {
  cascadeServerMessage,
  type CascadeClientMessage,
  type CascadeServerMessage,
  type IceServer,
} from '../../cascade/messages.ts'
import type { ParentSwitch } from '../../cascade/peer-options.ts'
import type { Part } from '../../media/part.ts'
import type { Offer } from '../decisions/sharing.ts'
import type { RoomChannel } from '../room/room-channel.ts'
import type { ConnectionOptions } from './connection.ts'
import type { Identity } from './fingerprint.ts'
import { hold } from './hold.ts'
import type { LinkConnection } from './links.ts'
import { Membership, type Welcome } from './membership.ts'
import type { PagePort } from './worker-messages.ts'

/** What is played: one swarm's. */
export interface Swarm {
  program: string
  rendition: string
  /** their places are the tracks' indexes on the wire: the picture first */
  tracks: readonly string[]
}

export interface EnrolmentOptions {
  roomId: string
  channel: RoomChannel
  offer: () => Offer
  createIdentity: () => Promise<Identity>
  openEngine: () => Promise<PagePort>
  connect: (options: ConnectionOptions) => LinkConnection
  nowMs: () => number
  /** 0 to 1 */
  random: () => number
  /** A place was given: the engine knows of nothing yet. */
  onJoined: (membership: Membership) => void
  onPart: (part: Part) => void
  onFetch: (track: string, number: number) => void
  onSwitch: (change: ParentSwitch, atMs: number) => void
}

interface Request {
  swarm: Swarm
  port: PagePort
  identity: Identity
  atMs: number
}

const ANSWER_LIMIT_MS = 10_000
/** Renditions may change quickly; the coordinator need not hear of each. */
const SHORTEST_BETWEEN_MS = 1500
/** A server that was restarted is not asked by all its viewers at once. */
const JITTER_MS = 3000
/** After an engine that failed, or an answer that did not come. */
const RETRY_MS = 30_000
/** An old swarm is left when the new one delivers, or after so long. */
const OVERLAP_LIMIT_MS = 15_000
/** A worker that hashes what comes says good-bye within this; nobody sees a page go later by so little. */
const GOODBYE_HOLD_MS = 20
const DEFAULT_STATS_MS = 10_000

export class Enrolment {
  readonly #options: EnrolmentOptions
  readonly #stopListening: () => void
  /** oldest first; the last is what the coordinator knows */
  #members: { membership: Membership; sinceMs: number; hasDelivered: boolean }[] = []
  #request: Request | null = null
  #isAsking = false
  #notBeforeMs = 0
  #needsRejoin = false
  /** kept on HTTP to compare with: it is asked for its figures all the same */
  #isControl = false
  /** the signalling was there before */
  #wasOpen: boolean
  #identity: Promise<Identity> | null = null
  #statsMs = DEFAULT_STATS_MS
  #isClosed = false

  constructor(options: EnrolmentOptions) {
    this.#options = options
    this.#wasOpen = options.channel.isOpen
    this.#stopListening = options.channel.listen('cascade-', {
      onMessage: (message) => this.#hear(message),
      onOpen: () => this.#reopen(),
    })
  }

  get members(): readonly Membership[] {
    return this.#members.map(({ membership }) => membership)
  }

  /** What the coordinator knows of us. */
  get current(): Membership | null {
    return this.#members.at(-1)?.membership ?? null
  }

  /** ms between reports */
  get statsMs(): number {
    return this.#statsMs
  }

  /** The coordinator wants to hear how it goes. */
  get isReporting(): boolean {
    return this.#isControl || this.#members.length > 0
  }

  /** To be called often. `wanted`: what is played, or about to be; null: not known. `followed`: what is still loaded. */
  look(wanted: Swarm | null, followed: readonly string[]): void {
    const now = this.#options.nowMs()
    this.#leaveOld(followed, now)
    if (this.#request && now - this.#request.atMs > ANSWER_LIMIT_MS) this.#giveUp(RETRY_MS)
    const isAsked = this.#isAsking || this.#request !== null
    if (isAsked || wanted === null || now < this.#notBeforeMs || !this.#options.channel.isOpen) return
    const isThere = this.current?.rendition === wanted.rendition && !this.#needsRejoin
    if (!isThere) void this.#ask(wanted)
  }

  send(message: CascadeClientMessage): boolean {
    return this.#options.channel.send(message)
  }

  /** The place is given up, and asked for anew: what was agreed on does not hold any more. */
  renew(): void {
    this.#leaveAll()
    this.send({ type: 'cascade-leave' })
    this.#notBeforeMs = 0
  }

  /** `isPageGoing`: there is no later turn. */
  leave({ isPageGoing = false } = {}): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopListening()
    if (this.#members.length > 0 || this.#request) this.send({ type: 'cascade-leave' })
    const { members } = this
    this.#leaveAll(isPageGoing)
    if (!isPageGoing || members.length === 0) return
    hold(GOODBYE_HOLD_MS)
    // an engine on the page says its good-byes in microtasks before this one
    queueMicrotask(() => members.forEach((membership) => membership.hangUp()))
  }

  async #ask(swarm: Swarm): Promise<void> {
    const { channel, offer, nowMs, openEngine, createIdentity } = this.#options
    this.#isAsking = true
    this.#notBeforeMs = nowMs() + SHORTEST_BETWEEN_MS
    try {
      this.#identity ??= createIdentity()
      const [identity, port] = await Promise.all([this.#identity, openEngine()])
      const { fingerprint } = identity
      const before = this.#needsRejoin ? this.current : null
      const isSent =
        !this.#isClosed &&
        channel.send({
          type: 'cascade-join',
          ...{ program_id: swarm.program, rendition: swarm.rendition, fingerprint, ability: offer() },
          ...(before ? { rejoin: claimOf(before) } : {}),
        } satisfies CascadeClientMessage)
      if (isSent) this.#request = { swarm, port, identity, atMs: nowMs() }
      else port.close()
    } catch {
      // no certificate, no worker, no engine: HTTP does without
      this.#notBeforeMs = Infinity
    } finally {
      this.#isAsking = false
    }
  }

  #hear(raw: unknown): void {
    const parsed = cascadeServerMessage.safeParse(raw)
    if (!parsed.success || this.#isClosed) return
    const message = parsed.data
    if (message.type === 'cascade-welcome') this.#enter(message)
    else if (message.type === 'cascade-off') this.#turnedAway(message)
    else if (message.type === 'cascade-parents') this.current?.setParents(message)
    else if (message.type === 'cascade-signal') this.current?.hear(message)
    else for (const { membership } of this.#members) membership.cut(message.peer_id)
  }

  #enter(welcome: Welcome): void {
    const request = this.#request
    this.#request = null
    if (!request) return
    this.#needsRejoin = this.#isControl = false
    this.#statsMs = welcome.stats_ms
    if (this.current?.peerId === welcome.peer_id) return request.port.close()
    // at once: the parents may be the very next message
    this.#begin(welcome, request)
  }

  #begin(welcome: Welcome, { swarm, port, identity }: Request): void {
    const { roomId, offer, connect, nowMs, ...events } = this.#options
    const given = offer()
    const iceServers = welcome.ice_servers.map(toRtc)
    if (given.relay_only && !iceServers.some(isTurn)) {
      // without a relay server there is no way that hides an address
      port.close()
      this.send({ type: 'cascade-leave' })
      this.#notBeforeMs = Infinity
      return
    }
    const membership = new Membership({
      ...{ welcome, port, offer: given, swarm: { room: roomId, ...swarm } },
      connect: (dial) => connect({ ...dial, identity, iceServers, isRelayOnly: given.relay_only }),
      send: (message) => this.send(message),
      onPart: (part) => this.#deliver(membership, part),
      onFetch: events.onFetch,
      onSwitch: events.onSwitch,
      onFailed: () => this.#drop(membership),
    })
    this.#members.push({ membership, sinceMs: nowMs(), hasDelivered: false })
    events.onJoined(membership)
  }

  #deliver(membership: Membership, part: Part): void {
    const member = this.#members.find((known) => known.membership === membership)
    if (!member) return
    if (part.header.track === membership.rendition) member.hasDelivered = true
    this.#options.onPart(part)
  }

  #turnedAway({ reason, retry_ms: retryMs }: Extract<CascadeServerMessage, { type: 'cascade-off' }>): void {
    this.#leaveAll()
    this.#isControl = reason === 'control_group'
    this.#notBeforeMs =
      retryMs === null ? Infinity : this.#options.nowMs() + retryMs * (1 + this.#options.random() / 4)
  }

  /** Links stay while the signalling is away; whoever is back says who it was. */
  #reopen(): void {
    const wait = this.#wasOpen ? this.#options.random() * JITTER_MS : 0
    this.#wasOpen = true
    this.#needsRejoin = this.#members.length > 0
    this.#dropRequest()
    // another server, or this one anew, knows of no control group that we were in
    const notBeforeMs = this.#isControl ? 0 : this.#notBeforeMs
    this.#notBeforeMs = Math.max(notBeforeMs, this.#options.nowMs() + wait)
  }

  #leaveOld(followed: readonly string[], now: number): void {
    const newest = this.#members.at(-1)
    for (const member of this.#members.slice(0, -1)) {
      const isLong = now - (newest?.sinceMs ?? 0) > OVERLAP_LIMIT_MS
      const isUnused = !followed.includes(member.membership.rendition)
      if (newest?.hasDelivered || isLong || isUnused) this.#remove(member.membership).leave()
    }
  }

  #drop(membership: Membership): void {
    this.#remove(membership).close()
    this.#notBeforeMs = this.#options.nowMs() + RETRY_MS
  }

  #remove(membership: Membership): Membership {
    this.#members = this.#members.filter((member) => member.membership !== membership)
    return membership
  }

  #leaveAll(isSudden = false): void {
    this.#dropRequest()
    for (const { membership } of this.#members.splice(0)) membership.leave(isSudden)
  }

  #giveUp(waitMs: number): void {
    this.#dropRequest()
    this.#notBeforeMs = this.#options.nowMs() + waitMs
  }

  #dropRequest(): void {
    this.#request?.port.close()
    this.#request = null
  }
}

function claimOf(membership: Membership): { peer_id: string; secret: string; parents: string[] } {
  return { peer_id: membership.peerId, secret: membership.secret, parents: membership.parentIds }
}

function toRtc({ urls, username, credential }: IceServer): RTCIceServer {
  return {
    urls,
    ...(username === undefined ? {} : { username }),
    ...(credential === undefined ? {} : { credential }),
  }
}

function isTurn({ urls }: RTCIceServer): boolean {
  return [urls].flat().some((url) => /^turns?:/.test(url))
}
