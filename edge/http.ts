/** Writes answers: whole ones, and bodies that are still arriving. */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { isFresh, isSameEntity } from '../runtime/http/conditions.ts'
import type { Answer } from './answer.ts'
import { cacheControlOf, typeOf } from './answer.ts'
import type { Found } from './coalescer.ts'
import { entityTagOf, tagOfObject } from './entity-tag.ts'
import type { FillEnd, FillHead } from './fill.ts'
import type { ObjectRequest } from './media-path.ts'
import type { EdgeMetrics, RequestResult } from './metrics.ts'
import { parseRange } from '../runtime/http/range.ts'

export interface Exchange {
  req: IncomingMessage
  res: ServerResponse
  request: ObjectRequest
  metrics: Pick<EdgeMetrics, 'requests' | 'sentBytes'>
  /** The answer as it is to be given out. */
  present: (answer: Answer) => Answer
  /** Changes the headers of the answer, at the moment they are sent. */
  adapt?: (headers: OutgoingHttpHeaders) => void
}

// More unsent than this, and the viewer is not reading: objects are smaller, players ask for a few at a time.
const MAX_UNSENT_BYTES = 8 * 1024 * 1024
// A viewer that takes nothing for so long is cut. Longer than any request is parked, for those that share a connection.
const STALLED_MS = 25_000
// Below this a gzip header and a second copy in the cache cost more than they save.
const MIN_GZIP_BYTES = 400
const GZIP_LEVEL = 4

/** One compressed copy for everyone who is given the same answer. */
const gzipped = new WeakMap<Answer, Buffer>()

/** Answers from what was found: at once, or as it arrives. */
export function serveObject(exchange: Exchange, found: Found): void {
  if ('answer' in found) {
    count(exchange, found.answer.status >= 500 ? 'error' : found.how)
    sendWhole(exchange, found.answer, found.how === 'hit' ? found.ageMs : 0)
    return
  }
  const { res } = exchange
  const body = canStream(exchange) ? new StreamedBody(exchange) : null
  const leave = found.fill.join({
    onHead: (head) => body?.begin(head),
    onChunk: (chunk) => body?.write(chunk),
    onEnd: (end) => {
      count(exchange, resultOf(end, found.how))
      if (body?.isBegun === true) body.end(end)
      else sendWhole(exchange, end.answer, 0)
    },
  })
  if (!res.writableEnded) res.once('close', leave)
}

/** Headers of every media answer. */
function headersOf({ request, adapt }: Exchange, status: number, type: string): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    'Content-Type': type,
    'Cache-Control': cacheControlOf(request, status),
    'X-Content-Type-Options': 'nosniff',
    'Timing-Allow-Origin': '*',
  }
  adapt?.(headers)
  return headers
}

/** A body handed on while it arrives from the origin. */
class StreamedBody {
  isBegun = false
  readonly #exchange: Exchange

  constructor(exchange: Exchange) {
    this.#exchange = exchange
  }

  begin(head: FillHead): void {
    if (head.status !== 200) return
    const { res, request } = this.#exchange
    this.isBegun = true
    const headers = headersOf(this.#exchange, 200, typeOf(request))
    headers['Accept-Ranges'] = 'bytes'
    if (head.length !== null) {
      headers['Content-Length'] = head.length
      headers['ETag'] = tagOfObject(request, head.length)
    }
    res.setTimeout(STALLED_MS)
    res.writeHead(200, headers)
  }

  write(chunk: Buffer): void {
    const { res, metrics } = this.#exchange
    if (!this.isBegun || res.destroyed) return
    metrics.sentBytes.inc({ pipe: 'http' }, chunk.length)
    res.write(chunk)
    if (res.writableLength > MAX_UNSENT_BYTES) res.destroy()
  }

  end(end: FillEnd): void {
    const { res } = this.#exchange
    // The only way left to say that the rest will not come.
    if (end.how === 'whole') res.end()
    else res.destroy()
  }
}

function sendWhole(exchange: Exchange, given: Answer, ageMs: number): void {
  const { req, res, request, metrics } = exchange
  if (res.destroyed) return
  const answer = exchange.present(given)
  const headers = headersOf(exchange, answer.status, answer.type)
  // hls.js adds Age to its idea of the live edge; immutable objects need none.
  if (ageMs >= 1000 && request.kind === 'playlist') headers['Age'] = Math.floor(ageMs / 1000)
  const { status, chunks } = represent(req, request, answer, headers)
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  if (status === 304) delete headers['Content-Type']
  else headers['Content-Length'] = length
  res.setTimeout(STALLED_MS)
  res.writeHead(status, headers)
  const last = chunks.at(-1)
  if (req.method === 'HEAD' || last === undefined) {
    res.end()
    return
  }
  metrics.sentBytes.inc({ pipe: 'http' }, length)
  for (const chunk of chunks.slice(0, -1)) res.write(chunk)
  res.end(last)
}

/** The body as this client asked for it: compressed, a range of it, as it is, or nothing where it has it already. Adds the headers that say so. */
function represent(
  req: IncomingMessage,
  request: ObjectRequest,
  answer: Answer,
  headers: OutgoingHttpHeaders,
): { status: number; chunks: readonly Buffer[] } {
  const { status, chunks } = answer
  if (status !== 200) return { status, chunks }
  const isPacked = isText(request) && answer.bytes >= MIN_GZIP_BYTES && acceptsGzip(req)
  const tag = entityTagOf(request, answer, isPacked)
  headers['ETag'] = tag
  if (isText(request)) headers['Vary'] = 'Accept-Encoding'
  if (isFresh(req.headers['if-none-match'], tag)) return { status: 304, chunks: [] }
  if (isPacked) {
    headers['Content-Encoding'] = 'gzip'
    return { status, chunks: [gzipOf(answer)] }
  }
  if (isText(request)) return { status, chunks }
  headers['Accept-Ranges'] = 'bytes'
  const range = isSameEntity(req.headers['if-range'], tag)
    ? parseRange(req.headers.range, answer.bytes)
    : null
  if (range === null) return { status, chunks }
  if (range === 'unsatisfiable') {
    headers['Content-Range'] = `bytes */${answer.bytes}`
    return { status: 416, chunks: [] }
  }
  headers['Content-Range'] = `bytes ${range.first}-${range.last}/${answer.bytes}`
  return { status: 206, chunks: [Buffer.concat(chunks).subarray(range.first, range.last + 1)] }
}

function canStream({ req, request }: Exchange): boolean {
  const { range, 'if-none-match': known } = req.headers
  return req.method === 'GET' && !isText(request) && range === undefined && known === undefined
}

function isText(request: ObjectRequest): boolean {
  return request.kind === 'playlist' || request.kind === 'multivariant'
}

function acceptsGzip(req: IncomingMessage): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/.test(String(req.headers['accept-encoding'] ?? ''))
}

function gzipOf(answer: Answer): Buffer {
  const known = gzipped.get(answer)
  if (known !== undefined) return known
  const made = gzipSync(Buffer.concat(answer.chunks), { level: GZIP_LEVEL })
  gzipped.set(answer, made)
  return made
}

function resultOf(end: FillEnd, how: 'miss' | 'coalesced'): RequestResult {
  if (end.how === 'failed' && end.answer.status === 404) return 'gap'
  if (end.how === 'failed' || end.answer.status >= 500) return 'error'
  return end.how === 'stale' ? 'stale' : how
}

function count(exchange: Exchange, result: RequestResult): void {
  exchange.metrics.requests.inc({ result })
}
