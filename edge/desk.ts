/** Where viewers and other edges are answered: who may have what, by what the origin says of a room, and in which form. */

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { HeadwaterError } from '../runtime/errors.ts'
import { ROOM_ACCESS_HEADER } from '../runtime/http/room-access-header.ts'
import { viewerTokenOf } from '../runtime/viewer-token.ts'
import type { Answer } from './answer.ts'
import type { Coalescer, Found } from './coalescer.ts'
import type { FlvHub } from './flv/hub.ts'
import { Guests } from './guests.ts'
import { serveObject, type Exchange } from './http.ts'
import { parseMediaPath, splitViewerToken } from './media-path.ts'
import type { FlvRequest, ObjectRequest } from './media-path.ts'
import type { EdgeMetrics } from './metrics.ts'
import { DUE_MS, type RoomGate } from './room-gate.ts'

export interface DeskOptions {
  gate: RoomGate
  coalescer: Coalescer
  flv: FlvHub
  metrics: EdgeMetrics
  /** An answer as it is to be given out. */
  present: (request: ObjectRequest, given: Answer) => Answer
}

/** Seconds that a shared cache in front may keep what never changes: afterwards it asks here, where a room that has become private is known. */
const PROXY_CACHE_S = 60

interface Asking<Request> {
  req: IncomingMessage
  res: ServerResponse
  request: Request
  /** The viewer token it came with. */
  presented: string | null
}

export class Desk {
  readonly #options: DeskOptions
  readonly #guests = new Guests()
  readonly #looking: NodeJS.Timeout

  constructor(options: DeskOptions) {
    this.#options = options
    this.#looking = setInterval(() => this.#guests.rooms.forEach((room) => this.#lookAgain(room)), DUE_MS)
    this.#looking.unref()
  }

  close(): void {
    clearInterval(this.#looking)
  }

  /** The room takes a token now: streams that were given out without one end. */
  expel(room: string): void {
    this.#guests.expel(room)
  }

  /** Answers a viewer. Throws what `parseMediaPath`, the gate and the coalescer throw. */
  async serve(req: IncomingMessage, res: ServerResponse, address: string): Promise<void> {
    const { prefix, token, target } = splitViewerToken(address)
    const request = parseMediaPath(target)
    if (request.kind === 'redirect') {
      res.writeHead(307, { Location: prefix + request.location, 'Content-Length': 0 }).end()
      return
    }
    const presented = token ?? viewerTokenOf(req)
    if (request.kind === 'flv') await this.#serveFlv({ req, res, request, presented })
    else await this.#serveToViewer({ req, res, request, presented })
  }

  /** Answers another edge as the origin would, and says who may watch the room. Throws `not_found` for what only viewers ask. */
  serveEdge(req: IncomingMessage, res: ServerResponse, target: string): Promise<void> | void {
    const request = parseMediaPath(target)
    if (request.kind === 'redirect') throw new HeadwaterError('not_found', 'a shield has no such address')
    this.#lookAgain(request.room)
    const sayWho = (say: (access: string) => void): void => {
      const access = this.#options.gate.find(request.room)
      if (access !== null) say(access)
    }
    if (request.kind === 'flv') {
      return this.#options.flv.serve(req, res, request, () =>
        sayWho((access) => res.setHeader(ROOM_ACCESS_HEADER, access)),
      )
    }
    const adapt = (headers: OutgoingHttpHeaders): void =>
      sayWho((access) => (headers[ROOM_ACCESS_HEADER] = access))
    serveObject({ ...this.#exchange(req, res, request), adapt }, this.#options.coalescer.find(request))
  }

  #exchange(req: IncomingMessage, res: ServerResponse, request: ObjectRequest): Exchange {
    const present = (answer: Answer): Answer => this.#options.present(request, answer)
    return { req, res, request, metrics: this.#options.metrics, present }
  }

  async #serveToViewer(asking: Asking<ObjectRequest>): Promise<void> {
    const { req, res, request, presented } = asking
    const exchange = { ...this.#exchange(req, res, request), adapt: this.#adaptFor(request) }
    this.#lookAgain(request.room)
    if (this.#options.gate.open(request.room, presented) !== null)
      return serveObject(exchange, this.#options.coalescer.find(request))
    // Nobody knows yet whose the room is: its answer, which says so, is held back until it has.
    const found = this.#options.coalescer.find(request)
    if (found.how === 'hit') await statusOf(this.#findMultivariant(request.room))
    const status = await statusOf(found, res)
    // An error has nothing of the room in it.
    if (this.#options.gate.open(request.room, presented) === null && status < 400) throw notSaid()
    if (!res.destroyed) serveObject(exchange, found)
  }

  async #serveFlv({ req, res, request, presented }: Asking<FlvRequest>): Promise<void> {
    const { room } = request
    this.#options.gate.open(room, presented)
    await this.#options.flv.serve(req, res, request, () => {
      const pass = this.#options.gate.open(room, presented)
      if (pass === null) throw notSaid()
      this.#guests.add(room, res, pass)
    })
  }

  /** Any answer of a room says whose it is; this one every room has. */
  #findMultivariant(room: string): Found {
    return this.#options.coalescer.find(multivariantOf(room))
  }

  /** Beside the answer that is given by what is known. */
  #lookAgain(room: string): void {
    if (!this.#options.gate.isDue(room)) return
    try {
      void statusOf(this.#findMultivariant(room))
    } catch {
      // full: what is known stands
    }
  }

  #adaptFor({ room }: ObjectRequest): (headers: OutgoingHttpHeaders) => void {
    return (headers) => {
      if (this.#options.gate.find(room) !== 'public') headers['Cache-Control'] = 'private, no-store'
      else if (/immutable/.test(String(headers['Cache-Control']))) headers['X-Accel-Expires'] = PROXY_CACHE_S
    }
  }
}

function multivariantOf(room: string): ObjectRequest {
  return { kind: 'multivariant', room, path: `/live/${room}/master.m3u8` }
}

/** Resolves as soon as the status is known; never when the viewer is gone before. */
function statusOf(found: Found, res: ServerResponse | null = null): Promise<number> {
  if ('answer' in found) return Promise.resolve(found.answer.status)
  return new Promise((resolve) => {
    const leave = found.fill.join({
      onHead: ({ status }) => resolve(status),
      onEnd: ({ answer: { status } }) => resolve(status),
    })
    res?.once('close', leave)
  })
}

function notSaid(): HeadwaterError {
  return new HeadwaterError('upstream_unavailable', 'the origin does not say who may watch this room')
}
