/**
 * Who may have a room's media. The origin says it with every answer, so that nobody is asked for a viewer; of what room it has not
 * said anything, nothing is given out.
 */
import { LRUCache } from 'lru-cache'
import type { RoomAccess } from '../runtime/http/room-access-header.ts'
import type { ViewerTokens } from '../runtime/viewer-token.ts'
import type { FlvRequest, ObjectRequest } from './media-path.ts'
import type { Upstream, UpstreamAnswer } from './upstream.ts'

export interface RoomGateOptions {
  tokens: ViewerTokens
  /** A room that was open to all is so no longer. */
  onClosed?: (room: string) => void
  maxRooms?: number
  /** Milliseconds since 1970; for tests. */
  now?: () => number
}

/** `expiresAtMs`: when the viewer's token runs out; null where none was needed. */
export interface Pass {
  access: RoomAccess
  expiresAtMs: number | null
}

const MAX_ROOMS = 50_000
/** What was said so long ago is asked for again, beside the answer: a room of which all is in the cache may have become private. */
export const DUE_MS = 5000

export class RoomGate {
  readonly #options: RoomGateOptions
  readonly #now: () => number
  readonly #rooms: LRUCache<string, { access: RoomAccess; atMs: number }>

  constructor(options: RoomGateOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.#rooms = new LRUCache({ max: options.maxRooms ?? MAX_ROOMS })
  }

  /** What the origin says. */
  note(room: string, access: RoomAccess): void {
    const before = this.#rooms.peek(room)?.access
    this.#rooms.set(room, { access, atMs: this.#now() })
    if (before === 'public' && access === 'private') this.#options.onClosed?.(room)
  }

  /** Null before anything was said. */
  find(room: string): RoomAccess | null {
    return this.#rooms.get(room)?.access ?? null
  }

  /** Null where it is not known. Throws `viewer_token_required` or `viewer_token_invalid`. */
  open(room: string, token: string | null): Pass | null {
    const access = this.find(room)
    if (access === null) return null
    if (access === 'public') return { access, expiresAtMs: null }
    return { access, expiresAtMs: this.#options.tokens.check(token, room, this.#now()) }
  }

  /** Whether to ask the origin anew; once for any number who ask. */
  isDue(room: string): boolean {
    const known = this.#rooms.peek(room)
    if (known === undefined || this.#now() - known.atMs < DUE_MS) return false
    known.atMs = this.#now()
    return true
  }
}

/** An upstream that tells the gate what its answers say. */
export class NotingUpstream implements Upstream {
  readonly #upstream: Upstream
  readonly #gate: RoomGate

  constructor(upstream: Upstream, gate: RoomGate) {
    this.#upstream = upstream
    this.#gate = gate
  }

  async ask(request: ObjectRequest | FlvRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    const answer = await this.#upstream.ask(request, signal)
    if (answer.access) this.#gate.note(request.room, answer.access)
    return answer
  }

  async close(): Promise<void> {
    await this.#upstream.close()
  }
}
