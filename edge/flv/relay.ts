/** One upstream FLV and its viewers. Opened by the first, closed a few seconds after the last. */

import type { ServerResponse } from 'node:http'
import type { FlvTag } from '../../media/flv-stream.ts'
import type { CountedWarn } from '../../runtime/flood-limiter.ts'
import type { Answer } from '../answer.ts'
import { errorAnswer } from '../answer.ts'
import type { FlvRequest } from '../media-path.ts'
import type { EdgeMetrics } from '../metrics.ts'
import type { Upstream } from '../upstream.ts'
import { Batcher } from './batcher.ts'
import { FlvClient } from './client.ts'
import type { FlvClientLimits } from './client.ts'
import { flushDelayMs } from './flush-delay.ts'
import type { FlushSettings } from './flush-delay.ts'
import { GopRing } from './gop-ring.ts'
import { FlvSource } from './source.ts'
import type { FlvOpening, FlvSourceTiming } from './source.ts'
import { Splice } from './splice.ts'
import { kindOf } from './tag-kind.ts'

export interface FlvRelaySettings extends FlvClientLimits, FlvSourceTiming, FlushSettings {
  /** The ring holds at least so much, */
  ringSeconds: number
  /** and at most this. */
  ringBytes: number
  /** The upstream is kept for so long without viewers. */
  idleMs: number
  /** For other edges, which put connections on one timeline themselves: ends where the upstream's timeline is another. */
  isRaw: boolean
}

export interface FlvRelayOptions {
  request: FlvRequest
  upstream: Upstream
  settings: FlvRelaySettings
  metrics: EdgeMetrics
  warn: CountedWarn
  /** The relay has ended and takes no more viewers. */
  onClosed: () => void
}

/** What a stream's times are times of: a program, and the life of its origin that it is sent by. */
export interface Timeline {
  program: string | null
  resumedMs: number | null
}

// How often viewers are looked at when nothing is sent: the resolution of `lagCloseMs` in a silent stream.
const SWEEP_MS = 1000

export class FlvRelay {
  /** Null when the stream is there, the refusal otherwise. */
  readonly opened: Promise<Answer | null>
  readonly #options: FlvRelayOptions
  readonly #ring: GopRing
  readonly #batcher: Batcher
  readonly #splice = new Splice()
  readonly #source: FlvSource
  readonly #clients = new Set<FlvClient>()
  #timeline: Timeline = { program: null, resumedMs: null }
  #resolveOpened: (refusal: Answer | null) => void = () => undefined
  #isOpen = false
  #isClosed = false
  #sentBytes = 0
  #flushTimer: NodeJS.Timeout | null = null
  #idleTimer: NodeJS.Timeout | null = null
  #sweepTimer: NodeJS.Timeout | null = null

  constructor(options: FlvRelayOptions) {
    const { request, upstream, settings, metrics } = options
    this.#options = options
    this.opened = new Promise((resolve) => (this.#resolveOpened = resolve))
    this.#ring = new GopRing({ minMs: settings.ringSeconds * 1000, maxBytes: settings.ringBytes })
    this.#batcher = new Batcher(this.#ring)
    this.#source = new FlvSource({
      request,
      upstream,
      timing: settings,
      endsAtFailure: settings.isRaw,
      onAsk: () => metrics.originFetches.inc({ kind: 'flv' }),
      onOpen: (opening) => this.#onOpen(opening),
      onMove: (rendition, direction) => this.#onMove(rendition, direction),
      onTags: (tags) => this.#onTags(tags),
      onLost: (cause) => this.#onLost(cause),
      onEnd: (answer) => this.#close(answer),
    })
  }

  /** Whether a viewer who comes now is answered without waiting for the origin. */
  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Of what its viewers are sent, where it is raw. */
  get timeline(): Timeline {
    return this.#timeline
  }

  get clients(): number {
    return this.#clients.size
  }

  get ringBytes(): number {
    return this.#ring.bytes
  }

  start(): void {
    this.#source.start()
  }

  /** Ends the upstream and every viewer's answer. */
  close(): void {
    this.#close(this.#isOpen ? null : errorAnswer('upstream_unavailable', 'the edge is closing'))
  }

  /** Gives the stream to a viewer whose head has been sent; from here on the socket is written to directly. */
  add(res: ServerResponse, behindMs: number): void {
    const { socket } = res
    if (socket === null || socket.destroyed || this.#isClosed) {
      res.destroy()
      return
    }
    const { settings, metrics } = this.#options
    const client = new FlvClient({
      socket,
      ring: this.#ring,
      behindMs,
      limits: settings,
      end: () => {
        // A viewer that does not read would keep its connection for ever.
        socket.setTimeout(settings.lagCloseMs)
        res.end()
      },
      onSent: (bytes) => (this.#sentBytes += bytes),
      onSkip: () => metrics.flvSkips.inc(),
      onCut: () => metrics.flvCuts.inc(),
    })
    const onDrain = (): void => client.pump(Date.now())
    socket.setNoDelay(true)
    socket.on('drain', onDrain)
    res.once('close', () => {
      socket.off('drain', onDrain)
      this.#remove(client)
    })
    this.#clients.add(client)
    this.#clearIdle()
    this.#sweepTimer ??= setInterval(() => this.#pumpAll(), SWEEP_MS)
    client.pump(Date.now())
  }

  #onOpen({ program, resumedMs, rendition }: FlvOpening): void {
    const isSame =
      program !== null && program === this.#timeline.program && resumedMs === this.#timeline.resumedMs
    if (this.#isOpen && this.#options.settings.isRaw && !isSame) return this.#close(null)
    this.#timeline = { program, resumedMs }
    this.#splice.begin({ program, resumedMs, rendition })
    if (this.#isOpen) return
    this.#isOpen = true
    this.#resolveOpened(null)
    this.#startIdle()
  }

  #onTags(tags: FlvTag[]): void {
    if (this.#isClosed) return
    for (const tag of tags) {
      const kind = kindOf(tag)
      const spliced = kind === null ? null : this.#splice.accept(tag, kind)
      if (kind !== null && spliced !== null) this.#batcher.add(spliced, kind)
    }
    if (this.#batcher.isEmpty || this.#flushTimer !== null) return
    this.#flushTimer = setTimeout(
      () => this.#flush(),
      flushDelayMs(this.#clients.size, this.#options.settings),
    )
  }

  #onLost(cause: unknown): void {
    const { metrics, warn, request } = this.#options
    metrics.flvReconnects.inc()
    const reason = cause instanceof Error ? cause.message : String(cause)
    warn.warn(
      'edge-flv',
      { room: request.room, rendition: request.rendition, reason },
      'FLV from the origin was lost',
    )
  }

  #onMove(to: string, direction: 'down' | 'up'): void {
    const { metrics, warn, request } = this.#options
    metrics.flvMoves.inc({ direction })
    const fields = { room: request.room, rendition: request.rendition, to }
    warn.warn('edge-flv-move', fields, 'FLV viewers are given another rendition')
  }

  #flush(): void {
    this.#flushTimer = null
    this.#batcher.close()
    this.#pumpAll()
  }

  #pumpAll(): void {
    const now = Date.now()
    for (const client of this.#clients) client.pump(now)
    if (this.#sentBytes > 0) this.#options.metrics.sentBytes.inc({ pipe: 'flv' }, this.#sentBytes)
    this.#sentBytes = 0
  }

  #remove(client: FlvClient): void {
    this.#clients.delete(client)
    if (this.#clients.size > 0 || this.#isClosed) return
    this.#clearSweep()
    this.#startIdle()
  }

  #startIdle(): void {
    if (this.#clients.size > 0) return
    this.#clearIdle()
    this.#idleTimer = setTimeout(() => this.#close(null), this.#options.settings.idleMs)
  }

  #close(refusal: Answer | null): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#source.close()
    this.#clearIdle()
    this.#clearSweep()
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer)
    this.#flush()
    this.#resolveOpened(refusal)
    for (const client of this.#clients) client.close()
    this.#options.onClosed()
  }

  #clearIdle(): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer)
    this.#idleTimer = null
  }

  #clearSweep(): void {
    if (this.#sweepTimer !== null) clearInterval(this.#sweepTimer)
    this.#sweepTimer = null
  }
}
