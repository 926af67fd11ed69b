/** Whom the edge asks for what it does not have. Alone knows undici. */

import { Agent, request as send } from 'undici'
import { HeadwaterError } from '../runtime/errors.ts'
import { parseRoomAccess, ROOM_ACCESS_HEADER, type RoomAccess } from '../runtime/http/room-access-header.ts'
import { mayBlock } from './answer.ts'
import type { FlvRequest, ObjectRequest } from './media-path.ts'

export interface UpstreamAnswer {
  status: number
  /** Null when the length is not known beforehand. */
  length: number | null
  /** Which broadcast an FLV is of, when the origin says so: its timeline is not another's. */
  program: string | null
  /** Where that broadcast's timeline goes on behind a restart of the origin: what was sent of later times is made anew. */
  resumedMs: number | null
  /** Who may have it, when the origin says so. */
  access?: RoomAccess | null
  /** The origin does not know yet what it has: to be asked again in a moment. */
  isStarting: boolean
  /** Must be read to its end or left by `break` or an abort; throws when the connection is lost before the end. */
  body: AsyncIterable<Buffer>
}

/**
 * The rest of the edge knows no address and no server: it asks, and is answered. An implementation decides whom to ask,
 * how often and how long, so shields, hedged requests and breakers are implementations in front of this one.
 */
export interface Upstream {
  /** Resolves with any HTTP answer. Throws `upstream_unavailable` when there is none. */
  ask(request: ObjectRequest | FlvRequest, signal: AbortSignal): Promise<UpstreamAnswer>
  close(): Promise<void>
}

export interface OriginOptions {
  /** For example `http://127.0.0.1:8081`. */
  originUrl: string
  clusterSecret: string
  timing?: Partial<OriginTiming>
}

export interface OriginTiming {
  connectMs: number
  /** Until the head of an answer that needs no waiting. */
  headMs: number
  /** Until the head of an answer the origin may hold: longer than the 18 s after which it gives up by itself. */
  blockedMs: number
  /** Silence within a body. */
  silenceMs: number
  /** Silence of a live FLV: longer than the pause before a slate. */
  flvSilenceMs: number
}

const TIMING: OriginTiming = {
  connectMs: 2000,
  headMs: 5000,
  blockedMs: 20_000,
  silenceMs: 5000,
  flvSilenceMs: 6000,
}
/** Where an origin, and a shield in its place, has what edges ask for. */
export const MEDIA_ROOT = '/internal/media'
/** Of an FLV: see `UpstreamAnswer`. */
export const PROGRAM_HEADER = 'x-headwater-program'
export const RESUMED_HEADER = 'x-headwater-resumed'
// Parked requests have a pool of their own: in one pool they would starve the fetches that could be answered at once.
const MAX_BLOCKED_CONNECTIONS = 2048
const MAX_BULK_CONNECTIONS = 64
const MAX_FLV_CONNECTIONS = 1024
// Longer than any GOP plus the longest `behind`, so that the first viewer on an edge can begin as far back as the tenth.
const FLV_BEHIND_SECONDS = 10

/** One origin, or a shield before it, asked directly. */
export class OriginUpstream implements Upstream {
  readonly #originUrl: string
  readonly #headers: Record<string, string>
  readonly #timing: OriginTiming
  readonly #blocked: Agent
  readonly #bulk: Agent
  readonly #flv: Agent

  constructor(options: OriginOptions) {
    this.#originUrl = options.originUrl.replace(/\/+$/, '')
    this.#headers = { authorization: `Bearer ${options.clusterSecret}` }
    this.#timing = { ...TIMING, ...options.timing }
    const agent = (connections: number): Agent =>
      new Agent({ connections, pipelining: 1, connect: { timeout: this.#timing.connectMs } })
    this.#blocked = agent(MAX_BLOCKED_CONNECTIONS)
    this.#bulk = agent(MAX_BULK_CONNECTIONS)
    this.#flv = agent(MAX_FLV_CONNECTIONS)
  }

  async ask(request: ObjectRequest | FlvRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    try {
      const { statusCode, headers, body } = await send(this.#urlOf(request), {
        headers: this.#headers,
        signal,
        ...this.#routeOf(request),
      })
      // A body nobody reads any more (the asker left) must not become an uncaught error.
      body.on('error', () => undefined)
      return {
        status: statusCode,
        length: wholeNumber(headers['content-length']),
        program: String(headers[PROGRAM_HEADER] ?? '') || null,
        resumedMs: wholeNumber(headers[RESUMED_HEADER]),
        access: parseRoomAccess(headers[ROOM_ACCESS_HEADER]),
        isStarting: statusCode === 503 && headers['retry-after'] !== undefined,
        body,
      }
    } catch (error) {
      throw new HeadwaterError('upstream_unavailable', 'the origin does not answer', { cause: error })
    }
  }

  /** Ends every connection, parked requests and FLV included. */
  async close(): Promise<void> {
    await Promise.all([this.#blocked, this.#bulk, this.#flv].map((agent) => agent.destroy()))
  }

  #urlOf(request: ObjectRequest | FlvRequest): string {
    const query = request.kind === 'flv' ? `?behind=${FLV_BEHIND_SECONDS}` : ''
    return `${this.#originUrl}${MEDIA_ROOT}${request.path}${query}`
  }

  #routeOf(request: ObjectRequest | FlvRequest): {
    dispatcher: Agent
    headersTimeout: number
    bodyTimeout: number
  } {
    const { headMs, blockedMs, silenceMs, flvSilenceMs } = this.#timing
    if (request.kind === 'flv')
      return { dispatcher: this.#flv, headersTimeout: headMs, bodyTimeout: flvSilenceMs }
    if (!mayBlock(request)) return { dispatcher: this.#bulk, headersTimeout: headMs, bodyTimeout: silenceMs }
    return { dispatcher: this.#blocked, headersTimeout: blockedMs, bodyTimeout: silenceMs }
  }
}

function wholeNumber(value: string | string[] | undefined): number | null {
  const number = Number(value ?? NaN)
  return Number.isSafeInteger(number) ? number : null
}
