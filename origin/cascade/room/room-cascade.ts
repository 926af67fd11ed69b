/** The cascade of one room: who is in which swarm, and what follows from what its peers say. */
import type { Decision } from '../../../cascade/coordinator/coordinator.ts'
import type { CascadeClientMessage } from '../../../cascade/messages.ts'
import type { PeerId } from '../../../cascade/peer-id.ts'
import type { RootServerMessage } from '../../../cascade/root-messages.ts'
import type { Logger } from '../../../runtime/logger.ts'
import type { LiveFacts } from '../../program/live-rooms.ts'
import { createPeerId } from '../credentials.ts'
import type { RootHost } from '../root-host.ts'
import { rootAbility } from '../swarm.ts'
import type { Member, Swarm } from '../swarm.ts'
import type { CascadeViewer } from '../viewer.ts'
import { ControlViewers, SWITCHED_OFF_MS } from './control-viewers.ts'
import { localityOf } from './locality.ts'
import { isSound } from './pollution.ts'
import { RoomMembers } from './room-members.ts'
import type { Joining } from './room-members.ts'
import { isOnAir, RoomSwarms } from './room-swarms.ts'
import { RoomVoice } from './room-voice.ts'
import type { Refusal, RoomVoiceOptions } from './room-voice.ts'
import type { RoomBytes, RoomCascadeView } from './view.ts'

export interface RoomCascadeOptions extends RoomVoiceOptions {
  facts: () => LiveFacts
  /** Connected to the room's signalling. */
  viewers: () => number
  roots: RootHost
  logger: Logger
  /** Steady, ms. */
  now: () => number
  random: () => number
  maxPeers: number
}

type Message<T extends CascadeClientMessage['type']> = Extract<CascadeClientMessage, { type: T }>

/** Without viewers a swarm is kept for so long. */
export const EMPTY_MS = 30_000
/** For a viewer whose signalling broke off to come back under its name. */
export const VIEWER_AWAY_MS = 8000
const NOT_LIVE: Refusal = { reason: 'not_live', retryMs: 5000 }
const FULL: Refusal = { reason: 'full', retryMs: 30_000 }
const NO_BYTES = { cascade: 0, http: 0 }

export class RoomCascade {
  readonly swarms: RoomSwarms
  readonly #options: RoomCascadeOptions
  readonly #members: RoomMembers
  readonly #control: ControlViewers
  readonly #voice: RoomVoice
  readonly #bytes: RoomBytes = { cascade: 0, http: 0, roots: 0 }

  constructor(options: RoomCascadeOptions) {
    this.#options = options
    this.swarms = new RoomSwarms(options)
    this.#members = new RoomMembers(options.roomId, options.keys)
    this.#control = new ControlViewers(options)
    this.#voice = new RoomVoice(options)
  }

  get peers(): number {
    return this.#members.size
  }

  /** Ms until the cascade may go on after it did worse than HTTP; 0 where it may. */
  get offForMs(): number {
    return this.#control.offForMs
  }

  get isIdle(): boolean {
    return this.swarms.size === 0 && this.#control.size === 0 && this.offForMs === 0
  }

  view(): Omit<RoomCascadeView, 'enabled'> {
    const { nodes } = this.#options
    return {
      off_for_ms: Math.ceil(this.offForMs),
      peers: this.peers,
      control_viewers: this.#control.size,
      stall_share: this.#control.stallShares(),
      bytes: { ...this.#bytes },
      swarms: this.swarms
        .all()
        .map(({ coordinator, name }) => ({ ...coordinator.view(), roots: nodes.view(name) })),
    }
  }

  join(viewer: CascadeViewer, message: Joining): void {
    const { program_id: program, rendition, fingerprint } = message
    const returning = this.#members.returning(viewer, message, this.swarms.find({ program, rendition }))
    if (returning !== null) return this.#welcomeBack(returning, viewer, message)
    this.leave(viewer)
    const refusal = this.#refusal(viewer, fingerprint)
    if (refusal !== null) return this.#voice.off(viewer, refusal)
    const swarm = this.swarms.open({ program, rendition })
    if (swarm === null) return this.#voice.off(viewer, NOT_LIVE)
    const id = this.#members.isOwn(message) ? (message.rejoin?.peer_id ?? createPeerId()) : createPeerId()
    this.#enter({ id, swarm, fingerprint, viewer, maxChildren: 0, awayUntilMs: 0 }, viewer, message)
  }

  /** Said goodbye, or moves to another swarm. */
  leave(viewer: CascadeViewer): void {
    this.#control.forget(viewer)
    const member = this.#members.of(viewer)
    if (member !== undefined) this.#remove(member)
  }

  /** Its connection is gone; its links may stand. */
  away(viewer: CascadeViewer): void {
    this.#control.forget(viewer)
    const member = this.#members.suspend(viewer, this.#options.now() + VIEWER_AWAY_MS)
    member?.swarm.coordinator.suspend(member.id, member.awayUntilMs)
  }

  signal(viewer: CascadeViewer, { to, kind, sdp, mid }: Message<'cascade-signal'>): void {
    const member = this.#members.of(viewer)
    if (member === undefined) return this.#options.figures.signal(false)
    const content = { kind, sdp, ...(mid === undefined ? {} : { mid }) }
    this.#voice.carry(member.swarm, { from: member.id, to, ...content })
  }

  /** From a root. */
  rootSignal(signal: Extract<RootServerMessage, { type: 'cascade-signal' }>): void {
    const swarm = this.swarms.all().find(({ roots }) => roots.has(signal.from))
    if (swarm === undefined) return this.#options.figures.signal(false)
    this.#voice.carry(swarm, signal)
  }

  stats(viewer: CascadeViewer, message: Message<'cascade-stats'>): void {
    const watched = { playedMs: message.played_ms, stallMs: message.stall_ms }
    const member = this.#members.of(viewer)
    if (member === undefined) {
      if (this.#control.has(viewer)) this.#control.note('control', watched)
      return
    }
    this.#control.note('cascade', watched)
    this.#options.figures.received(message.bytes)
    this.#bytes.cascade += message.bytes.cascade
    this.#bytes.http += message.bytes.http
    member.maxChildren = message.ability.max_children
    this.#deliver(member.swarm, member.swarm.coordinator.stats(member.id, message))
  }

  rootSent(bytes: number): void {
    this.#bytes.roots += bytes
  }

  lost(viewer: CascadeViewer, { parent, why }: Message<'cascade-lost'>): void {
    const member = this.#members.of(viewer)
    if (member !== undefined)
      this.#deliver(member.swarm, member.swarm.coordinator.lost(member.id, parent, why))
  }

  polluted(viewer: CascadeViewer, message: Message<'cascade-polluted'>): void {
    const member = this.#members.of(viewer)
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
    const report = { ability, parents: [], bytes: NO_BYTES }
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
    for (const swarm of this.swarms.all())
      if (!isOnAir(facts, swarm.name.program)) this.#closeSwarm(swarm, NOT_LIVE)
  }

  /** Once a second. */
  tick(): void {
    const { now, figures } = this.#options
    for (const swarm of this.swarms.all()) {
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
    for (const swarm of this.swarms.all()) this.#closeSwarm(swarm, { reason: 'disabled', retryMs })
  }

  #refusal(viewer: CascadeViewer, fingerprint: string): Refusal | null {
    if (this.offForMs > 0) return { reason: 'disabled', retryMs: Math.max(1000, Math.ceil(this.offForMs)) }
    if (this.#control.take(viewer, fingerprint)) return { reason: 'control_group', retryMs: null }
    return this.#members.size >= this.#options.maxPeers ? FULL : null
  }

  #welcomeBack(member: Member, viewer: CascadeViewer, { ability }: Joining): void {
    const { coordinator } = member.swarm
    this.#members.resume(member, viewer)
    coordinator.resume(member.id)
    this.#voice.welcome(member, viewer)
    this.#deliver(member.swarm, coordinator.stats(member.id, { ability, parents: [], bytes: NO_BYTES }))
    const parents = coordinator.parentsOf(member.id)
    this.#deliver(member.swarm, [{ kind: 'parents', peer: member.id, parents }])
  }

  #enter(member: Member, viewer: CascadeViewer, message: Joining): void {
    const { id, swarm } = member
    member.maxChildren = message.ability.max_children
    this.#members.add(member, viewer)
    this.#options.figures.joined()
    this.#voice.welcome(member, viewer)
    this.#options.roots.ensure(swarm)
    const { ability } = message
    // A viewer that calls itself a root is none.
    const device = ability.device === 'root' ? 'desktop' : ability.device
    const newcomer = {
      id,
      ability: { ...ability, device },
      locality: localityOf(viewer.address, this.#options.keys.seed),
    }
    const parents = this.#members.isOwn(message) ? (message.rejoin?.parents ?? []) : []
    this.#deliver(swarm, swarm.coordinator.join(newcomer, parents))
  }

  #deliver(swarm: Swarm, decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      const member = swarm.members.get(decision.peer)
      if (member === undefined) continue
      if (decision.kind === 'parents') this.#voice.parents(member, decision.parents)
      else this.#dismiss(member, decision)
    }
  }

  #ban(swarm: Swarm, polluter: PeerId): void {
    this.#voice.cut(swarm, polluter)
    this.#options.figures.banned()
    this.#deliver(swarm, swarm.coordinator.ban(polluter))
  }

  #remove(member: Member): void {
    this.#members.remove(member)
    this.#deliver(member.swarm, member.swarm.coordinator.leave(member.id))
  }

  #dismiss(member: Member, why: Refusal | null): void {
    const { viewer } = member
    this.#members.remove(member)
    if (viewer !== null && why !== null) this.#voice.off(viewer, why)
  }

  #closeSwarm(swarm: Swarm, why: Refusal | null): void {
    this.swarms.remove(swarm)
    for (const member of [...swarm.members.values()]) this.#dismiss(member, why)
    this.#options.roots.close(swarm)
  }

  #compare(): void {
    const shares = this.#control.judge()
    if (shares === null) return
    const { logger, figures, roomId } = this.#options
    logger.warn(
      { room: roomId, ...shares, offForMs: SWITCHED_OFF_MS },
      'viewers of the cascade stall more than those on HTTP: it is off for a while',
    )
    figures.switchedOff()
    this.stop(SWITCHED_OFF_MS)
  }
}
