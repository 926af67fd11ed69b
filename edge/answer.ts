/** A whole answer as the edge keeps it, and for how long it may be given to others. */

import type { ErrorCode } from '../runtime/errors.ts'
import { HeadwaterError } from '../runtime/errors.ts'
import type { ObjectRequest } from './media-path.ts'

export interface Answer {
  readonly status: number
  readonly type: string
  /** The body in order; one answer's buffers are shared by everyone who reads it. */
  readonly chunks: readonly Buffer[]
  readonly bytes: number
}

export interface Lifetime {
  /** Given out without asking the origin. */
  freshMs: number
  /** After that, given out only while the origin cannot be asked. */
  staleMs: number
}

export const JSON_TYPE = 'application/json; charset=utf-8'
export const PLAYLIST_TYPE = 'application/vnd.apple.mpegurl'

/** Answers that may not be cached are shared by all who ask within this time: errors, plain playlists. */
export const LINGER_MS = 100
/** A blocking reload's answer contains what its address names whenever it is read: RFC 8216bis, B.1, and HOLD-BACK. */
export const BLOCKING_PLAYLIST_MS = 18_000
// A playlist older than its own window would only send players to parts that are gone.
const STALE_PLAYLIST_MS = 30_000

/** How long an answer lives. Immutable objects have no end: only the cache's bound in bytes pushes them out. */
export function lifetimeOf(request: ObjectRequest, status: number): Lifetime {
  if (status !== 200) return { freshMs: LINGER_MS, staleMs: 0 }
  if (request.kind === 'multivariant') return { freshMs: LINGER_MS, staleMs: STALE_PLAYLIST_MS }
  if (request.kind !== 'playlist') return { freshMs: Infinity, staleMs: 0 }
  if (request.msn === null) return { freshMs: LINGER_MS, staleMs: STALE_PLAYLIST_MS }
  return { freshMs: BLOCKING_PLAYLIST_MS, staleMs: 0 }
}

/** Whether the origin may hold this request until what it names is made; a plain playlist waits for its first segment. */
export function mayBlock(request: ObjectRequest): boolean {
  return request.kind !== 'init' && request.kind !== 'multivariant'
}

/** What `Cache-Control` tells players and proxies in front. */
export function cacheControlOf(request: ObjectRequest, status: number): string {
  if (status !== 200) return 'no-store'
  if (request.kind === 'multivariant') return 'no-cache'
  // The address carries the program and the number: its bytes never change.
  if (request.kind !== 'playlist') return 'public, max-age=3600, immutable'
  return request.msn === null ? 'no-cache' : `public, max-age=${BLOCKING_PLAYLIST_MS / 1000}`
}

/** The media type of a successful answer. */
export function typeOf(request: ObjectRequest): string {
  if (request.kind === 'multivariant' || request.kind === 'playlist') return PLAYLIST_TYPE
  return request.track === 'audio' ? 'audio/mp4' : 'video/mp4'
}

export function answerOf(status: number, type: string, chunks: readonly Buffer[]): Answer {
  return { status, type, chunks, bytes: chunks.reduce((sum, chunk) => sum + chunk.length, 0) }
}

/** All of a body. Throws where it is longer than that, and where it breaks off. */
export async function readBody(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer[]> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error(`body larger than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return chunks
}

/** An error as an answer, to be shared like any other. */
export function errorAnswer(code: ErrorCode, message: string): Answer {
  const { status } = new HeadwaterError(code, message)
  return answerOf(status, JSON_TYPE, [Buffer.from(JSON.stringify({ code, message }))])
}
