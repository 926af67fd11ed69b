/**
 * A swarm over real SCTP: peers in processes of their own, the real coordinator here, datagrams by way of a network with delay and
 * loss. What happens to whom is noted as it comes; `measure.ts` makes figures of it.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Coordinator, type Decision } from '../../cascade/coordinator/coordinator.ts'
import { TICK_MS } from '../../cascade/coordinator/optimise.ts'
import type { Ability, ParentAssignment } from '../../cascade/messages.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import type { LostReason } from '../../cascade/peer-options.ts'
import type { Signal } from '../../edge/datachannel/connection.ts'
import { seededRandom, type Random } from '../sim/random.ts'
import type { PathQuality } from '../support/udp-links.ts'
import { SwarmNetwork } from './network.ts'
import { SWARM, type Death, type FromWorker, type ToWorker, type WorkerReport } from './swarm-protocol.ts'

export interface SwarmOptions {
  peers: number
  workers: number
  bitrateKbps: number
  seed: number
  /** null: the loopback as it is. */
  network: PathQuality | null
}

export interface Kill {
  victim: PeerId
  how: Death
  atMs: number
  /** Children at that moment, by what it was to them. */
  primaryOf: PeerId[]
  backupOf: PeerId[]
}

interface Loss {
  id: PeerId
  parent: PeerId
  why: LostReason
  atMs: number
}

interface Member {
  worker: number
  isRoot: boolean
  joinedAtMs: number
  parents: ParentAssignment[]
  isDead: boolean
}

const ROOTS = 2
const JOIN_EVERY_MS = 40
const REJOIN_MS = 500
/** What signalling takes to the coordinator and back. */
const SIGNALLING_MS = 20
const STATS_MS = 5000
/** After that the signalling of whoever died is closed, and another comes in its place. */
const BURIED_MS = 3000
/** Nobody is to lose two parents within so long: what is measured is one death. */
const REST_MS = 5000

export class SctpSwarm {
  readonly kills: Kill[] = []
  readonly losses: Loss[] = []
  /** Of each peer, how long after they were made its parts were whole, by number. */
  readonly delays = new Map<PeerId, Map<number, number>>()
  readonly fetched = new Map<PeerId, number>()
  readonly joinedAtMs = new Map<PeerId, number>()
  startsAtMs = 0
  readonly #options: SwarmOptions
  readonly #random: Random
  readonly #coordinator: Coordinator
  readonly #members = new Map<PeerId, Member>()
  readonly #workers: ChildProcess[] = []
  readonly #links = new Map<string, number>()
  readonly #reports: ((report: WorkerReport) => void)[] = []
  readonly #timers: NodeJS.Timeout[] = []
  readonly #spoilt = new Map<PeerId, PathQuality>()
  #network: SwarmNetwork | null = null
  #isClosed = false

  constructor(options: SwarmOptions) {
    this.#options = options
    this.#random = seededRandom(options.seed)
    this.#coordinator = new Coordinator({
      ...{ program: SWARM.program, rendition: SWARM.rendition, bitrateKbps: options.bitrateKbps },
      now: () => performance.now(),
      random: this.#random.next,
    })
  }

  /** Resolves when everybody has parents and the stream runs. */
  async start(): Promise<void> {
    const { workers, network, bitrateKbps, peers, seed } = this.#options
    if (network !== null) this.#network = await SwarmNetwork.start(network, seed)
    for (let index = 0; index < workers; index++) this.#workers.push(await this.#fork())
    this.startsAtMs = wallNow() + 500
    for (let index = 0; index < workers; index++)
      this.#tell(index, { do: 'stream', stream: { bitrateKbps, startsAtMs: this.startsAtMs } })
    for (let root = 0; root < ROOTS; root++) this.#join(0, true)
    for (let peer = 0; peer < peers; peer++) {
      this.#join(peer % workers, false)
      await delay(JOIN_EVERY_MS)
    }
    this.#timers.push(setInterval(() => this.#apply(this.#coordinator.tick()), TICK_MS))
    this.#timers.push(setInterval(() => void this.#noteStats(), STATS_MS))
  }

  /** All paths of this peer are of this quality from now on, those to come as well. */
  spoil(id: PeerId, quality: PathQuality): void {
    this.#spoilt.set(id, quality)
    const links = [...this.#links].flatMap(([pair, count]) => (pair.includes(id) ? `${pair}#${count}` : []))
    this.#network?.setQuality(links, quality)
  }

  /** Viewers that live. */
  get viewers(): PeerId[] {
    return [...this.#members].flatMap(([id, { isRoot, isDead }]) => (isRoot || isDead ? [] : [id]))
  }

  get depth(): number {
    return Math.max(...this.#coordinator.view().peers.map(({ depth }) => depth))
  }

  /** Kills a relay whose children have all been well for a while; null where there is none. Another viewer comes in its place. */
  killSomeRelay(how: Death): Kill | null {
    const now = wallNow()
    const disturbed = new Set(
      this.kills
        .filter(({ atMs }) => now - atMs < REST_MS)
        .flatMap(({ victim, primaryOf, backupOf }) => [victim, ...primaryOf, ...backupOf]),
    )
    const candidates = [...this.#members].filter(([id, member]) => {
      if (member.isRoot || member.isDead || now - member.joinedAtMs < REST_MS || disturbed.has(id))
        return false
      const { primaryOf, backupOf } = this.#childrenOf(id)
      return primaryOf.length > 0 && ![...primaryOf, ...backupOf].some((child) => disturbed.has(child))
    })
    if (candidates.length === 0) return null
    const [victim, member] = this.#random.pick(candidates)
    const kill = { victim, how, atMs: now, ...this.#childrenOf(victim) }
    this.kills.push(kill)
    member.isDead = true
    this.#tell(member.worker, { do: 'die', id: victim, how })
    const buryMs = how === 'silence' ? BURIED_MS : SIGNALLING_MS
    setTimeout(() => this.#bury(victim, member), buryMs)
    return kill
  }

  /** What every process and every engine has counted. */
  async report(): Promise<WorkerReport[]> {
    const reports: WorkerReport[] = []
    for (let index = 0; index < this.#workers.length; index++) {
      const answer = new Promise<WorkerReport>((resolve) => (this.#reports[index] = resolve))
      this.#tell(index, { do: 'report' })
      reports.push(await answer)
    }
    return reports
  }

  isAlive(id: PeerId): boolean {
    return this.#members.get(id)?.isDead === false
  }

  /** A parent that was given up though it lived. */
  falseSwitches(): Loss[] {
    const diedAt = new Map(this.kills.map(({ victim, atMs }) => [victim, atMs]))
    return this.losses.filter(({ parent, why, atMs }) => {
      const isOurDoing = (diedAt.get(parent) ?? Infinity) <= atMs
      return !isOurDoing && (why === 'silent' || why === 'zombie' || why === 'slow')
    })
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#timers) clearInterval(timer)
    await this.#network?.close()
    for (const worker of this.#workers) {
      const exited = once(worker, 'exit')
      worker.kill('SIGKILL')
      await exited
    }
  }

  async #fork(): Promise<ChildProcess> {
    const file = fileURLToPath(new URL('swarm-worker.ts', import.meta.url))
    const worker = fork(file, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 2, 2, 'ipc'] })
    await once(worker, 'message')
    const index = this.#workers.length
    worker.on('message', (message: FromWorker) => this.#receive(index, message))
    return worker
  }

  #join(worker: number, isRoot: boolean): void {
    const id = Array.from({ length: 16 }, () => this.#random.below(16).toString(16)).join('')
    const maxChildren = isRoot ? 24 : 8
    this.joinedAtMs.set(id, wallNow())
    this.#members.set(id, { worker, isRoot, joinedAtMs: wallNow(), parents: [], isDead: false })
    this.#tell(worker, { do: 'spawn', id, isRoot, maxChildren })
    this.#enter(id)
  }

  #enter(id: PeerId): void {
    const member = this.#members.get(id)
    if (member === undefined || member.isDead || this.#isClosed) return
    const ability = abilityOf(member.isRoot, this.#options.bitrateKbps)
    this.#apply(this.#coordinator.join({ id, ability, locality: '' }))
  }

  #bury(id: PeerId, member: Member): void {
    if (this.#isClosed) return
    this.#apply(this.#coordinator.leave(id))
    setTimeout(() => {
      if (this.#isClosed) return
      this.#tell(member.worker, { do: 'remove', id })
      this.#members.delete(id)
      this.#join(member.worker, false)
    }, BURIED_MS)
  }

  #apply(decisions: Decision[]): void {
    for (const decision of decisions) {
      const member = this.#members.get(decision.peer)
      if (member === undefined || member.isDead) continue
      if (decision.kind === 'off') setTimeout(() => this.#enter(decision.peer), REJOIN_MS)
      else {
        member.parents = decision.parents
        const message = { do: 'parents', id: decision.peer, parents: decision.parents } as const
        setTimeout(() => this.#tell(member.worker, message), SIGNALLING_MS)
      }
    }
  }

  #receive(worker: number, message: FromWorker): void {
    if (message.is === 'arrivals')
      for (const { id, number, delayMs, source } of message.arrivals) {
        let delays = this.delays.get(id)
        if (delays === undefined) this.delays.set(id, (delays = new Map()))
        delays.set(number, delayMs)
        if (source === 'http') this.fetched.set(id, (this.fetched.get(id) ?? 0) + 1)
      }
    else if (message.is === 'signal') void this.#carry(message.from, message.to, message.signal)
    else if (message.is === 'lost') this.#lost(message.id, message.parent, message.why)
    else if (message.is === 'report') this.#reports[worker]?.(message.report)
  }

  #lost(id: PeerId, parent: PeerId, why: LostReason): void {
    if (!this.isAlive(id)) return
    this.losses.push({ id, parent, why, atMs: wallNow() })
    setTimeout(() => this.#apply(this.#coordinator.lost(id, parent, why)), SIGNALLING_MS)
  }

  /** Whoever is dead neither speaks nor listens. */
  async #carry(from: PeerId, to: PeerId, signal: Signal): Promise<void> {
    if (!this.isAlive(from) || !this.isAlive(to)) return
    const { link, isFromFirst } = this.#linkOf(from, to, signal)
    const carried = this.#network === null ? signal : await this.#network.carry(link, isFromFirst, signal)
    const spoilt = this.#spoilt.get(from) ?? this.#spoilt.get(to)
    if (spoilt !== undefined) this.#network?.setQuality([link], spoilt)
    await delay(SIGNALLING_MS)
    const target = this.#members.get(to)
    if (carried !== null && target !== undefined)
      this.#tell(target.worker, { do: 'signal', from, to, signal: carried })
  }

  /** Each dial has a path of its own. */
  #linkOf(from: PeerId, to: PeerId, signal: Signal): { link: string; isFromFirst: boolean } {
    const [there, back] = [`${from}>${to}`, `${to}>${from}`]
    if (signal.kind === 'offer') {
      this.#links.set(there, (this.#links.get(there) ?? 0) + 1)
      this.#links.delete(back)
    }
    const isFromFirst = this.#links.has(there)
    const pair = isFromFirst ? there : back
    return { link: `${pair}#${this.#links.get(pair) ?? 0}`, isFromFirst }
  }

  async #noteStats(): Promise<void> {
    if (this.#isClosed) return
    for (const { peers } of await this.report())
      for (const { id, facts, isRoot } of peers) {
        if (!this.isAlive(id) || isRoot) continue
        const parents = facts.parents.flatMap((parent) =>
          parent.rttMs === null
            ? []
            : [{ id: parent.id, rtt_ms: parent.rttMs, loss: parent.loss, relayed: false }],
        )
        const ability = abilityOf(isRoot, this.#options.bitrateKbps)
        const bytes = { cascade: facts.parts.cascade, http: facts.parts.http }
        this.#apply(this.#coordinator.stats(id, { ability, parents, bytes }))
      }
  }

  #childrenOf(id: PeerId): { primaryOf: PeerId[]; backupOf: PeerId[] } {
    const having = (role: 'primary' | 'backup'): PeerId[] =>
      this.viewers.filter((child) =>
        this.#members.get(child)?.parents.some((parent) => parent.id === id && parent.role === role),
      )
    return { primaryOf: having('primary'), backupOf: having('backup') }
  }

  #tell(worker: number, message: ToWorker): void {
    const target = this.#workers[worker]
    if (target?.connected === true) target.send(message)
  }
}

/** Uplinks of three streams, so that trees grow deep; roots of a server. */
function abilityOf(isRoot: boolean, bitrateKbps: number): Ability {
  return {
    device: isRoot ? 'root' : 'desktop',
    relays: true,
    upload_kbps: bitrateKbps * (isRoot ? 24 : 4),
    max_children: isRoot ? 24 : 8,
    hidden: false,
    relay_only: false,
  }
}

function wallNow(): number {
  return performance.timeOrigin + performance.now()
}
