/** Everything there is: the origin, roots, viewers, the network between them, and time. */
import type { PeerId } from '../../../cascade/peer-id.ts'
import type { Peer } from '../../../cascade/peer.ts'
import type { Transport } from '../../../cascade/transport.ts'
import { EventQueue } from '../event-queue.ts'
import { Invariants } from '../measure/invariants.ts'
import type { LossPattern } from '../network/loss.ts'
import { NO_LOSS } from '../network/loss.ts'
import { LOSSY_HICCUPS } from '../network/path.ts'
import type { SimNode } from '../network/sim-node.ts'
import { linkBetween, type SimTransport } from '../network/sim-transport.ts'
import { seededRandom, type Random } from '../random.ts'
import type { Delays } from '../viewer/delays.ts'
import type { Mode } from '../viewer/player-model.ts'
import type { Profile } from '../viewer/profile.ts'
import { Viewer } from '../viewer/viewer.ts'
import { tamperOf } from '../viewer/villain.ts'
import { checkWorld } from '../measure/world-check.ts'
import { OriginKey, RememberingVerifier } from './crypto.ts'
import { MessagePool } from './message-pool.ts'
import { SimRoot } from './root.ts'
import { PART_MS, SimStream } from './stream.ts'
import { Tracker } from './tracker.ts'

export interface WorldOptions {
  seed: number
  mode: Mode
  roots: number
  rootUplinkKbps: number
  rootChildren: number
  /** Of every link between peers; null: by where they are. */
  rttMs: number | null
  jitterMs: number
  /** Of every link. */
  loss: LossPattern
}

export const DEFAULT_WORLD: Omit<WorldOptions, 'seed'> = {
  mode: 'continuity',
  roots: 2,
  rootUplinkKbps: 200_000,
  rootChildren: 100,
  rttMs: 40,
  jitterMs: 1,
  loss: NO_LOSS,
}

/** Any member, as measurements see it. */
export interface Member {
  id: PeerId
  node: SimNode
  peer: Peer
  delays: Delays
}

const EPOCH_MS = 1_700_000_000_000
const SIGNALLING_MS = 25
const HTTP_RTT_MS = 40
/** From the first offer to open channels. */
const SET_UP_MS = [250, 500] as const
/** A connection that does not come about is given up after so long (player/cascade/connection.ts). */
const DIAL_LIMIT_MS = 10_000
const CHECK_MS = 1000
/** Signalling finds out by itself that somebody is gone. */
const NOTICE_MS = 20_000
/** From here on a link has the hiccups of lossy ones. */
const HICCUPS_FROM = 0.005

export class World {
  readonly options: WorldOptions
  readonly clock = new EventQueue()
  readonly random: Random
  readonly stream: SimStream
  readonly verifier: RememberingVerifier
  readonly pool: MessagePool
  readonly tracker: Tracker
  readonly invariants: Invariants
  readonly viewers = new Map<PeerId, Viewer>()
  readonly roots = new Map<PeerId, SimRoot>()
  readonly httpRttMs = HTTP_RTT_MS
  /** Told of each viewer that is gone, for the last time it can be looked at. */
  onGone: ((viewer: Viewer) => void) | null = null
  readonly #chance: { links: Random; profiles: Random }
  #serial = 0

  constructor(options: WorldOptions) {
    this.options = options
    const { clock } = this
    this.random = seededRandom(options.seed)
    this.#chance = { links: this.random.fork(), profiles: this.random.fork() }
    const key = new OriginKey(options.seed)
    this.verifier = new RememberingVerifier(key)
    this.stream = new SimStream(key, this.verifier)
    this.pool = new MessagePool(this.stream, this.verifier)
    this.invariants = new Invariants(this.stream, () => clock.now())
    this.tracker = new Tracker({
      ...{ clock, key, stream: this.stream, delayMs: SIGNALLING_MS, random: this.random.fork() },
      wallNow: () => this.wallNow(),
    })
    for (let index = 0; index < options.roots; index += 1) this.#addRoot()
    this.#publish()
    this.#check()
  }

  wallNow(): number {
    return EPOCH_MS + this.clock.now()
  }

  addViewer(profile: Profile): Viewer {
    const viewer = new Viewer(this, { id: this.#nextId('c'), profile, mode: this.options.mode })
    this.viewers.set(viewer.id, viewer)
    return viewer
  }

  member(id: PeerId): Member | undefined {
    return this.viewers.get(id) ?? this.roots.get(id)
  }

  isAlive(id: PeerId): boolean {
    return this.member(id)?.node.state === 'running' && !this.viewers.get(id)?.isLeaving
  }

  /** No good-bye: the process is gone, or its network. */
  kill(id: PeerId): void {
    const member = this.member(id)
    if (!member) return
    member.node.kill()
    const viewer = this.viewers.get(id)
    if (viewer) this.remove(viewer)
    this.roots.delete(id)
    // An edge has TCP connections to the origin that end with it; a viewer's network just stops.
    this.clock.after(viewer ? NOTICE_MS : SIGNALLING_MS, () => this.tracker.forget(id))
  }

  /** Takes a viewer that is done out of the world. */
  remove(viewer: Viewer): void {
    if (!this.viewers.delete(viewer.id)) return
    this.onGone?.(viewer)
    viewer.peer.close()
    viewer.node.kill()
    this.invariants.forget(viewer.id)
  }

  dial(child: Viewer, parentId: PeerId, done: (transport: Transport | null) => void): void {
    const { links } = this.#chance
    const parent = this.member(parentId)
    const isReachable = !this.viewers.has(parentId) || this.viewers.get(parentId)?.profile.isReachable
    if (!parent || parent.node.state !== 'running' || !isReachable)
      return void child.node.clock.after(DIAL_LIMIT_MS, () => done(null))
    child.node.clock.after(links.between(...SET_UP_MS), () => {
      if (parent.node.state !== 'running') return done(null)
      const [near, far] = this.#link(child, parent)
      const villain = this.viewers.get(parentId)?.profile.villain
      if (villain) far.tamper = tamperOf(villain, links)
      parent.peer.addChild(child.id, far)
      done(near)
    })
  }

  runFor(ms: number): void {
    this.clock.runFor(ms)
  }

  #link(child: Viewer, parent: Member): [SimTransport, SimTransport] {
    const { rttMs, jitterMs } = this.options
    const patterns = [this.options.loss, child.profile.loss, this.viewers.get(parent.id)?.profile.loss]
    const loss = patterns.reduce<LossPattern>(
      (worst, next) => (next && next.share > worst.share ? next : worst),
      NO_LOSS,
    )
    return linkBetween(child.node, parent.node, {
      ...{ clock: this.clock, random: this.#chance.links, pool: this.pool, jitterMs, loss },
      delayMs: rttMs === null ? child.node.accessMs + parent.node.accessMs : rttMs / 2,
      ...(loss.share >= HICCUPS_FROM && { hiccups: LOSSY_HICCUPS }),
      onForeign: (from) =>
        this.invariants.fail(`${from} sends media that the origin did not publish, and means it`),
    })
  }

  #addRoot(): void {
    const { rootUplinkKbps: uplinkKbps, rootChildren: maxChildren } = this.options
    const root = new SimRoot(this, { id: this.#nextId('a'), uplinkKbps, maxChildren })
    this.roots.set(root.id, root)
  }

  #publish(): void {
    this.clock.after(PART_MS, () => {
      for (const part of this.stream.publish()) for (const root of this.roots.values()) root.published(part)
      for (const viewer of this.viewers.values()) viewer.published(this.stream.newest)
      this.#publish()
    })
  }

  #check(): void {
    this.clock.after(CHECK_MS, () => {
      checkWorld(this)
      this.#check()
    })
  }

  #nextId(kind: 'a' | 'c'): PeerId {
    this.#serial += 1
    return `${kind}${this.#serial.toString(16).padStart(15, '0')}`
  }
}
