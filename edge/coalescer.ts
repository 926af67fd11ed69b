/** Answers from the cache, from a fetch that is already running, or from a new one: never two for one address. */

import { HeadwaterError } from '../runtime/errors.ts'
import type { CountedWarn } from '../runtime/flood-limiter.ts'
import { PARTS_PER_SEGMENT } from '../media/part.ts'
import type { Answer } from './answer.ts'
import { answerOf, errorAnswer, LINGER_MS, lifetimeOf, typeOf } from './answer.ts'
import type { Cache } from './cache.ts'
import type { FillEnd } from './fill.ts'
import { Fill } from './fill.ts'
import type { Gaps } from './gaps/gaps.ts'
import type { ObjectRequest } from './media-path.ts'
import type { EdgeMetrics } from './metrics.ts'
import { nextRequest } from './next-request.ts'
import type { TrackHeads } from './track-heads.ts'
import type { Upstream } from './upstream.ts'

export interface CoalescerOptions {
  cache: Cache
  upstream: Upstream
  metrics: Pick<EdgeMetrics, 'originFetches'>
  warn: CountedWarn
  gaps: Pick<Gaps, 'isGap'>
  heads: Pick<TrackHeads, 'note' | 'standingOf'>
  /** Whether what followers of a track ask next is asked for before they do. */
  doesReadAhead: boolean
  limits?: Partial<CoalescerLimits>
}

export interface CoalescerLimits {
  /** Fetches running or parked at once. */
  maxFills: number
  /** Viewers of one fetch. */
  maxReaders: number
  maxObjectBytes: number
  /** How long a parked request nobody waits for any more is kept. */
  graceMs: number
}

export type Found =
  | { how: 'hit'; answer: Answer; ageMs: number }
  | { how: 'gap'; answer: Answer }
  | { how: 'coalesced'; fill: Fill }
  | { how: 'miss'; fill: Fill }

/** Viewers of one object from whom on it counts as followed. */
const FOLLOWERS = 2

const LIMITS: CoalescerLimits = {
  maxFills: 4096,
  maxReaders: 20_000,
  maxObjectBytes: 32 * 1024 * 1024,
  graceMs: 1000,
}

export class Coalescer {
  readonly #options: CoalescerOptions
  readonly #limits: CoalescerLimits
  readonly #fills = new Map<string, Fill>()

  constructor(options: CoalescerOptions) {
    this.#options = options
    this.#limits = { ...LIMITS, ...options.limits }
  }

  get fills(): number {
    return this.#fills.size
  }

  get readers(): number {
    let sum = 0
    for (const fill of this.#fills.values()) sum += fill.readers
    return sum
  }

  /** Throws `not_ready` where a bound is reached. */
  find(request: ObjectRequest): Found {
    const cached = this.#options.cache.findFresh(request.path)
    if (cached !== undefined) {
      if (cached.answer.status === 200) this.#readAhead(request)
      return { how: 'hit', ...cached }
    }
    const running = this.#fills.get(request.path)
    if (running !== undefined) {
      if (running.readers >= this.#limits.maxReaders) throw atLimit('viewers of one object')
      return { how: 'coalesced', fill: running }
    }
    const joined = this.#joinParts(request)
    if (joined !== null) return { how: 'hit', answer: joined, ageMs: 0 }
    if (this.#options.gaps.isGap(request.path)) return { how: 'gap', answer: gapAnswer() }
    return { how: 'miss', fill: this.#start(request) }
  }

  /** Ends every fetch. */
  close(): void {
    for (const fill of this.#fills.values()) fill.close()
  }

  // A segment is the concatenation of its parts: low-latency viewers have brought them here already, so the same buffers do.
  #joinParts(request: ObjectRequest): Answer | null {
    if (request.kind !== 'segment') return null
    const chunks: Buffer[] = []
    const base = request.path.slice(0, -'.m4s'.length)
    for (let part = 0; part < PARTS_PER_SEGMENT; part++) {
      const cached = this.#options.cache.findFresh(`${base}.${part}.m4s`)
      if (cached === undefined || cached.answer.status !== 200) return null
      chunks.push(...cached.answer.chunks)
    }
    return answerOf(200, typeOf(request), chunks)
  }

  #start(request: ObjectRequest): Fill {
    if (this.#fills.size >= this.#limits.maxFills) throw atLimit('fetches at once')
    const { upstream, metrics } = this.#options
    const { maxObjectBytes, graceMs } = this.#limits
    const onSettled = (end: FillEnd, cause: unknown): FillEnd => {
      const settled = this.#settle(request, end, cause)
      const isFollowed = fill.readers >= FOLLOWERS
      if (isFollowed && end.how === 'whole' && end.answer.status === 200) this.#readAhead(request)
      return settled
    }
    const fill = new Fill({ request, upstream, maxBytes: maxObjectBytes, graceMs, onSettled })
    this.#fills.set(request.path, fill)
    metrics.originFetches.inc({ kind: request.kind })
    fill.start()
    return fill
  }

  /**
   * Several want this, so several will want what comes behind it: asked for now, the origin holds it until it is made, and
   * nobody is the first to ask. What nobody comes for is given up after the grace of any parked request.
   */
  #readAhead(request: ObjectRequest): void {
    const { doesReadAhead, heads, cache, gaps } = this.#options
    if (!doesReadAhead || this.#fills.size >= this.#limits.maxFills / 2) return
    const next = nextRequest(request)
    if (next === null || this.#fills.has(next.path) || heads.standingOf(next) !== 'ahead') return
    if (cache.findFresh(next.path) !== undefined || gaps.isGap(next.path)) return
    this.#start(next).expectReaders()
  }

  #settle(request: ObjectRequest, end: FillEnd, cause: unknown): FillEnd {
    this.#fills.delete(request.path)
    const { cache, warn, gaps, heads } = this.#options
    if (end.how === 'whole' && end.answer.status !== 503) {
      if (end.answer.status === 200) heads.note(request, end.answer)
      cache.store(request.path, end.answer, lifetimeOf(request, end.answer.status))
      return end
    }
    if (cause !== null) {
      const { kind, room } = request
      warn.warn(
        'edge-upstream',
        { room, object: kind, reason: reasonOf(cause) },
        'fetch from the origin failed',
      )
    }
    if (gaps.isGap(request.path)) return { how: 'failed', answer: gapAnswer() }
    const stale = cache.findStale(request.path)
    if (stale === undefined) {
      // Nobody waits for a fetch that was given up: its failure is not the address's.
      if (cause !== null || end.how === 'whole') {
        cache.store(request.path, end.answer, lifetimeOf(request, end.answer.status))
      }
      return end
    }
    cache.extend(request.path, LINGER_MS)
    return { how: 'stale', answer: stale.answer }
  }
}

/** 404 and not 5xx: players ask again after that, and go to another rendition after this. */
function gapAnswer(): Answer {
  return errorAnswer('media_gap', 'no upstream could give this, three times in a row')
}

function atLimit(what: string): HeadwaterError {
  return new HeadwaterError('not_ready', `the edge is at its limit of ${what}`)
}

// undici's own message lies one or two causes deep.
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message || error.name
}
