/** An edge: asks the origin once for what any number of viewers ask of it. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { HeadwaterError } from '../runtime/errors.ts'
import { CountedWarn } from '../runtime/flood-limiter.ts'
import { allowAnyOrigin, answer, isReadRequest } from '../runtime/http/respond.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Store } from '../runtime/store/store.ts'
import { ViewerTokens } from '../runtime/viewer-token.ts'
import type { Answer } from './answer.ts'
import { BucketUpstream } from './bucket/bucket-upstream.ts'
import { FetchBucket } from './bucket/fetch-bucket.ts'
import { Cache } from './cache.ts'
import { Coalescer } from './coalescer.ts'
import type { CoalescerLimits } from './coalescer.ts'
import { Desk } from './desk.ts'
import { FlvHub, SHIELD_FLV } from './flv/hub.ts'
import type { FlvHubSettings } from './flv/hub.ts'
import { Gaps } from './gaps/gaps.ts'
import { markPlaylist } from './gaps/mark-playlist.ts'
import { isMediaPath, type ObjectRequest } from './media-path.ts'
import type { EdgeMetrics } from './metrics.ts'
import { createEdgeMetrics } from './metrics.ts'
import { PatientUpstream } from './patient-upstream.ts'
import { openRoots } from './root/open-roots.ts'
import type { Roots, RootSettings } from './root/roots.ts'
import { NotingUpstream, RoomGate } from './room-gate.ts'
import { TrackHeads } from './track-heads.ts'
import { OriginUpstream, type OriginTiming, type Upstream } from './upstream.ts'
import { CAP_MS, CappedUpstream } from './upstreams/capped-upstream.ts'
import { openUpstreams } from './upstreams/open-upstreams.ts'

export interface EdgeOptions {
  /** Base of the origin's internal listener, for example `http://127.0.0.1:8081`. */
  originUrl: string
  /** Bases of shields that are asked before the origin. */
  shieldUrls?: readonly string[]
  /** Its viewers are other edges. */
  isShield?: boolean
  /** The store that a shield shares with the other shields; null for none. */
  shieldStore?: ShieldStoreOptions | null
  clusterSecret: string
  logger: Logger
  metrics: Metrics
  /** Bound of the cache; 256 MiB is about seven minutes of a three-rung ladder. */
  cacheBytes?: number
  flv?: Partial<FlvHubSettings>
  /** Root peers of the cascade; null for none. */
  roots?: RootSettings | null
  limits?: Partial<CoalescerLimits>
  timing?: Partial<OriginTiming>
  /** How long at most the head of what is there is waited for. */
  capMs?: number
  /** How long requests that wait for something wait for an origin that is away. */
  awayMs?: number
  /** Milliseconds; for tests. */
  now?: () => number
}

export interface ShieldStoreOptions {
  openStore: () => Promise<Store>
  /** Of all shields, as edges know them. */
  shieldUrls: readonly string[]
  /** This one's own. */
  ownUrl: () => string
}

const CACHE_BYTES = 256 * 1024 * 1024
export class Edge {
  readonly #logger: Logger
  readonly #warn: CountedWarn
  readonly #upstream: Upstream
  readonly #bucket: FetchBucket | null
  readonly #cache: Cache
  readonly #gaps: Gaps
  readonly #coalescer: Coalescer
  readonly #flv: FlvHub
  readonly #desk: Desk
  readonly #metrics: EdgeMetrics
  readonly #openRoots: () => Promise<Roots | null>
  #roots: Roots | null = null
  #isClosed = false

  constructor(options: EdgeOptions) {
    const { originUrl, clusterSecret, logger, timing = {}, limits = {}, flv = {} } = options
    this.#logger = logger
    this.#warn = new CountedWarn({ logger })
    const now = options.now ?? Date.now
    this.#gaps = new Gaps({ now, onGap: (request) => this.#onGap(request) })
    const heads = new TrackHeads()
    const upstreams = openUpstreams({
      ...{ originUrl, clusterSecret, timing, gaps: this.#gaps },
      shieldUrls: options.shieldUrls ?? [],
      onFailover: (cause) => this.#onFailover(cause),
      onHedge: () => this.#metrics.hedges.inc(),
    })
    const capMs = options.capMs ?? CAP_MS
    const patient = new PatientUpstream(
      new CappedUpstream({ upstream: upstreams, heads, capMs }),
      options.awayMs,
    )
    const { shieldStore = null } = options
    this.#bucket = shieldStore === null ? null : this.#createBucket(shieldStore)
    const gate = new RoomGate({
      tokens: new ViewerTokens(clusterSecret),
      onClosed: (room) => this.#desk.expel(room),
    })
    this.#upstream = new NotingUpstream(this.#behindBucket(patient, options), gate)
    this.#cache = new Cache({ maxBytes: options.cacheBytes ?? CACHE_BYTES, now })
    this.#metrics = createEdgeMetrics(options.metrics, {
      cacheBytes: () => this.#cache.bytes,
      fills: () => this.#coalescer.fills,
      gaps: () => this.#gaps.size,
      waitingViewers: () => this.#coalescer.readers,
      flvClients: () => this.#flv.clients,
      flvUpstreams: () => this.#flv.upstreams,
      flvRingBytes: () => this.#flv.ringBytes,
    })
    const shared = { upstream: this.#upstream, metrics: this.#metrics, warn: this.#warn }
    this.#coalescer = new Coalescer({
      ...{ ...shared, cache: this.#cache, gaps: this.#gaps, heads, limits },
      doesReadAhead: options.isShield !== true, // its edges do
    })
    const settings = options.isShield === true ? { ...flv, ...SHIELD_FLV } : flv
    this.#flv = new FlvHub({ ...shared, logger, settings })
    const coalescer = this.#coalescer
    const present = (request: ObjectRequest, given: Answer): Answer =>
      markPlaylist(request, given, this.#gaps)
    this.#desk = new Desk({ gate, coalescer, flv: this.#flv, metrics: this.#metrics, present })
    const { roots = null, metrics } = options
    this.#openRoots = () =>
      openRoots({ originUrl, clusterSecret, logger, metrics, coalescer, settings: roots })
  }

  /** Offers itself to the coordinator for roots; of media nothing is opened before somebody asks. */
  async start(): Promise<void> {
    this.#bucket?.start()
    this.#roots = await this.#openRoots()
    this.#roots?.start()
  }

  /** Bytes of bodies given to viewers so far. */
  async sentBytes(): Promise<number> {
    const { values } = await this.#metrics.sentBytes.get()
    return values.reduce((sum, { value }) => sum + value, 0)
  }

  /** Ends roots, parked requests, FLV viewers and the connections to the origin. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#desk.close()
    await this.#roots?.close()
    this.#coalescer.close()
    this.#flv.close()
    await this.#upstream.close()
    this.#cache.clear()
    this.#warn.close()
  }

  /** Answers when the address is media (`/live/…`, `/hls/…`, `/flv/…`, also behind `/t/{token}`) and returns true; leaves all else alone. */
  handle(req: IncomingMessage, res: ServerResponse): boolean {
    const address = req.url ?? ''
    if (!isMediaPath(address)) return false
    allowAnyOrigin(res)
    if (isReadRequest(req, res)) answer(res, this.#logger, () => this.#serve(req, res, address))
    return true
  }

  /** Answers another edge as the origin would, and says who may watch the room. Throws `not_found` for what only viewers ask. */
  serveEdge(req: IncomingMessage, res: ServerResponse, target: string): Promise<void> | void {
    this.#requireOpen()
    return this.#desk.serveEdge(req, res, target)
  }

  #createBucket({ openStore }: ShieldStoreOptions): FetchBucket {
    const message = 'the store of the shields cannot be reached: each asks the origin by itself'
    return new FetchBucket({ openStore, onAway: (err) => this.#logger.warn({ err }, message) })
  }

  #behindBucket(upstream: Upstream, { shieldStore, clusterSecret }: EdgeOptions): Upstream {
    if (!shieldStore || this.#bucket === null) return upstream
    const { shieldUrls, ownUrl } = shieldStore
    return new BucketUpstream({
      ...{ upstream, ownUrl, bucket: this.#bucket },
      shields: new Map(shieldUrls.map((url) => [url, new OriginUpstream({ originUrl: url, clusterSecret })])),
      onTaking: (result) => this.#metrics.bucket.inc({ result }),
    })
  }

  #onGap({ kind, room }: ObjectRequest): void {
    this.#metrics.gaps.inc({ kind })
    this.#warn.warn('edge-gap', { room, object: kind }, 'an object failed three times in a row: it is a gap')
  }

  #onFailover(cause: unknown): void {
    this.#metrics.failovers.inc()
    const reason = cause instanceof Error ? cause.message : String(cause)
    this.#warn.warn('edge-failover', { reason }, 'an upstream does not answer: the next one is asked')
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new HeadwaterError('not_ready', 'the edge is closing')
  }

  async #serve(req: IncomingMessage, res: ServerResponse, address: string): Promise<void> {
    this.#requireOpen()
    await this.#desk.serve(req, res, address)
  }
}
