/** The cascade's host at the origin: every room's cascade, what viewers of the signalling say to it, and what edges' roots do. */
import { cascadeClientMessage } from '../../cascade/messages.ts'
import type { CascadeClientMessage, IceServer } from '../../cascade/messages.ts'
import type { RootClientMessage } from '../../cascade/root-messages.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { steadyNow } from '../../runtime/steady-clock.ts'
import type { Rate } from '../../runtime/token-bucket.ts'
import type { LiveFacts, LiveRooms } from '../program/live-rooms.ts'
import type { RoomRegistry } from '../room/registry.ts'
import { networkOf } from '../room/failure-limiter.ts'
import { signerOf } from '../room/room.ts'
import type { Room } from '../room/room.ts'
import { countCascade } from './figures.ts'
import type { CascadeFigures } from './figures.ts'
import { RoomCascade } from './room/room-cascade.ts'
import { EMPTY_VIEW } from './room/view.ts'
import type { RoomCascadeView } from './room/view.ts'
import { RootHost } from './root-host.ts'
import { RootNodes } from './root-nodes.ts'
import type { RootLink, RootNode, SwarmName } from './root-nodes.ts'
import type { Swarm } from './swarm.ts'
import { TokenBuckets } from './token-buckets.ts'
import type { CascadeViewer } from './viewer.ts'

export interface CascadeHostOptions {
  enabled: boolean
  iceServers: readonly IceServer[]
  rooms: Pick<RoomRegistry, 'find' | 'signingKey' | 'onDelete' | 'onUpdate'>
  live: Pick<LiveRooms, 'facts' | 'onChange'>
  /** Viewers connected to a room's signalling. */
  viewers: (roomId: string) => number
  logger: Logger
  metrics: Metrics
  /** Steady, ms. */
  now?: () => number
  random?: () => number
  maxPeersPerRoom?: number
  rates?: Partial<CascadeRates>
  tickMs?: number
}

/** What one client, and what one network, may ask. */
export interface CascadeRates {
  join: Rate
  message: Rate
  networkJoin: Rate
  networkMessage: Rate
}

type RootStats = Extract<RootClientMessage, { type: 'root-stats' }>['swarms'][number]

const TICK_MS = 1000
const MAX_PEERS_PER_ROOM = 10_000
const RATES: CascadeRates = {
  join: { burst: 10, perSecond: 0.5 },
  message: { burst: 200, perSecond: 50 },
  // Behind one address may be a whole office.
  networkJoin: { burst: 500, perSecond: 50 },
  networkMessage: { burst: 20_000, perSecond: 5000 },
}
const RATE_RETRY_MS = 10_000
/** A room is switched on again without anybody being told: viewers ask. */
const DISABLED_RETRY_MS = 300_000

export class CascadeHost {
  readonly name = 'cascade'
  readonly #options: CascadeHostOptions
  readonly #rooms = new Map<string, RoomCascade>()
  readonly #nodes = new RootNodes()
  readonly #roots: RootHost
  readonly #figures: CascadeFigures
  readonly #now: () => number
  readonly #buckets: Record<keyof CascadeRates, TokenBuckets>
  readonly #keys = new WeakMap<CascadeViewer, string>()
  readonly #stops: (() => void)[] = []
  #viewersSeen = 0

  constructor(options: CascadeHostOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
    const rates = { ...RATES, ...options.rates }
    const bucket = (rate: Rate): TokenBuckets => new TokenBuckets(rate, this.#now)
    this.#buckets = {
      join: bucket(rates.join),
      message: bucket(rates.message),
      networkJoin: bucket(rates.networkJoin),
      networkMessage: bucket(rates.networkMessage),
    }
    this.#figures = countCascade(options.metrics, () => this.#totals())
    this.#roots = new RootHost({
      nodes: this.#nodes,
      iceServers: options.iceServers,
      publicKey: (roomId) => options.rooms.find(roomId)?.publicKey ?? '',
      openSwarm: (name) =>
        this.#isOn(name.room) ? (this.#room(name.room)?.swarms.open(name) ?? null) : null,
      findSwarm: (name) => this.#find(name),
      onRoot: (swarm, peer, maxChildren) => this.#rooms.get(swarm.name.room)?.root(swarm, peer, maxChildren),
      onRootGone: (swarm, peer) => this.#rooms.get(swarm.name.room)?.rootGone(swarm, peer),
      now: this.#now,
    })
  }

  start(): void {
    const { rooms, live, tickMs = TICK_MS } = this.#options
    const ticker = setInterval(() => this.#tick(), tickMs)
    this.#stops.push(
      () => clearInterval(ticker),
      live.onChange((roomId, facts) => this.#onChange(roomId, facts)),
      rooms.onUpdate((room) => this.#onUpdate(room)),
      rooms.onDelete((roomId) => this.#forget(roomId)),
    )
  }

  /** Links between peers stay: whoever serves next takes the graph as its peers report it. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop()
    this.#rooms.clear()
  }

  /** What a viewer said after its hello; what is none of ours is left alone. */
  message(viewer: CascadeViewer, raw: unknown): void {
    const parsed = cascadeClientMessage.safeParse(raw)
    if (!parsed.success || viewer.roomId === null) return
    if (parsed.data.type === 'cascade-join') this.#join(viewer, parsed.data)
    else if (this.#may('message', viewer)) this.#hear(viewer, parsed.data)
  }

  /** Its connection is gone. */
  gone(viewer: CascadeViewer): void {
    this.#rooms.get(viewer.roomId ?? '')?.away(viewer)
    const key = this.#keys.get(viewer)
    if (key === undefined) return
    this.#buckets.join.forget(key)
    this.#buckets.message.forget(key)
  }

  /** An edge's first message. Null where there are too many edges. */
  connectRoots(hello: Extract<RootClientMessage, { type: 'root-hello' }>, link: RootLink): RootNode | null {
    return this.#roots.connect(hello, link)
  }

  disconnectRoots(node: RootNode, link: RootLink): void {
    this.#roots.disconnected(node, link)
  }

  /** What an edge says after its hello, of its own roots alone. */
  rootMessage(node: RootNode, message: RootClientMessage): void {
    if (message.type === 'root-failed') {
      if (this.#nodes.of(message.peer_id) === node) this.#roots.failed(message, message.peer_id)
    } else if (message.type === 'root-stats') {
      for (const root of message.swarms) if (this.#nodes.of(root.peer_id) === node) this.#noteRoot(root)
    } else if (message.type === 'cascade-signal') {
      const isOwn = this.#nodes.of(message.from) === node
      const room = this.#rooms.get(message.room)
      if (isOwn && room !== undefined) room.rootSignal(message)
      else this.#figures.signal(false)
    }
  }

  /** For those who manage the room. */
  view(roomId: string): RoomCascadeView {
    return { enabled: this.#isOn(roomId), ...(this.#rooms.get(roomId)?.view() ?? EMPTY_VIEW) }
  }

  #join(viewer: CascadeViewer, message: Extract<CascadeClientMessage, { type: 'cascade-join' }>): void {
    const roomId = viewer.roomId ?? ''
    if (!this.#may('join', viewer) || !this.#may('networkJoin', viewer))
      return this.#off(viewer, 'rate', RATE_RETRY_MS)
    if (!this.#isOn(roomId)) return this.#off(viewer, 'disabled', DISABLED_RETRY_MS)
    this.#room(roomId)?.join(viewer, message)
  }

  #hear(viewer: CascadeViewer, message: CascadeClientMessage): void {
    const room = this.#rooms.get(viewer.roomId ?? '')
    if (room === undefined || !this.#may('networkMessage', viewer)) return
    if (message.type === 'cascade-signal') room.signal(viewer, message)
    else if (message.type === 'cascade-stats') room.stats(viewer, message)
    else if (message.type === 'cascade-lost') room.lost(viewer, message)
    else if (message.type === 'cascade-polluted') room.polluted(viewer, message)
    else room.leave(viewer)
  }

  #may(rate: keyof CascadeRates, viewer: CascadeViewer): boolean {
    const isOfNetwork = rate === 'networkJoin' || rate === 'networkMessage'
    return this.#buckets[rate].take(isOfNetwork ? networkOf(viewer.address) : this.#keyOf(viewer))
  }

  #keyOf(viewer: CascadeViewer): string {
    const key = this.#keys.get(viewer) ?? String((this.#viewersSeen += 1))
    this.#keys.set(viewer, key)
    return key
  }

  #noteRoot({
    peer_id: peer,
    children,
    spare_kbps: spareKbps,
    sent_bytes: sentBytes,
    ...name
  }: RootStats): void {
    this.#nodes.note(name, peer, { children, spareKbps, sentBytes })
    this.#rooms.get(name.room)?.rootSent(sentBytes)
  }

  #off(viewer: CascadeViewer, reason: 'rate' | 'disabled', retryMs: number): void {
    this.#figures.off(reason)
    viewer.send({ type: 'cascade-off', reason, retry_ms: retryMs })
  }

  #isOn(roomId: string): boolean {
    const { enabled, rooms } = this.#options
    return enabled && (rooms.find(roomId)?.settings.cascade ?? true)
  }

  #find(name: SwarmName): Swarm | null {
    return this.#rooms.get(name.room)?.swarms.find(name) ?? null
  }

  #room(roomId: string): RoomCascade | null {
    const known = this.#rooms.get(roomId)
    const { rooms, live, viewers, iceServers, logger, random = Math.random } = this.#options
    if (known !== undefined || rooms.find(roomId) === undefined) return known ?? null
    const key = rooms.signingKey(roomId)
    const room = new RoomCascade({
      roomId,
      keys: { ...key, sign: signerOf(key) },
      facts: () => live.facts(roomId),
      viewers: () => viewers(roomId),
      iceServers,
      nodes: this.#nodes,
      roots: this.#roots,
      figures: this.#figures,
      logger,
      now: this.#now,
      wallNow: steadyNow,
      random,
      maxPeers: this.#options.maxPeersPerRoom ?? MAX_PEERS_PER_ROOM,
    })
    this.#rooms.set(roomId, room)
    return room
  }

  #onChange(roomId: string, facts: LiveFacts): void {
    this.#rooms.get(roomId)?.changed(facts)
  }

  #onUpdate({ id }: Room): void {
    if (!this.#isOn(id)) this.#rooms.get(id)?.stop(DISABLED_RETRY_MS)
  }

  #forget(roomId: string): void {
    this.#rooms.get(roomId)?.stop(null)
    this.#rooms.delete(roomId)
  }

  #tick(): void {
    this.#roots.expire()
    for (const [roomId, room] of this.#rooms) {
      try {
        room.tick()
      } catch (error) {
        // One room's fault must not be another's.
        this.#options.logger.error({ err: error, room: roomId }, 'the cascade of a room was reset')
        this.#forget(roomId)
      }
      if (room.isIdle) this.#rooms.delete(roomId)
    }
  }

  #totals(): { peers: number; swarms: number; roots: number } {
    const rooms = [...this.#rooms.values()]
    return {
      peers: rooms.reduce((sum, { peers }) => sum + peers, 0),
      swarms: rooms.reduce((sum, { swarms }) => sum + swarms.size, 0),
      roots: this.#nodes.roots,
    }
  }
}
