/**
 * The cascade beside one stream: joins behind its first frame, puts what peers bring into the stream's own tracks, and lets HTTP
 * rest as long as that goes well. Nothing that goes wrong here is an error of the player's: HTTP takes over.
 */
import type { CascadeClientMessage } from '../../cascade/messages.ts'
import { PARTS_PER_SEGMENT, partIdOf, runningNumber, type Part } from '../../media/part.ts'
import type { Offer } from '../decisions/sharing.ts'
import type { RoomChannel } from '../room/room-channel.ts'
import type { LocalStream } from '../stream/local-stream.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { Enrolment, type Swarm } from './enrolment.ts'
import { createIdentity } from './fingerprint.ts'
import { openEngine } from './host.ts'
import type { LinkConnection } from './links.ts'
import type { Membership } from './membership.ts'
import { Reports, type PlaybackTotals } from './reports.ts'
import { NO_SHARING, sumFacts, type SharingFacts } from '../playback/sharing-facts.ts'
import { TrackPipe } from './track-pipe.ts'
import type { PagePort } from './worker-messages.ts'

export interface CascadeSessionOptions {
  roomId: string
  stream: Pick<LocalStream, 'master' | 'find' | 'followed' | 'onFetched'>
  channel: RoomChannel
  /** as the device and the viewer's settings are now */
  offer: () => Offer
  /** media loaded ahead of the playhead, and whether that moves */
  reserve: () => { reserveMs: number; isPlaying: boolean }
  /** since the stream began */
  totals: () => PlaybackTotals
  createIdentity?: () => Promise<{ certificate: RTCCertificate; fingerprint: string }>
  openEngine?: () => Promise<PagePort>
  connect?: (options: ConnectionOptions) => LinkConnection
  nowMs?: () => number
  random?: () => number
}

const LOOK_MS = 100
/** What is older a new child has from HTTP, as we had. */
const HANDED_OVER_PARTS = PARTS_PER_SEGMENT

export class CascadeSession {
  readonly #options: CascadeSessionOptions
  readonly #nowMs: () => number
  readonly #enrolment: Enrolment
  readonly #reports: Reports
  readonly #pipes = new Map<string, TrackPipe>()
  readonly #switches: SharingFacts['switches'] = []
  #timer: ReturnType<typeof setInterval> | null = null
  #master: { program: string; audioTrack: string | null } | null = null
  #isPublisherOn = true
  #offer: Offer
  /** of memberships that are over */
  #past: SharingFacts = NO_SHARING
  #seen: readonly Membership[] = []

  constructor(options: CascadeSessionOptions) {
    this.#options = options
    this.#nowMs = options.nowMs ?? (() => performance.now())
    this.#offer = options.offer()
    this.#enrolment = new Enrolment({
      ...{ roomId: options.roomId, channel: options.channel, nowMs: this.#nowMs },
      offer: options.offer,
      createIdentity: options.createIdentity ?? createIdentity,
      openEngine: options.openEngine ?? openEngine,
      connect: options.connect ?? ((dial) => new Connection(dial)),
      random: options.random ?? Math.random,
      onJoined: (membership) => this.#handOver(membership),
      onPart: (part) => this.#onPart(part),
      onFetch: (track, number) => void this.#fetch(track, number),
      onSwitch: ({ from, to, gapMs }, atMs) => {
        this.#switches.push({ at: atMs, from, to: to ?? 'http', gapMs: Math.round(gapMs) })
        if (this.#switches.length > MAX_SWITCHES) this.#switches.shift()
      },
    })
    this.#reports = new Reports(this.#nowMs())
  }

  /** Nothing is asked for before this: the first frame comes first. */
  async start(): Promise<void> {
    const { stream } = this.#options
    this.#master = await stream.master()
    stream.onFetched = (part) => this.#pass(part)
    this.#timer = setInterval(() => this.look(), LOOK_MS)
    this.look()
  }

  /** As the room says. While no publisher feeds the program, only the server knows how it goes on. */
  setPublisher(isOn: boolean): void {
    this.#isPublisherOn = isOn
    this.#choose()
  }

  look(): void {
    const { stream, reserve } = this.#options
    const { reserveMs, isPlaying } = reserve()
    this.#takeOffer()
    this.#enrolment.look(this.#isPublisherOn ? this.#wanted() : null, stream.followed)
    for (const membership of this.#enrolment.members) membership.setReserve(reserveMs, isPlaying)
    this.#remember()
    this.#choose()
    this.#report()
  }

  facts(): SharingFacts {
    const { members, current } = this.#enrolment
    const pipes = this.#options.stream.followed.map((name) => this.#pipes.get(name)?.pipe)
    const isCascade = pipes.length > 0 && pipes.every((pipe) => pipe === 'cascade')
    return {
      ...sumFacts(this.#past, members),
      pipe: isCascade ? 'cascade' : 'http',
      peerId: current?.peerId ?? null,
      switches: this.#switches,
    }
  }

  /** Says good-bye: children find another parent at once. `isPageGoing`: there is no later turn. */
  close(how: { isPageGoing?: boolean } = {}): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
    this.#options.stream.onFetched = null
    this.#past = sumFacts(this.#past, this.#enrolment.members)
    this.#enrolment.leave(how)
    for (const pipe of this.#pipes.values()) pipe.close()
    this.#pipes.clear()
  }

  /** The rendition that was begun last: during a change, the coming one. */
  #wanted(): Swarm | null {
    if (!this.#master) return null
    const { program, audioTrack } = this.#master
    const rendition = this.#options.stream.followed.findLast((name) => name !== audioTrack)
    if (rendition === undefined) return null
    return { program, rendition, tracks: audioTrack ? [rendition, audioTrack] : [rendition] }
  }

  #onPart(part: Part): void {
    if (part.header.program !== this.#master?.program) return
    const pipe = this.#pipeOf(part.header.track)
    if (pipe) pipe.note(part)
    this.#choose()
  }

  /** The newest that is here: parents need not send it again, children may want it. */
  #handOver(membership: Membership): void {
    for (const name of membership.tracks) {
      const track = this.#options.stream.find(name)?.track
      const head = track?.head ? runningNumber(track.head) : -1
      for (let number = Math.max(0, head + 1 - HANDED_OVER_PARTS); number <= head; number++) {
        const { msn, part } = partIdOf(number)
        const held = track?.find(msn, part)
        if (held?.bytes) membership.offerPart({ header: held.header, bytes: held.bytes })
      }
    }
  }

  /** Nobody brought it in time. */
  async #fetch(track: string, number: number): Promise<void> {
    const feed = this.#options.stream.find(track)
    if (!feed || feed.isResting) return
    const { msn, part } = partIdOf(number)
    const held = feed.track.find(msn, part)
    if (held?.bytes) return this.#pass({ header: held.header, bytes: held.bytes })
    // where it fails the track stands still, and HTTP follows it again
    await feed.fetch.alone(msn, part).catch(() => undefined)
  }

  #pass(part: Part): void {
    for (const membership of this.#enrolment.members) membership.offerPart(part)
  }

  #choose(): void {
    const { stream, reserve } = this.#options
    const { reserveMs } = reserve()
    const { followed } = stream
    for (const [name, pipe] of this.#pipes)
      if (!followed.includes(name) || stream.find(name) !== pipe.feed) this.#pipes.delete(name)
    for (const name of followed) {
      const isJoined = this.#enrolment.members.some(
        ({ tracks, hasParent }) => hasParent && tracks.includes(name),
      )
      const context = { isPinned: !this.#isPublisherOn, isJoined, reserveMs }
      this.#pipeOf(name)?.look(context, this.#nowMs())
    }
  }

  #pipeOf(name: string): TrackPipe | null {
    const feed = this.#options.stream.find(name)
    if (!feed || feed.isResting) return null
    const known = this.#pipes.get(name)
    if (known?.feed === feed) return known
    const pipe = new TrackPipe(feed, this.#nowMs())
    this.#pipes.set(name, pipe)
    return pipe
  }

  /** Settings and device change: most of it the engine takes up, the rest wants another place. */
  #takeOffer(): void {
    const offer = this.#options.offer()
    const before = this.#offer
    if (JSON.stringify(offer) === JSON.stringify(before)) return
    this.#offer = offer
    const isOther = offer.relay_only !== before.relay_only || (before.relays && !offer.relays)
    if (isOther) this.#enrolment.renew()
    for (const membership of this.#enrolment.members) membership.setOffer(offer)
    this.#reports.hurry()
  }

  #report(): void {
    const { current, statsMs, isReporting } = this.#enrolment
    if (!isReporting) return
    const message: CascadeClientMessage | null = this.#reports.next({
      nowMs: this.#nowMs(),
      statsMs,
      offer: this.#offer,
      facts: current?.facts ?? null,
      sharing: this.facts(),
      totals: this.#options.totals(),
    })
    if (message) this.#enrolment.send(message)
  }

  /** What memberships counted stays counted when they are over. */
  #remember(): void {
    const { members } = this.#enrolment
    const gone = this.#seen.filter((membership) => !members.includes(membership))
    if (gone.length > 0) this.#past = sumFacts(this.#past, gone)
    this.#seen = members
  }
}

const MAX_SWITCHES = 50
