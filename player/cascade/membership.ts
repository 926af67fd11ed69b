/** This viewer as a peer of one swarm: its engine, its links, and what it has to say to the coordinator. */
import type { CascadeClientMessage, CascadeServerMessage } from '../../cascade/messages.ts'
import type { ParentRole, ParentSwitch, PeerFacts, PollutionProof } from '../../cascade/peer-options.ts'
import { readPart, type Part } from '../../media/part.ts'
import type { Offer } from '../decisions/sharing.ts'
import { decodeBase64Url, encodeBase64Url } from './base64url.ts'
import { Links, type LinksOptions } from './links.ts'
import type { EngineSettings, FromEngine, PagePort } from './worker-messages.ts'

export type Welcome = Extract<CascadeServerMessage, { type: 'cascade-welcome' }>
export type ParentsMessage = Extract<CascadeServerMessage, { type: 'cascade-parents' }>
type SignalMessage = Extract<CascadeServerMessage, { type: 'cascade-signal' }>

export interface MembershipOptions {
  welcome: Welcome
  /** what the engine is told beside what is in the welcome */
  swarm: Pick<EngineSettings, 'room' | 'program' | 'rendition' | 'tracks'>
  offer: Offer
  port: PagePort
  connect: LinksOptions['connect']
  send: (message: CascadeClientMessage) => void
  onPart: (part: Part) => void
  onFetch: (track: string, number: number) => void
  onSwitch: (change: ParentSwitch, atMs: number) => void
  /** The engine is of no use any more. */
  onFailed: () => void
}

export interface MembershipFacts extends PeerFacts {
  badOffers: number
}

/** Switches and losses of an engine that has nobody left come one after the other: no need to tell all of a flood. */
const MAX_ROLES = 4

export class Membership {
  readonly peerId: string
  readonly secret: string
  readonly rendition: string
  readonly tracks: readonly string[]
  readonly #options: MembershipOptions
  readonly #links: Links
  #facts: MembershipFacts | null = null
  #parents: ParentRole[] = []
  #isClosed = false

  constructor(options: MembershipOptions) {
    const { welcome, swarm, port, connect, send } = options
    this.#options = options
    this.peerId = welcome.peer_id
    this.secret = welcome.secret
    this.rendition = swarm.rendition
    this.tracks = swarm.tracks
    this.#links = new Links({
      port,
      connect,
      signal: (to, { kind, sdp, mid }) =>
        send({ type: 'cascade-signal', to, kind, sdp, ...(mid === undefined ? {} : { mid }) }),
      onUnreachable: (parent) => send({ type: 'cascade-lost', parent, why: 'unreachable' }),
    })
    port.onMessage = (message) => this.#receive(message)
    port.post({
      type: 'open',
      settings: {
        ...swarm,
        id: welcome.peer_id,
        publicKey: decodeBase64Url(welcome.public_key) ?? new Uint8Array(),
        limits: limitsOf(options.offer),
      },
    })
  }

  /** As the engine last said; null at first. */
  get facts(): MembershipFacts | null {
    return this.#facts
  }

  /** Somebody is there who could deliver. */
  get hasParent(): boolean {
    return this.#links.hasParent
  }

  get parentIds(): string[] {
    return this.#parents.map(({ id }) => id)
  }

  setParents({ parents, token }: ParentsMessage): void {
    const roles = parents
      .slice(0, MAX_ROLES)
      .map(({ id, role, stripes }): ParentRole => ({ id, role, stripes }))
    this.#parents = roles
    const { port } = this.#options
    port.post({ type: 'parents', roles, token: decodeBase64Url(token) ?? new Uint8Array() })
    this.#links.setParents(roles)
  }

  hear({ from, kind, sdp, mid }: SignalMessage): void {
    this.#links.hear(from, { kind, sdp, mid })
  }

  cut(peer: string): void {
    this.#links.cut(peer)
    this.#options.port.post({ type: 'cut', peer })
  }

  setOffer(offer: Offer): void {
    this.#options.port.post({ type: 'limits', limits: limitsOf(offer) })
  }

  setReserve(reserveMs: number, isPlaying: boolean): void {
    this.#options.port.post({ type: 'reserve', reserveMs, isPlaying })
  }

  /** A part that came over HTTP, for children and for what is still missing of it. */
  offerPart({ header, bytes }: Part): void {
    if (!this.tracks.includes(header.track)) return
    const copy = bytes.slice()
    this.#options.port.post({ type: 'offer', bytes: copy }, [copy.buffer])
  }

  /** Says good-bye to all links, and closes when that has gone out. */
  leave(isSudden = false): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#options.port.post({ type: 'leave', isSudden })
    setTimeout(() => this.#end(), LEAVE_MS)
  }

  /** After `leave`, where there may be no later: whoever missed the good-bye sees the link end. */
  hangUp(): void {
    this.#links.close()
  }

  /** Ends at once. */
  close(): void {
    this.#isClosed = true
    this.#end()
  }

  #end(): void {
    this.#links.close()
    this.#options.port.close()
  }

  #receive(message: FromEngine): void {
    if (message.type === 'facts') this.#facts = { ...message.facts, badOffers: message.badOffers }
    else if (message.type === 'link-open') void this.#links.opened(message.link)
    else if (message.type === 'link-closed') this.#links.closed(message.link)
    else if (!this.#isClosed) this.#act(message)
  }

  #act(message: FromEngine): void {
    const { onPart, onFetch, onSwitch, onFailed, send } = this.#options
    if (message.type === 'part') onPart(readPart(message.bytes))
    else if (message.type === 'fetch') onFetch(message.track, message.number)
    else if (message.type === 'switch') onSwitch(message.change, message.atMs)
    else if (message.type === 'polluted') send(pollutionMessage(message.proof))
    else if (message.type === 'parent-lost') {
      const why = message.why === 'bye' ? 'closed' : message.why
      send({ type: 'cascade-lost', parent: message.parent, why })
    } else if (message.type === 'failed') onFailed()
  }
}

/** The engine's good-byes, and the links behind them, are gone by then. */
const LEAVE_MS = 700

function limitsOf({ max_children: maxChildren, upload_kbps: uploadKbps }: Offer): EngineSettings['limits'] {
  return { maxChildren, uploadKbps }
}

function pollutionMessage(proof: PollutionProof): CascadeClientMessage {
  const { parent, track, number, chunk, signed, signature, hash } = proof
  const meta = new Uint8Array(signed.length + signature.length)
  meta.set(signed)
  meta.set(signature, signed.length)
  return {
    type: 'cascade-polluted',
    ...{ parent, track, number, chunk },
    meta: encodeBase64Url(meta),
    hash: encodeBase64Url(hash),
  }
}
