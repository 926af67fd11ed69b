/** The relays of an edge: one per room and rendition, however many watch. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { CountedWarn } from '../../runtime/flood-limiter.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Answer } from '../answer.ts'
import { LINGER_MS } from '../answer.ts'
import type { FlvRequest } from '../media-path.ts'
import type { EdgeMetrics } from '../metrics.ts'
import { PROGRAM_HEADER, RESUMED_HEADER, type Upstream } from '../upstream.ts'
import { FlvRelay } from './relay.ts'
import type { FlvRelaySettings, Timeline } from './relay.ts'

export interface FlvHubSettings extends FlvRelaySettings {
  maxRelays: number
  maxClients: number
}

export interface FlvHubOptions {
  upstream: Upstream
  metrics: EdgeMetrics
  warn: CountedWarn
  logger: Logger
  settings?: Partial<FlvHubSettings>
}

export const FLV_DEFAULTS: FlvHubSettings = {
  flushMs: 50,
  crowdFlushMs: 80,
  // Viewers in continuity mode begin 9 s back.
  ringSeconds: 10,
  ringBytes: 32 * 1024 * 1024,
  idleMs: 5000,
  clientBufferBytes: 1024 * 1024,
  lagCloseMs: 10_000,
  minBackoffMs: 250,
  steadyMs: 3000,
  maxBackoffMs: 2000,
  doubtMs: 10_000,
  lookUpMs: 30_000,
  isRaw: false,
  maxRelays: 512,
  maxClients: 10_000,
}

/** For a shield: what it adds to the delay of FLV is small, and edges are few and take much at once. */
export const SHIELD_FLV: Partial<FlvHubSettings> = {
  isRaw: true,
  flushMs: 10,
  crowdFlushMs: 20,
  clientBufferBytes: 8 * 1024 * 1024,
}

export class FlvHub {
  readonly #options: FlvHubOptions
  readonly #settings: FlvHubSettings
  readonly #relays = new Map<string, FlvRelay>()
  readonly #lingers = new Set<NodeJS.Timeout>()
  #isClosed = false

  constructor(options: FlvHubOptions) {
    this.#options = options
    this.#settings = { ...FLV_DEFAULTS, ...options.settings }
  }

  get upstreams(): number {
    return this.#relays.size
  }

  get clients(): number {
    return this.#sum((relay) => relay.clients)
  }

  get ringBytes(): number {
    return this.#sum((relay) => relay.ringBytes)
  }

  /**
   * Answers with the stream, or with the origin's refusal. Throws `not_ready` where a bound is reached, and what `admit` throws: it is
   * asked when the origin has answered, before anything is given.
   */
  async serve(
    req: IncomingMessage,
    res: ServerResponse,
    request: FlvRequest,
    admit: () => void = () => undefined,
  ): Promise<void> {
    const { metrics } = this.#options
    if (this.clients >= this.#settings.maxClients) throw atLimit('FLV viewers')
    const known = this.#relays.get(request.path)
    const relay = known ?? this.#open(request)
    const result = known === undefined ? 'miss' : known.isOpen ? 'hit' : 'coalesced'
    const refusal = await relay.opened
    metrics.requests.inc({ result: refusal !== null && refusal.status >= 500 ? 'error' : result })
    if (res.destroyed) return
    if (refusal !== null) {
      sendRefusal(res, refusal)
      return
    }
    admit()
    sendHead(res, this.#settings.isRaw ? relay.timeline : null)
    if (req.method === 'HEAD') res.end()
    else relay.add(res, request.behindMs)
  }

  close(): void {
    this.#isClosed = true
    for (const timer of this.#lingers) clearTimeout(timer)
    this.#lingers.clear()
    for (const relay of this.#relays.values()) relay.close()
    this.#relays.clear()
  }

  #open(request: FlvRequest): FlvRelay {
    if (this.#relays.size >= this.#settings.maxRelays) throw atLimit('FLV streams')
    const { upstream, metrics, warn } = this.#options
    const relay = new FlvRelay({
      request,
      upstream,
      settings: this.#settings,
      metrics,
      warn,
      onClosed: () => this.#forget(request, relay),
    })
    this.#relays.set(request.path, relay)
    this.#options.logger.debug(
      { room: request.room, rendition: request.rendition },
      'FLV asked of the origin',
    )
    relay.start()
    return relay
  }

  /** A refusal is shared by all who ask in the same moment; a relay that was open is gone at once. */
  #forget({ path, room, rendition }: FlvRequest, relay: FlvRelay): void {
    this.#options.logger.debug({ room, rendition, wasOpen: relay.isOpen }, 'FLV from the origin closed')
    const drop = (): void => {
      if (this.#relays.get(path) === relay) this.#relays.delete(path)
    }
    if (relay.isOpen || this.#isClosed) {
      drop()
      return
    }
    const timer = setTimeout(() => {
      this.#lingers.delete(timer)
      drop()
    }, LINGER_MS)
    this.#lingers.add(timer)
  }

  #sum(value: (relay: FlvRelay) => number): number {
    let sum = 0
    for (const relay of this.#relays.values()) sum += value(relay)
    return sum
  }
}

function sendRefusal(res: ServerResponse, refusal: Answer): void {
  res.writeHead(refusal.status, {
    'Content-Type': refusal.type,
    'Content-Length': refusal.bytes,
    'Cache-Control': 'no-store',
  })
  res.end(Buffer.concat(refusal.chunks))
}

function headersOf({ program, resumedMs }: Timeline): Record<string, string | number> {
  return {
    ...(program === null ? {} : { [PROGRAM_HEADER]: program }),
    ...(resumedMs === null ? {} : { [RESUMED_HEADER]: resumedMs }),
  }
}

/** The body ends with the connection: chunked coding would need bytes of its own for every viewer and write. */
function sendHead(res: ServerResponse, timeline: Timeline | null): void {
  res.useChunkedEncodingByDefault = false
  res.shouldKeepAlive = false
  res.writeHead(200, {
    'Content-Type': 'video/x-flv',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'X-Accel-Buffering': 'no',
    ...(timeline === null ? {} : headersOf(timeline)),
  })
  res.flushHeaders()
}

function atLimit(what: string): HeadwaterError {
  return new HeadwaterError('not_ready', `the edge is at its limit of ${what}`)
}
