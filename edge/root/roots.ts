/** The root peers of an edge: one for each swarm the coordinator asks for, within what the edge may give. */
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import {
  MAX_ROOT_SWARMS,
  type RootClientMessage,
  type RootServerMessage,
} from '../../cascade/root-messages.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Coalescer } from '../coalescer.ts'
import type { DataChannelStack } from '../datachannel/stack.ts'
import { Root, type RootOpen } from './root.ts'
import { RootSocket, type RootSocketOptions } from './root-socket.ts'
import { RootMeter } from './root-meter.ts'
import type { RootMetrics } from './root-metrics.ts'

export interface RootSettings {
  /** Children of all roots together. */
  maxChildren: number
  /** Of all roots together; null without a bound. */
  uploadMbps: number | null
  /** Address that connections use; all of the machine's by default. */
  bindAddress?: string | null
}

export interface RootsOptions extends Pick<RootSocketOptions, 'originUrl' | 'clusterSecret' | 'retry'> {
  settings: RootSettings
  stack: DataChannelStack
  coalescer: Pick<Coalescer, 'find'>
  logger: Logger
  metrics: RootMetrics
}

const STATS_MS = 10_000
/** How often the upload is shared out anew among the roots, and counted. */
const SHARE_MS = 1000
// Longer than a peer's good-bye takes.
const GOODBYE_MS = 250

export class Roots {
  readonly #options: RootsOptions
  readonly #logger: Logger
  readonly #socket: RootSocket
  readonly #roots = new Map<string, { root: Root; meter: RootMeter }>()
  readonly #node = `edge-${randomBytes(6).toString('hex')}`
  #sharing: NodeJS.Timeout | null = null
  #stats: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(options: RootsOptions) {
    this.#options = options
    this.#logger = options.logger
    const { originUrl, clusterSecret, logger, retry } = options
    this.#socket = new RootSocket({
      ...{ originUrl, clusterSecret, logger },
      ...(retry === undefined ? {} : { retry }),
      hello: () => this.#hello(),
      onMessage: (message) => this.#receive(message),
    })
  }

  get children(): number {
    let sum = 0
    for (const { root } of this.#roots.values()) sum += root.peer.facts().children.length
    return sum
  }

  get swarms(): number {
    return this.#roots.size
  }

  start(): void {
    this.#socket.start()
    this.#sharing = setInterval(() => this.#share(), SHARE_MS)
    this.#reportEvery(STATS_MS)
  }

  /** Says good-bye to all children, and waits until that is out. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#sharing !== null) clearInterval(this.#sharing)
    if (this.#stats !== null) clearInterval(this.#stats)
    this.#socket.close()
    const hadChildren = this.children > 0
    for (const { root } of this.#roots.values()) root.close()
    if (hadChildren) await delay(GOODBYE_MS)
    this.#roots.clear()
    this.#options.stack.close()
  }

  #hello(): RootClientMessage {
    const swarms = [...this.#roots.values()].map(({ root }) => root.names)
    return { type: 'root-hello', node: this.#node, capacity: this.#options.settings.maxChildren, swarms }
  }

  #receive(message: RootServerMessage): void {
    if (this.#isClosed) return
    if (message.type === 'root-welcome') this.#reportEvery(message.stats_ms)
    else if (message.type === 'root-open') this.#open(message)
    else if (message.type === 'root-close') this.#close(keyOf(message))
    else if (message.type === 'cascade-signal') this.#rootNamed(message.to)?.signal(message)
    else this.#cut(message.room, message.peer_id)
  }

  #open(open: RootOpen): void {
    const key = keyOf(open)
    const running = this.#roots.get(key)?.root
    if (running?.names.peer_id === open.peer_id) return running.update(open)
    // The host has forgotten the old one, and knows the new one by another name.
    if (running !== undefined) this.#close(key)
    if (this.#roots.size >= MAX_ROOT_SWARMS) return this.#fail(open, 'capacity')
    try {
      const root = this.#createRoot(open)
      this.#roots.set(key, { root, meter: new RootMeter(root.peer, performance.now()) })
      this.#share()
      root.start()
    } catch (error) {
      this.#logger.warn({ err: error, room: open.room }, 'a root could not be opened')
      this.#fail(open, 'failed')
    }
  }

  #createRoot(open: RootOpen): Root {
    const { stack, coalescer } = this.#options
    const root: Root = new Root({
      ...{ open, stack, coalescer, logger: this.#logger },
      onSignal: (signal) => this.#socket.send(signal),
      onOver: (end) => {
        this.#logger.debug({ room: open.room, end }, 'a root has nothing more to give')
        if (this.#roots.get(keyOf(open))?.root !== root) return
        this.#fail(open, 'not_live')
        this.#close(keyOf(open))
      },
    })
    return root
  }

  #close(key: string): void {
    const entry = this.#roots.get(key)
    if (entry === undefined) return
    this.#count(entry.meter)
    this.#roots.delete(key)
    entry.root.close()
  }

  #fail({ room, program, rendition, peer_id }: RootOpen, reason: 'capacity' | 'not_live' | 'failed'): void {
    this.#socket.send({ type: 'root-failed', room, program, rendition, peer_id, reason })
  }

  /** Each root may send what the others leave of the edge's upload. */
  #share(): void {
    const { uploadMbps } = this.#options.settings
    const entries = [...this.#roots.values()]
    for (const { meter } of entries) this.#count(meter)
    const totalKbps = entries.reduce((sum, { meter }) => sum + meter.kbps, 0)
    for (const { root, meter } of entries)
      root.limitUpload(uploadMbps === null ? null : Math.max(0, uploadMbps * 1000 - (totalKbps - meter.kbps)))
  }

  #count(meter: RootMeter): void {
    this.#options.metrics.bytes.inc({ pipe: 'root' }, meter.count(performance.now()))
  }

  #reportEvery(ms: number): void {
    if (this.#stats !== null) clearInterval(this.#stats)
    this.#stats = setInterval(() => this.#report(), ms)
  }

  #report(): void {
    const swarms = [...this.#roots.values()].map(({ root, meter }) => ({ ...root.names, ...meter.report() }))
    if (swarms.length > 0) this.#socket.send({ type: 'root-stats', swarms })
  }

  #rootNamed(id: PeerId): Root | undefined {
    return [...this.#roots.values()].find(({ root }) => root.names.peer_id === id)?.root
  }

  #cut(room: string, peer: PeerId): void {
    for (const { root } of this.#roots.values()) if (root.names.room === room) root.cut(peer)
  }
}

function keyOf({ room, program, rendition }: { room: string; program: string; rendition: string }): string {
  return `${room}/${program}/${rendition}`
}
