/** A handful of peers in memory, in virtual time, with a root that is given real parts: for tests of the engine. */
import { memoryPair, type MemoryLinkOptions, type MemoryTransport } from '../../cascade/memory-transport.ts'
import { Peer } from '../../cascade/peer.ts'
import type {
  LostReason,
  ParentRole,
  ParentSwitch,
  PartSource,
  PeerOptions,
  PollutionProof,
} from '../../cascade/peer-options.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import { encodeToken, parseFingerprint } from '../../cascade/token.ts'
import type { Verifier } from '../../cascade/verifier.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import type { Part } from '../../media/part.ts'
import { HASH_BYTES, runningNumber } from '../../media/part.ts'
import { FIRST_PART } from '../../media/synthetic-stream.ts'
import { EventQueue } from '../sim/event-queue.ts'
import { SMALL_AUDIO, SMALL_VIDEO, smallPart, testSign } from './small-part.ts'

export const PART_MS = 250
const ROOM = 'abcdefghij'
const PROGRAM = 'p1a2b3c4'
const TRACKS = ['720p', 'audio'] as const
const SAMPLE_BYTES = { '720p': 1500, audio: 60 }

export interface Member {
  id: PeerId
  peer: Peer
  /** When a part was whole, by `track number`, and how it came. */
  parts: Map<string, { atMs: number; source: PartSource; part: Part }>
  fetches: { track: string; number: number; atMs: number }[]
  lost: { parent: PeerId; why: LostReason; alternative: PeerId | null; atMs: number }[]
  switches: ParentSwitch[]
  proofs: PollutionProof[]
  reserveMs: number
}

export interface MemberOptions extends Partial<Pick<PeerOptions, 'isRoot' | 'limits'>> {
  reserveMs?: number
  /** HTTP answers after so long; null for never. */
  fetchMs?: number | null
}

export class Swarm {
  readonly clock = new EventQueue()
  readonly #verifier: Verifier
  readonly #members = new Map<PeerId, Member>()
  readonly #links = new Map<string, [MemoryTransport, MemoryTransport]>()
  readonly link: MemoryLinkOptions
  next = FIRST_PART
  readonly #published = new Map<number, number>()

  constructor(link: MemoryLinkOptions = { delayMs: 20 }, verifier: Verifier = TRUSTING) {
    this.link = link
    this.#verifier = verifier
  }

  add(id: PeerId, options: MemberOptions = {}): Member {
    const member = this.#member(id, options.reserveMs ?? 8000)
    const { clock } = this
    const fetchMs = options.fetchMs === undefined ? 100 : options.fetchMs
    member.peer = new Peer({
      ...{ id, room: ROOM, program: PROGRAM, rendition: '720p', tracks: TRACKS, clock },
      isRoot: options.isRoot ?? false,
      wallNow: () => clock.now(),
      random: () => 0.5,
      verifier: this.#verifier,
      limits: options.limits ?? { maxChildren: 8, uploadKbps: null },
      reserveMs: () => member.reserveMs,
      events: {
        onPart: (part, source) => {
          member.parts.set(keyOf(part), { atMs: clock.now(), source, part })
        },
        onFetch: (track, number) => {
          member.fetches.push({ track, number, atMs: clock.now() })
          if (fetchMs !== null && number < this.next)
            clock.after(fetchMs, () => member.peer.offer(madePart(track, number)))
        },
        onParentLost: (parent, why, alternative) =>
          member.lost.push({ parent, why, alternative, atMs: clock.now() }),
        onSwitch: (change) => member.switches.push(change),
        onPolluted: (proof) => member.proofs.push(proof),
      },
    })
    this.#members.set(id, member)
    return member
  }

  root(id: PeerId): Member {
    return this.add(id, { isRoot: true, reserveMs: Infinity })
  }

  /** Opens a link and has the child ask. */
  connect(
    child: PeerId,
    parent: PeerId,
    role: Partial<Omit<ParentRole, 'id'>> = {},
    token?: Uint8Array,
  ): void {
    const pair = memoryPair(this.clock, this.link)
    this.get(child).peer.setToken(token ?? this.tokenOf(child, this.fingerprint))
    this.#links.set(`${child} ${parent}`, pair)
    this.get(parent).peer.addChild(child, pair[1])
    this.get(child).peer.addParent({ id: parent, role: 'primary', stripes: 0b01111, ...role }, pair[0])
  }

  /** A primary of four stripes and a backup of one, as the coordinator would have it. */
  hang(child: PeerId, primary: PeerId, backup?: PeerId): void {
    this.connect(child, primary)
    if (backup) this.connect(child, backup, { role: 'backup', stripes: 0b10000 })
  }

  /** Of every child, as its parents see it. */
  readonly fingerprint = memoryPair(new EventQueue())[1].remoteFingerprint

  tokenOf(child: PeerId, fingerprint: string): Uint8Array {
    const stream = { room: ROOM, program: PROGRAM, rendition: '720p', peer: child, maxChildren: 8 }
    const expiresAtMs = this.clock.now() + 60_000
    return encodeToken({ ...stream, expiresAtMs, fingerprint: parseFingerprint(fingerprint) }, testSign)
  }

  linkOf(child: PeerId, parent: PeerId): [MemoryTransport, MemoryTransport] {
    const pair = this.#links.get(`${child} ${parent}`)
    if (!pair) throw new Error(`no link from ${child} to ${parent}`)
    return pair
  }

  /** Killed, or its cable pulled: nothing comes from it any more and nobody is told. */
  kill(id: PeerId): void {
    for (const [name, pair] of this.#links) if (name.includes(id)) pair[0].cut()
    this.get(id).peer.close()
  }

  get(id: PeerId): Member {
    const member = this.#members.get(id)
    if (!member) throw new Error(`no peer ${id}`)
    return member
  }

  /** Publishes at every root, and lets time pass, part by part. */
  play(parts: number): void {
    for (let count = 0; count < parts; count++) {
      for (const member of this.#members.values())
        if (member.reserveMs === Infinity)
          for (const track of TRACKS) member.peer.offer(madePart(track, this.next))
      this.#published.set(this.next, this.clock.now())
      this.next++
      this.clock.runFor(PART_MS)
    }
  }

  /** When part k was published. */
  publishedAtMs(k: number): number {
    const at = this.#published.get(k)
    if (at === undefined) throw new Error(`part ${k} is not published`)
    return at
  }

  close(): void {
    for (const { peer } of this.#members.values()) peer.close()
  }

  #member(id: PeerId, reserveMs: number): Member {
    const none = undefined as unknown as Peer // replaced before anybody looks
    const lists = { fetches: [], lost: [], switches: [], proofs: [] }
    return { id, peer: none, parts: new Map(), reserveMs, ...lists }
  }
}

/** Whoever signs is tested where it is checked: these tests know who sends what. Chunks are hashed for real. */
export const TRUSTING: Verifier = {
  verifyMeta: () => true,
  hashChunk: (chunk) => sha256(chunk).subarray(0, HASH_BYTES),
  verifyToken: () => true,
}

const made = new Map<string, Part>()

export function madePart(track: string, k: number): Part {
  const key = `${track} ${k}`
  const known = made.get(key)
  if (known) return known
  const synthetic = track === 'audio' ? SMALL_AUDIO : SMALL_VIDEO
  const part = smallPart(synthetic, k, track === 'audio' ? SAMPLE_BYTES.audio : SAMPLE_BYTES['720p'])
  made.set(key, part)
  return part
}

export function keyOf(part: Part): string {
  return `${part.header.track} ${runningNumber(part.header)}`
}
