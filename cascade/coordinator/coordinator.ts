/**
 * The coordinator of one swarm: the peers of one rendition of one program. Told who comes, goes and how links do; answers with whom
 * to tell what. Pure: its time and chance are handed in, and it remembers nothing that is not bounded.
 */
import type { Ability, ParentAssignment } from '../messages.ts'
import type { PeerId } from '../peer-id.ts'
import type { LostReason } from '../peer-options.ts'
import { blame } from './blame.ts'
import { Candidates } from './candidates.ts'
import { explainPeer } from './explain.ts'
import { Graph } from './graph.ts'
import { isBad, Optimiser } from './optimise.ts'
import { Linking } from './linking.ts'
import { Moves } from './moves.ts'
import { Placement } from './placement.ts'
import { noteReport, type PeerReport } from './report.ts'
import { Returning } from './returning.ts'
import { capacityOf, createPeer, isRoot } from './swarm-peer.ts'
import type { Newcomer, SwarmPeer } from './swarm-peer.ts'
import { assignmentOf, viewOf, type SwarmView } from './view.ts'

export interface CoordinatorOptions {
  program: string
  rendition: string
  /** Of all tracks together. */
  bitrateKbps: number
  /** Steady, ms. */
  now: () => number
  /** 0 to 1. */
  random: () => number
}

/** What somebody is to be told. `parents`: the whole of them, best first. */
export type Decision =
  | { kind: 'parents'; peer: PeerId; parents: ParentAssignment[] }
  | { kind: 'off'; peer: PeerId; reason: 'full' | 'no_root' | 'banned'; retryMs: number | null }

/** Roots push this share of what all viewers receive, and never less than the floor, before peers are full. */
const ROOT_SHARE = 0.03
const ROOT_FLOOR_STRIPES = 6
const MAX_BANNED = 1000
const RETRY_MS = 15_000
/** Others that have to move for somebody are found new places at once, up to this many. */
const MAX_FOLLOW_UPS = 32

export class Coordinator {
  readonly #options: CoordinatorOptions
  readonly #graph = new Graph()
  readonly #linking: Linking
  readonly #placement: Placement
  readonly #optimiser: Optimiser
  readonly #returning: Returning
  readonly #banned = new Set<PeerId>()

  constructor(options: CoordinatorOptions) {
    this.#options = options
    const { bitrateKbps, random, now } = options
    const rootBudget = (): number => Math.max(ROOT_FLOOR_STRIPES, Math.round(ROOT_SHARE * 5 * this.viewers))
    const facts = { graph: this.#graph, bitrateKbps, random, now, rootBudget }
    const candidates = new Candidates(facts)
    this.#linking = new Linking(facts, candidates)
    this.#placement = new Placement(facts, candidates, this.#linking)
    const moves = new Moves(facts, candidates, this.#linking, this.#placement)
    this.#optimiser = new Optimiser({
      facts,
      candidates,
      linking: this.#linking,
      placement: this.#placement,
      moves,
    })
    this.#returning = new Returning(this.#graph, now)
  }

  /** Peers that are not roots. */
  get viewers(): number {
    return this.#graph.size - this.#graph.roots.size
  }

  get roots(): number {
    return this.#graph.roots.size
  }

  /** Viewers that were moved to make the graph better. */
  get moves(): number {
    return this.#optimiser.moves
  }

  has(id: PeerId): boolean {
    return this.#graph.get(id) !== undefined
  }

  isBanned(id: PeerId): boolean {
    return this.#banned.has(id)
  }

  /** `parents`: of one who was here before a break, and still has links to them; they are kept where they are sane. */
  join(newcomer: Newcomer, parents: readonly PeerId[] = []): Decision[] {
    const { id } = newcomer
    if (this.#banned.has(id)) return [off(id, 'banned', null)]
    if (this.has(id)) return this.#decide()
    const peer = createPeer(newcomer, this.#options.now(), this.#options.bitrateKbps)
    this.#graph.add(peer)
    const waiting = this.#returning.claim(peer, parents)
    // Who is back has whom it named; more wait for the next tick: a seat may be one of those that come back after it.
    for (const child of this.#returning.arrived(peer)) this.#linking.postpone(child)
    if (isRoot(peer)) this.#fillWaiting()
    else if (waiting) this.#linking.wanting.add(peer)
    else if (parents.length > 0 && peer.parents.length > 0) this.#linking.postpone(peer)
    else if (!this.#placement.fill(peer) && parents.length === 0) return this.#turnAway(peer)
    return this.#decide()
  }

  /** Says goodbye, or its signalling is closed. */
  leave(id: PeerId): Decision[] {
    const peer = this.#graph.get(id)
    if (peer === undefined) return []
    this.#remove(peer)
    return this.#decide()
  }

  /** Its signalling broke off; its links may stand. Nobody new is hung below it until then. */
  suspend(id: PeerId, untilMs: number): void {
    const peer = this.#graph.get(id)
    if (peer !== undefined) peer.closedUntilMs = Math.max(peer.closedUntilMs, untilMs)
  }

  /** It is back. */
  resume(id: PeerId): void {
    const peer = this.#graph.get(id)
    if (peer !== undefined) peer.closedUntilMs = 0
  }

  /** A child gave a parent up. */
  lost(id: PeerId, parentId: PeerId, why: LostReason): Decision[] {
    const peer = this.#graph.get(id)
    const link = peer?.parents.find(({ parent }) => parent.id === parentId)
    if (peer === undefined || link === undefined) return []
    this.#graph.unlink(link)
    if (blame(peer, link.parent, why, this.#options.now())) this.#abandon(link.parent)
    this.#placement.fill(peer)
    return this.#decide()
  }

  stats(id: PeerId, report: PeerReport): Decision[] {
    const peer = this.#graph.get(id)
    if (peer === undefined) return []
    noteReport(peer, report)
    this.#changeAbility(peer, report.ability)
    if (peer.parents.some(isBad)) this.#optimiser.alarm(peer)
    return this.#decide()
  }

  /** Cuts off for good one who is proven to have passed on what the origin did not sign. */
  ban(id: PeerId): Decision[] {
    this.#banned.add(id)
    const [oldest] = this.#banned
    if (this.#banned.size > MAX_BANNED && oldest !== undefined) this.#banned.delete(oldest)
    const decisions = this.has(id) ? this.leave(id) : []
    return [...decisions, off(id, 'banned', null)]
  }

  /** To be called every `TICK_MS`. */
  tick(): Decision[] {
    this.#returning.expire()
    this.#optimiser.run()
    return this.#decide()
  }

  /** Whether one was chosen for the other. */
  mayTalk(a: PeerId, b: PeerId): boolean {
    return this.#isParent(a, b) || this.#isParent(b, a)
  }

  /** Why it has these parents. */
  explain(id: PeerId): string {
    const peer = this.#graph.get(id)
    return peer === undefined ? 'is not in the swarm' : explainPeer(this.#graph, peer)
  }

  parentsOf(id: PeerId): ParentAssignment[] {
    return this.#graph.get(id)?.parents.map((link) => assignmentOf(this.#graph, link)) ?? []
  }

  view(): SwarmView {
    const { program, rendition } = this.#options
    const now = this.#options.now()
    return {
      program,
      rendition,
      peers: [...this.#graph.peers()].map((peer) => viewOf(this.#graph, peer, now)),
    }
  }

  #turnAway(peer: SwarmPeer): Decision[] {
    const reason = this.#graph.roots.size === 0 ? 'no_root' : 'full'
    this.#remove(peer)
    const retryMs = Math.round(RETRY_MS * (0.5 + this.#options.random()))
    return [...this.#decide(), off(peer.id, reason, retryMs)]
  }

  #remove(peer: SwarmPeer): void {
    this.#returning.forget(peer)
    const orphans = this.#graph.remove(peer)
    this.#linking.wanting.delete(peer)
    this.#linking.changed.delete(peer)
    this.#replace(orphans)
  }

  /** New parents for those who lost one, the ones with most below them first. */
  #replace(orphans: SwarmPeer[]): void {
    const isHopeless = this.#graph.roots.size === 0
    for (const orphan of orphans.sort((a, b) => b.children.size - a.children.size)) {
      this.#linking.changed.add(orphan)
      if (orphan.parents.length > 0) this.#linking.arrange(orphan)
      if (isHopeless) this.#linking.wanting.add(orphan)
      else this.#placement.fill(orphan)
    }
  }

  #abandon(parent: SwarmPeer): void {
    const links = [...parent.children]
    for (const link of links) this.#graph.unlink(link)
    this.#replace(links.map(({ child }) => child))
  }

  #changeAbility(peer: SwarmPeer, ability: Ability): void {
    if (isRoot(peer) !== (ability.device === 'root')) return
    const capacity = capacityOf(ability, this.#options.bitrateKbps)
    peer.ability = ability
    if (capacity.seats === peer.seats && capacity.maxStripes === peer.maxStripes) return
    this.#graph.resize(peer, capacity)
    this.#replace(this.#placement.shed(peer))
  }

  /** Somebody with seats has come: those who wait for any are placed. */
  #fillWaiting(): void {
    let filled = 0
    for (const peer of [...this.#linking.wanting]) {
      if (filled >= MAX_FOLLOW_UPS * 8) return
      if (peer.heldUntilMs > this.#options.now() || peer.parents.length > 0) continue
      filled += 1
      this.#placement.fill(peer)
    }
  }

  /** What has changed since anybody was told last. */
  #decide(): Decision[] {
    const { changed, wanting } = this.#linking
    let followUps = 0
    for (const peer of changed) {
      if (!wanting.has(peer) || peer.parents.length > 1 || followUps >= MAX_FOLLOW_UPS) continue
      followUps += 1
      if (this.#graph.roots.size > 0) this.#placement.fill(peer)
    }
    const decisions: Decision[] = []
    for (const peer of changed) {
      const parents = peer.parents.map((link) => assignmentOf(this.#graph, link))
      const told = parents.map(({ id, stripes }) => `${id}${stripes}`).join(' ')
      if (told === peer.told || peer.heldUntilMs > this.#options.now()) continue
      peer.told = told
      decisions.push({ kind: 'parents', peer: peer.id, parents })
    }
    changed.clear()
    return decisions
  }

  #isParent(parentId: PeerId, childId: PeerId): boolean {
    return this.#graph.get(childId)?.parents.some(({ parent }) => parent.id === parentId) ?? false
  }
}

function off(peer: PeerId, reason: 'full' | 'no_root' | 'banned', retryMs: number | null): Decision {
  return { kind: 'off', peer, reason, retryMs }
}
