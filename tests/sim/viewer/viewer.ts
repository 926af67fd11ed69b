/** A viewer's page: the real engine and the real choice of pipe, around a model of a player. */
import type { ParentAssignment } from '../../../cascade/messages.ts'
import { Peer } from '../../../cascade/peer.ts'
import type { PeerId } from '../../../cascade/peer-id.ts'
import type { LostReason, ParentSwitch, PartSource, PeerEvents } from '../../../cascade/peer-options.ts'
import type { Part } from '../../../media/part.ts'
import { SimNode } from '../network/sim-node.ts'
import { BROWSER_STACK } from '../network/stack.ts'
import { numberOf, PART_MS, PROGRAM, RENDITION, ROOM, TRACKS } from '../world/stream.ts'
import type { World } from '../world/world.ts'
import { Delays } from './delays.ts'
import { HttpLine, type Purpose } from './http-line.ts'
import { Links } from './links.ts'
import { PlayerModel, RESERVE_MS, type Mode } from './player-model.ts'
import type { Profile } from './profile.ts'
import { SimTrack } from './sim-track.ts'

export interface ViewerLog {
  lost: { parent: PeerId; why: LostReason; atMs: number; wasAlive: boolean }[]
  switches: (ParentSwitch & { atMs: number; wasAlive: boolean })[]
  firstCascadeMs: number | null
}

/** Between opening the page and asking for a place in the cascade. */
const JOIN_AFTER_MS = 200
const LOOK_MS = 250
const STATS_MS = 10_000
const GOODBYE_MS = 350

export class Viewer {
  readonly id: PeerId
  readonly profile: Profile
  readonly node: SimNode
  readonly peer: Peer
  readonly player: PlayerModel
  readonly http: HttpLine
  readonly delays = new Delays(TRACKS.length)
  readonly log: ViewerLog = { lost: [], switches: [], firstCascadeMs: null }
  readonly joinedAtMs: number
  cascadeBytes = 0
  isLeaving = false
  /** Its process stood still once: what its player missed then is nobody's fault. */
  wasFrozen = false
  /** Since it was last stopped. */
  runningSinceMs = 0
  readonly #world: World
  readonly #tracks: Map<string, SimTrack>
  readonly #links: Links
  #reported = { cascade: 0, http: 0 }

  constructor(world: World, { id, profile, mode }: { id: PeerId; profile: Profile; mode: Mode }) {
    this.#world = world
    this.id = id
    this.profile = profile
    const { clock, stream } = world
    const nowMs = clock.now()
    this.joinedAtMs = nowMs
    const { uplinkKbps, downlinkKbps, accessMs } = profile
    this.node = new SimNode(clock, { id, stack: BROWSER_STACK, uplinkKbps, downlinkKbps, accessMs })
    const first = Math.max(0, stream.newest + 1 - RESERVE_MS[mode] / PART_MS)
    this.player = new PlayerModel({ first, tracks: TRACKS.length, mode, nowMs })
    this.#tracks = new Map(TRACKS.map((name) => [name, new SimTrack(first, nowMs)]))
    this.http = new HttpLine({
      ...{ clock, stream, node: this.node, rttMs: world.httpRttMs },
      onPart: (part, purpose) => this.#takeHttp(part, purpose),
      onMissing: (track, number) => this.#tracks.get(track)?.forget(number),
    })
    this.#links = new Links({
      peer: () => this.peer,
      dial: (parent, done) => world.dial(this, parent, done),
      onUnreachable: (parent) => world.tracker.lost(this.id, parent, 'unreachable'),
    })
    this.peer = this.#createPeer()
    for (let number = first; number <= stream.newest; number += 1) this.#fetch(number, 'start')
    this.node.clock.after(JOIN_AFTER_MS, () => this.#join())
    this.#look()
    this.node.clock.after(STATS_MS * world.random.between(0.3, 1), () => this.#report())
  }

  get isRunning(): boolean {
    return this.node.state === 'running' && !this.isLeaving
  }

  get usesCascade(): boolean {
    return [...this.#tracks.values()].every(({ pipe }) => pipe.pipe === 'cascade')
  }

  /** The edge has a new part: asked for at once where HTTP feeds the track. */
  published(number: number): void {
    if (this.isRunning) this.#fetch(number, 'live', true)
  }

  assign(parents: readonly ParentAssignment[], token: Uint8Array): void {
    if (this.isLeaving) return
    this.peer.setToken(token)
    this.#links.assign(parents)
  }

  turnedAway(retryMs: number | null): void {
    if (retryMs !== null) this.node.clock.after(retryMs, () => this.#join())
  }

  /** Says good-bye to everybody. */
  leave(): void {
    if (!this.isRunning) return
    this.isLeaving = true
    this.peer.leave()
    this.#world.tracker.leave(this.id)
    this.#world.clock.after(GOODBYE_MS, () => this.#world.remove(this))
  }

  /** The process stops, and its sockets stay. */
  freeze(): void {
    this.wasFrozen = true
    this.node.freeze()
  }

  thaw(): void {
    this.node.thaw()
    this.runningSinceMs = this.#world.clock.now()
  }

  #createPeer(): Peer {
    const { world, id, profile } = { world: this.#world, id: this.id, profile: this.profile }
    const { relays, upload_kbps: uploadKbps, max_children: maxChildren } = profile.ability
    const canRelay = relays && profile.villain !== 'free-rider'
    return new Peer({
      ...{ id, room: ROOM, program: PROGRAM, rendition: RENDITION, tracks: TRACKS, isRoot: false },
      clock: this.node.clock,
      wallNow: () => world.wallNow(),
      random: () => world.random.next(),
      verifier: world.verifier,
      limits: { maxChildren: canRelay ? maxChildren : 0, uploadKbps: relays ? uploadKbps : 0 },
      reserveMs: () => {
        this.player.advance(world.clock.now())
        return this.player.reserveMs
      },
      events: this.#events(),
    })
  }

  #events(): PeerEvents {
    const world = this.#world
    return {
      onPart: (part, source) => this.#takePart(part, source),
      onFetch: (track, number) => {
        if (this.#tracks.get(track)?.claim(number)) this.http.fetch(track, number, 'repair')
      },
      onParentLost: (parent, why) => {
        const wasAlive = world.isAlive(parent)
        this.log.lost.push({ parent, why, atMs: world.clock.now(), wasAlive })
        this.#links.lost(parent)
        world.tracker.lost(this.id, parent, why)
      },
      onSwitch: (change) => {
        const wasAlive = world.isAlive(change.from)
        this.log.switches.push({ ...change, atMs: world.clock.now(), wasAlive })
      },
      onPolluted: (proof) => world.tracker.polluted(this.id, proof),
    }
  }

  #join(): void {
    if (this.isLeaving || this.profile.joins === false) return
    const { node } = this
    this.#world.tracker.join({
      ...{ id: this.id, ability: this.profile.ability },
      onParents: (parents, token) => node.whenRunning(() => this.assign(parents, token)),
      onOff: (retryMs) => node.whenRunning(() => this.turnedAway(retryMs)),
      onCut: (id) => node.whenRunning(() => this.peer.cut(id)),
    })
  }

  #fetch(number: number, purpose: Purpose, onlyFollowed = false): void {
    for (const [name, track] of this.#tracks)
      if ((track.doesFollow || !onlyFollowed) && track.claim(number)) this.http.fetch(name, number, purpose)
  }

  #takeHttp(part: Part, purpose: Purpose): void {
    // History is the player's alone; what is live goes to the children, too, and comes back by `onPart`.
    if (purpose === 'start') this.#show(part)
    else this.peer.offer(part)
    if (purpose !== 'start') this.#show(part)
  }

  #takePart(part: Part, source: PartSource): void {
    this.#world.invariants.part(this.id, part, source)
    if (source === 'http') return
    this.cascadeBytes += part.bytes.length
    this.log.firstCascadeMs ??= this.#world.clock.now() - this.joinedAtMs
    const track = this.#tracks.get(part.header.track)
    const isNew = track?.pipe.note(part) ?? false
    if (isNew) this.#shown(part)
  }

  #show(part: Part): void {
    if (this.#tracks.get(part.header.track)?.note(numberOf(part))) this.#shown(part)
  }

  #shown(part: Part): void {
    const nowMs = this.#world.clock.now()
    this.player.add(numberOf(part), nowMs)
    this.delays.note(numberOf(part), nowMs)
  }

  #look(): void {
    const { clock, stream } = this.#world
    this.player.advance(clock.now(), (stream.newest + 1) * PART_MS)
    const { reserveMs } = this.player
    const isJoined = this.#links.open > 0
    for (const [name, { pipe, doesFollow }] of this.#tracks) {
      pipe.look({ isPinned: false, isJoined, reserveMs }, clock.now())
      if (!doesFollow && this.#tracks.get(name)?.doesFollow) this.#fillFrom(name)
    }
    if (!this.isLeaving) this.node.clock.after(LOOK_MS, () => this.#look())
  }

  /** HTTP takes over again: everything that is missing. */
  #fillFrom(name: string): void {
    const track = this.#tracks.get(name)
    if (!track) return
    for (let number = track.head + 1; number <= this.#world.stream.newest; number += 1)
      if (track.claim(number)) this.http.fetch(name, number, 'live')
  }

  #report(): void {
    const { start, live, repair } = this.http.bytes
    const total = { cascade: this.cascadeBytes, http: start + live + repair }
    const bytes = {
      cascade: total.cascade - this.#reported.cascade,
      http: total.http - this.#reported.http,
    }
    this.#reported = total
    this.#world.tracker.stats(this.id, { ability: this.profile.ability, facts: this.peer.facts(), bytes })
    if (!this.isLeaving) this.node.clock.after(STATS_MS, () => this.#report())
  }
}
