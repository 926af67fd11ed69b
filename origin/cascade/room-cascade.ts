/** The cascade of one room: who is in which swarm, and what everybody is told. */
import { createHmac } from 'node:crypto'
import type { Decision } from '../../cascade/coordinator/coordinator.ts'
import type { SwarmView } from '../../cascade/coordinator/view.ts'
import type { CascadeClientMessage, IceServer } from '../../cascade/messages.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import type { RootServerMessage } from '../../cascade/root-messages.ts'
import type { Sign } from '../../media/signature.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { LiveFacts } from '../program/live-rooms.ts'
import { networkOf } from '../room/failure-limiter.ts'
import { isInControlGroup, StallComparison } from './control-group.ts'
import { createPeerId, createToken, isPeerSecret, peerSecret } from './credentials.ts'
import type { CascadeFigures, OffReason } from './figures.ts'
import { isSound } from './pollution.ts'
import type { RootHost } from './root-host.ts'
import type { RootNodes, SwarmName } from './root-nodes.ts'
import { rootAbility, Swarm } from './swarm.ts'
import type { Member } from './swarm.ts'
import type { CascadeViewer } from './viewer.ts'

export interface RoomKeys {
  seed: Uint8Array
  publicKey: Uint8Array
  sign: Sign
}

export interface RoomCascadeOptions {
  roomId: string
  keys: RoomKeys
  facts: () => LiveFacts
  /** Connected to the room's signalling. */
  viewers: () => number
  iceServers: readonly IceServer[]
  nodes: RootNodes
  roots: RootHost
  figures: CascadeFigures
  logger: Logger
  /** Steady, ms. */
  now: () => number
  /** Wall clock, ms since 1970. */
  wallNow: () => number
  random: () => number
  maxPeers: number
}

type Message<T extends CascadeClientMessage['type']> = Extract<CascadeClientMessage, { type: T }>

export const STATS_MS = 10_000
/** Without viewers a swarm is kept for so long. */
export const EMPTY_MS = 30_000
/** For a viewer whose signalling broke off to come back under its name. */
export const VIEWER_AWAY_MS = 8000
/** The cascade stays off for so long where its viewers stalled more than the others. */
export const SWITCHED_OFF_MS = 300_000
const MAX_SWARMS = 16
const NOT_LIVE_RETRY_MS = 5000
const FULL_RETRY_MS = 30_000

export class RoomCascade {
  readonly #options: RoomCascadeOptions
  readonly #swarms = new Map<string, Swarm>()
  readonly #members = new Map<CascadeViewer, Member>()
  /** Viewers of the control group: they report, too. */
  readonly #control = new Set<CascadeViewer>()
  readonly #comparison: StallComparison
  #offUntilMs = -Infinity

  constructor(options: RoomCascadeOptions) {
    this.#options = options
    this.#comparison = new StallComparison(options.now)
  }

  get swarms(): Swarm[] {
    return [...this.#swarms.values()]
  }

  get peers(): number {
    return this.#members.size
  }

  get controlViewers(): number {
    return this.#control.size
  }

  /** Ms until the cascade may go on after it did worse than HTTP; 0 where it may. */
  get offForMs(): number {
    return Math.max(0, this.#offUntilMs - this.#options.now())
  }

  get isIdle(): boolean {
    return this.#swarms.size === 0 && this.#control.size === 0 && this.offForMs === 0
  }

  stallShares(): { cascade: number | null; control: number | null } {
    return {
      cascade: this.#comparison.stallShare('cascade'),
      control: this.#comparison.stallShare('control'),
    }
  }

  view(): SwarmView[] {
    return this.swarms.map(({ coordinator }) => coordinator.view())
  }

  findSwarm({ program, rendition }: Omit<SwarmName, 'room'>): Swarm | null {
    return this.#swarms.get(`${program} ${rendition}`) ?? null
  }

  /** Null where that is not on air, or there are too many. */
  openSwarm({ program, rendition }: Omit<SwarmName, 'room'>): Swarm | null {
    const known = this.findSwarm({ program, rendition })
    if (known !== null) return known
    const { roomId, now, random } = this.#options
    const facts = this.#options.facts()
    const isThere = isOnAir(facts, program) && facts.renditions.some(({ name }) => name === rendition)
    if (!isThere || this.#swarms.size >= MAX_SWARMS) return null
    const swarm = new Swarm({ name: { room: roomId, program, rendition }, facts, now, random })
    this.#swarms.set(`${program} ${rendition}`, swarm)
    return swarm
  }

  join(viewer: CascadeViewer, message: Message<'cascade-join'>): void {
    const { program_id: program, rendition, fingerprint } = message
    const returning = this.#returning(viewer, message)
    if (returning !== null) return this.#welcomeBack(returning, viewer, message)
    this.leave(viewer)
    const refusal = this.#refusal(viewer, fingerprint)
    if (refusal !== null) return this.#off(viewer, refusal)
    const swarm = this.openSwarm({ program, rendition })
    if (swarm === null) return this.#off(viewer, { reason: 'not_live', retryMs: NOT_LIVE_RETRY_MS })
    const id = this.#isOwn(message) ? (message.rejoin?.peer_id ?? createPeerId()) : createPeerId()
    this.#enter({ id, swarm, fingerprint, viewer, maxChildren: 0, awayUntilMs: 0 }, viewer, message)
  }

  /** Said goodbye, or moves to another swarm. */
  leave(viewer: CascadeViewer): void {
    this.#control.delete(viewer)
    const member = this.#members.get(viewer)
    if (member === undefined) return
    this.#members.delete(viewer)
    this.#remove(member)
  }

  /** Its connection is gone; its links may stand. */
  away(viewer: CascadeViewer): void {
    this.#control.delete(viewer)
    const member = this.#members.get(viewer)
    if (member === undefined) return
    this.#members.delete(viewer)
    member.viewer = null
    member.awayUntilMs = this.#options.now() + VIEWER_AWAY_MS
    member.swarm.coordinator.suspend(member.id, member.awayUntilMs)
  }

  signal(viewer: CascadeViewer, { to, kind, sdp, mid }: Message<'cascade-signal'>): void {
    const member = this.#members.get(viewer)
    if (member === undefined) return this.#options.figures.signal(false)
    const content = { kind, sdp, ...(mid === undefined ? {} : { mid }) }
    this.#carry(member.swarm, { from: member.id, to, ...content })
  }

  /** From a root. */
  rootSignal(signal: Extract<RootServerMessage, { type: 'cascade-signal' }>): void {
    const swarm = this.swarms.find(({ roots }) => roots.has(signal.from))
    if (swarm === undefined) return this.#options.figures.signal(false)
    this.#carry(swarm, signal)
  }

  stats(viewer: CascadeViewer, message: Message<'cascade-stats'>): void {
    const watched = { playedMs: message.played_ms, stallMs: message.stall_ms }
    const member = this.#members.get(viewer)
    if (member === undefined) {
      if (this.#control.has(viewer)) this.#comparison.note('control', watched)
      return
    }
    this.#comparison.note('cascade', watched)
    this.#options.figures.received(message.bytes)
    member.maxChildren = message.ability.max_children
    this.#deliver(member.swarm, member.swarm.coordinator.stats(member.id, message))
  }

  lost(viewer: CascadeViewer, { parent, why }: Message<'cascade-lost'>): void {
    const member = this.#members.get(viewer)
    if (member !== undefined)
      this.#deliver(member.swarm, member.swarm.coordinator.lost(member.id, parent, why))
  }

  polluted(viewer: CascadeViewer, message: Message<'cascade-polluted'>): void {
    const member = this.#members.get(viewer)
    if (member === undefined) return
    const { swarm } = member
    const { keys, logger } = this.#options
    if (!swarm.members.has(message.parent) || !isSound(message, swarm.name.program, keys.publicKey)) return
    this.#deliver(swarm, swarm.coordinator.lost(member.id, message.parent, 'polluted'))
    if (!swarm.suspects.note(message.parent, member.id)) return
    logger.warn({ peer: message.parent, swarm: swarm.name }, 'a peer passed on bytes that were not signed')
    this.#ban(swarm, message.parent)
  }

  /** A root is there, or its limits have changed. */
  root(swarm: Swarm, peer: PeerId, maxChildren: number): void {
    const ability = rootAbility(maxChildren)
    const { coordinator } = swarm
    coordinator.resume(peer)
    const report = { ability, parents: [], bytes: { cascade: 0, http: 0 } }
    const decisions = coordinator.has(peer)
      ? coordinator.stats(peer, report)
      : coordinator.join({ id: peer, ability, locality: '' })
    this.#deliver(swarm, decisions)
  }

  rootGone(swarm: Swarm, peer: PeerId): void {
    this.#deliver(swarm, swarm.coordinator.leave(peer))
    if (swarm.members.size > 0) this.#options.roots.ensure(swarm)
  }

  /** The room is as it is said to be: swarms of other programs are over. */
  changed(facts: LiveFacts): void {
    for (const swarm of this.swarms)
      if (!isOnAir(facts, swarm.name.program))
        this.#closeSwarm(swarm, { reason: 'not_live', retryMs: NOT_LIVE_RETRY_MS })
  }

  /** Once a second. */
  tick(): void {
    const { now, figures } = this.#options
    for (const swarm of this.swarms) {
      for (const member of [...swarm.members.values()])
        if (member.viewer === null && member.awayUntilMs <= now()) this.#remove(member)
      this.#deliver(swarm, swarm.coordinator.tick())
      figures.moved(swarm.takeMoves())
      if (swarm.members.size > 0) {
        swarm.emptySinceMs = now()
        this.#options.roots.ensure(swarm)
      } else if (now() - swarm.emptySinceMs >= EMPTY_MS) this.#closeSwarm(swarm, null)
    }
    this.#compare()
  }

  /** Everybody goes back to HTTP. */
  stop(retryMs: number | null): void {
    for (const swarm of this.swarms) this.#closeSwarm(swarm, { reason: 'disabled', retryMs })
  }

  #refusal(viewer: CascadeViewer, fingerprint: string): { reason: OffReason; retryMs: number | null } | null {
    const { roomId, viewers, maxPeers } = this.#options
    if (this.offForMs > 0) return { reason: 'disabled', retryMs: Math.max(1000, Math.ceil(this.offForMs)) }
    if (isInControlGroup(roomId, viewer.userId ?? fingerprint, viewers())) {
      this.#control.add(viewer)
      return { reason: 'control_group', retryMs: null }
    }
    return this.#members.size >= maxPeers ? { reason: 'full', retryMs: FULL_RETRY_MS } : null
  }

  /** Its name is its own: the secret is the one that was given with it. */
  #isOwn({ rejoin }: Message<'cascade-join'>): boolean {
    const { keys, roomId } = this.#options
    return rejoin !== undefined && isPeerSecret(rejoin.secret, peerSecret(keys.seed, roomId, rejoin.peer_id))
  }

  /** Who is still in the graph under that name. */
  #returning(viewer: CascadeViewer, message: Message<'cascade-join'>): Member | null {
    const { rejoin, program_id: program, rendition, fingerprint } = message
    if (rejoin === undefined || !this.#isOwn(message)) return null
    const member = this.findSwarm({ program, rendition })?.members.get(rejoin.peer_id)
    if (member === undefined || member.fingerprint !== fingerprint) return null
    return this.#members.get(viewer) === undefined || member.viewer === viewer ? member : null
  }

  #welcomeBack(member: Member, viewer: CascadeViewer, { ability }: Message<'cascade-join'>): void {
    const { coordinator } = member.swarm
    if (member.viewer !== null) this.#members.delete(member.viewer)
    member.viewer = viewer
    this.#members.set(viewer, member)
    coordinator.resume(member.id)
    this.#welcome(member, viewer)
    this.#deliver(
      member.swarm,
      coordinator.stats(member.id, { ability, parents: [], bytes: { cascade: 0, http: 0 } }),
    )
    const parents = coordinator.parentsOf(member.id)
    this.#deliver(member.swarm, [{ kind: 'parents', peer: member.id, parents }])
  }

  #enter(member: Member, viewer: CascadeViewer, message: Message<'cascade-join'>): void {
    const { id, swarm } = member
    const before = swarm.members.get(id)
    if (before !== undefined) this.#forget(before)
    member.maxChildren = message.ability.max_children
    this.#members.set(viewer, member)
    swarm.members.set(id, member)
    this.#options.figures.joined()
    this.#welcome(member, viewer)
    this.#options.roots.ensure(swarm)
    const { ability } = message
    // A viewer that calls itself a root is none.
    const device = ability.device === 'root' ? 'desktop' : ability.device
    const newcomer = { id, ability: { ...ability, device }, locality: this.#localityOf(viewer.address) }
    const parents = this.#isOwn(message) ? (message.rejoin?.parents ?? []) : []
    this.#deliver(swarm, swarm.coordinator.join(newcomer, parents))
  }

  #welcome({ id }: Member, viewer: CascadeViewer): void {
    const { keys, roomId, iceServers } = this.#options
    viewer.send({
      type: 'cascade-welcome',
      peer_id: id,
      secret: peerSecret(keys.seed, roomId, id),
      public_key: Buffer.from(keys.publicKey).toString('base64url'),
      ice_servers: [...iceServers],
      stats_ms: STATS_MS,
    })
  }

  #carry(
    swarm: Swarm,
    signal: Omit<Extract<RootServerMessage, { type: 'cascade-signal' }>, 'type' | 'room'>,
  ): void {
    const { nodes, roomId, figures } = this.#options
    const { from, to, kind, sdp } = signal
    const mid = signal.mid === undefined ? {} : { mid: signal.mid }
    const root = swarm.roots.has(to) ? nodes.of(to)?.link : null
    const viewer = swarm.members.get(to)?.viewer
    const isCarried = swarm.coordinator.mayTalk(from, to) && Boolean(root ?? viewer)
    figures.signal(isCarried)
    if (!isCarried) return
    root?.send({ type: 'cascade-signal', room: roomId, from, to, kind, sdp, ...mid })
    viewer?.send({ type: 'cascade-signal', from, kind, sdp, ...mid })
  }

  #deliver(swarm: Swarm, decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      const member = swarm.members.get(decision.peer)
      if (member === undefined) continue
      if (decision.kind === 'off') {
        const { viewer } = member
        this.#forget(member)
        if (viewer !== null) this.#off(viewer, { reason: decision.reason, retryMs: decision.retryMs })
      } else if (member.viewer !== null) {
        this.#options.figures.told()
        const token = this.#tokenOf(member)
        member.viewer.send({ type: 'cascade-parents', parents: decision.parents, token })
      }
    }
  }

  #tokenOf({ id, swarm, fingerprint, maxChildren }: Member): string {
    const { keys, wallNow } = this.#options
    return createToken({ ...swarm.name, peer: id, fingerprint, maxChildren }, keys.sign, wallNow())
  }

  #ban(swarm: Swarm, polluter: PeerId): void {
    const { nodes, roomId, figures } = this.#options
    const others = [...swarm.members.values()].filter(({ id }) => swarm.coordinator.mayTalk(id, polluter))
    for (const { viewer } of others) viewer?.send({ type: 'cascade-cut', peer_id: polluter })
    for (const root of swarm.roots)
      nodes.of(root)?.link?.send({ type: 'cascade-cut', room: roomId, peer_id: polluter })
    figures.banned()
    this.#deliver(swarm, swarm.coordinator.ban(polluter))
  }

  #off(viewer: CascadeViewer, { reason, retryMs }: { reason: OffReason; retryMs: number | null }): void {
    this.#options.figures.off(reason)
    viewer.send({ type: 'cascade-off', reason, retry_ms: retryMs })
  }

  #remove(member: Member): void {
    this.#forget(member)
    this.#deliver(member.swarm, member.swarm.coordinator.leave(member.id))
  }

  #forget(member: Member): void {
    if (member.viewer !== null) this.#members.delete(member.viewer)
    member.swarm.members.delete(member.id)
  }

  #closeSwarm(swarm: Swarm, why: { reason: OffReason; retryMs: number | null } | null): void {
    this.#swarms.delete(`${swarm.name.program} ${swarm.name.rendition}`)
    for (const member of [...swarm.members.values()]) {
      const { viewer } = member
      this.#forget(member)
      if (viewer !== null && why !== null) this.#off(viewer, why)
    }
    this.#options.roots.close(swarm)
  }

  #compare(): void {
    if (!this.#comparison.isCascadeWorse) return
    const { now, logger, figures, roomId } = this.#options
    logger.warn(
      { room: roomId, ...this.stallShares(), offForMs: SWITCHED_OFF_MS },
      'viewers of the cascade stall more than those on HTTP: it is off for a while',
    )
    figures.switchedOff()
    this.#offUntilMs = now() + SWITCHED_OFF_MS
    this.#comparison.reset()
    this.stop(SWITCHED_OFF_MS)
  }

  /** The network it is on, as a word that tells nothing else. */
  #localityOf(address: string): string {
    const plain = address.replace(/^::ffff:/, '')
    const network = plain.includes(':') ? networkOf(plain) : plain.split('.').slice(0, 3).join('.')
    return createHmac('sha256', this.#options.keys.seed).update(network).digest('base64url').slice(0, 8)
  }
}

function isOnAir(facts: LiveFacts, program: string): boolean {
  return facts.programId === program && ['live', 'interrupted', 'starting'].includes(facts.state)
}
