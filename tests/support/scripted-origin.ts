/** An origin that answers as a test tells it to, over real HTTP, and counts what it is asked. */

import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ROOM_ACCESS_HEADER, type RoomAccess } from '../../runtime/http/room-access-header.ts'
import { eventually } from './eventually.ts'

export type Script = (res: ServerResponse, req: IncomingMessage) => void

const MEDIA_ROOT = '/internal/media'

export class ScriptedOrigin {
  /** Public addresses in the order they were asked for, without the media root. */
  readonly asked: string[] = []
  readonly authorizations = new Set<string | undefined>()
  /** What it says of every room; null for nothing. */
  access: RoomAccess | null = 'public'
  readonly #scripts = new Map<string, Script>()
  #server: Server | null = null
  #port = 0

  static async start(): Promise<ScriptedOrigin> {
    const origin = new ScriptedOrigin()
    await origin.listen()
    return origin
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Says what an address (path and query) is answered with; one that is not known is a 404. */
  on(path: string, script: Script): this {
    this.#scripts.set(path, script)
    return this
  }

  count(path: string): number {
    return this.asked.filter((asked) => asked === path).length
  }

  /** Resolves when the address has been asked for so many times. */
  async untilAsked(path: string, times = 1): Promise<void> {
    await eventually(() => this.count(path) >= times)
  }

  /** Also after `kill`: takes the same port again. */
  async listen(): Promise<void> {
    const server = createServer((req, res) => this.#answer(req, res))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(this.#port, '127.0.0.1', resolve)
    })
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  /** Breaks every connection and stops listening, as a crash does. */
  async kill(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    const path = (req.url ?? '').slice(MEDIA_ROOT.length)
    this.asked.push(path)
    this.authorizations.add(req.headers.authorization)
    if (this.access !== null) res.setHeader(ROOM_ACCESS_HEADER, this.access)
    const script = this.#scripts.get(path)
    if (script !== undefined && req.url?.startsWith(MEDIA_ROOT)) script(res, req)
    else json(404, 'part_not_found')(res, req)
  }
}

/** Answers with a body at once. */
export function bytes(body: Uint8Array | string, type = 'video/mp4'): Script {
  return (res) => res.writeHead(200, { 'Content-Type': type, 'Content-Length': body.length }).end(body)
}

/** Answers with an error as the origin writes it. */
export function json(status: number, code: string): Script {
  return (res) =>
    res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify({ code, message: code }))
}

/** An answer the test gives when it wants to, to everyone who has asked by then and to all who ask after. */
export class Parked {
  readonly #waiting: [ServerResponse, IncomingMessage][] = []
  #script: Script | null = null

  get script(): Script {
    return (res, req) => {
      if (this.#script === null) this.#waiting.push([res, req])
      else this.#script(res, req)
    }
  }

  get responses(): ServerResponse[] {
    return this.#waiting.map(([res]) => res)
  }

  release(script: Script): void {
    this.#script = script
    for (const [res, req] of this.#waiting.splice(0)) script(res, req)
  }
}
