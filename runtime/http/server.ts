/** One HTTP listener: plain handlers in order, then an app, WebSocket upgrades by path, and an orderly end. */

import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { HeadwaterError } from '../errors.ts'
import { listen } from '../listen.ts'
import type { Logger } from '../logger.ts'
import { requestFacts, takeRequestId } from './request-id.ts'
import { sendError } from './respond.ts'

/** Answers the request and returns true, or leaves it alone and returns false. */
export type PlainHandler = (req: IncomingMessage, res: ServerResponse, url: URL) => boolean
/** Takes over the socket of a WebSocket handshake. */
export type UpgradeHandler = (req: IncomingMessage, socket: Duplex, head: Buffer, url: URL) => void
/** What is asked when no plain handler took the request (a Koa app's callback). */
export type AppCallback = (req: IncomingMessage, res: ServerResponse) => unknown

export interface HttpServerOptions {
  /** Name in logs: `public`, `internal`. */
  name: string
  logger: Logger
  host: string | null
  /** 0 takes any free port. */
  port: number
  /** The environment variable that changes the port, for error messages. */
  variable?: string
  /** Time for a request to arrive whole, milliseconds; 0 for endless PUTs. */
  requestTimeoutMs?: number
  headersTimeoutMs?: number
  keepAliveTimeoutMs?: number
  maxConnections?: number
  /** Time running answers have to finish when the server closes, milliseconds. */
  closeGraceMs?: number
  /** Whether X-Request-Id may be believed, as other headers of a proxy. */
  trustProxy?: boolean
}

// Longer than the 60 s after which usual proxies drop an idle connection, so that they, not we, close it.
const KEEP_ALIVE_TIMEOUT_MS = 65_000
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 60_000
const CLOSE_GRACE_MS = 400
const MAX_CONNECTIONS = 20_000
const MAX_URL_CHARACTERS = 2048

/** An HTTP server. Mount handlers, then `start()`; `close()` is idempotent. */
export class HttpServer {
  readonly name: string
  readonly #options: HttpServerOptions
  readonly #logger: Logger
  readonly #server: Server
  readonly #handlers: PlainHandler[] = []
  readonly #upgrades = new Map<string, UpgradeHandler>()
  readonly #upgraded = new Set<Duplex>()
  #app: AppCallback | null = null
  #port = 0
  #closing: Promise<void> | null = null

  constructor(options: HttpServerOptions) {
    this.name = `http-${options.name}`
    this.#options = options
    this.#logger = options.logger
    this.#server = createServer((req, res) => this.#onRequest(req, res))
    this.#server.requestTimeout = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
    this.#server.headersTimeout = options.headersTimeoutMs ?? HEADERS_TIMEOUT_MS
    this.#server.keepAliveTimeout = options.keepAliveTimeoutMs ?? KEEP_ALIVE_TIMEOUT_MS
    this.#server.maxConnections = options.maxConnections ?? MAX_CONNECTIONS
    this.#server.on('upgrade', (req, socket, head) => this.#onUpgrade(req, socket, head))
    this.#server.on('clientError', (error: NodeJS.ErrnoException, socket) => answerClientError(error, socket))
  }

  /** Adds a handler; those mounted earlier are asked first. */
  mount(handler: PlainHandler): this {
    this.#handlers.push(handler)
    return this
  }

  /** Sets the app that is asked when no handler took the request. */
  mountApp(app: AppCallback): this {
    this.#app = app
    return this
  }

  /** Gives WebSocket handshakes of one path to a handler. */
  mountUpgrade(path: string, handler: UpgradeHandler): this {
    this.#upgrades.set(path, handler)
    return this
  }

  /** The port taken; 0 before `start()`. */
  get port(): number {
    return this.#port
  }

  /** Listens. Throws `port_in_use`, `port_denied` or `config_invalid`. */
  async start(): Promise<void> {
    const { host, port, variable = 'HTTP_PORT' } = this.#options
    this.#port = await listen(this.#server, { host, port, variable })
    this.#logger.debug({ listener: this.#options.name, port: this.#port }, 'listening')
  }

  /** Ends idle connections at once, running ones when they finish or the grace has passed. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (!this.#server.listening) return
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeIdleConnections()
    const timer = setTimeout(() => {
      this.#server.closeAllConnections()
      for (const socket of this.#upgraded) socket.destroy()
    }, this.#options.closeGraceMs ?? CLOSE_GRACE_MS)
    await closed
    clearTimeout(timer)
  }

  #onRequest(req: IncomingMessage, res: ServerResponse): void {
    if (this.#closing !== null) res.setHeader('Connection', 'close')
    if (this.#options.trustProxy === true) takeRequestId(req)
    try {
      const url = parseTarget(req.url ?? '')
      for (const handler of this.#handlers) if (handler(req, res, url)) return
      if (this.#app === null) throw new HeadwaterError('not_found', `there is nothing at ${url.pathname}`)
      this.#app(req, res)
    } catch (error) {
      if (!(error instanceof HeadwaterError))
        this.#logger.error({ ...requestFacts(req), err: error }, 'request failed')
      sendError(res, error)
    }
  }

  #onUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    const url = tryParseTarget(req.url ?? '')
    const handler = url === null ? undefined : this.#upgrades.get(url.pathname)
    if (url === null || handler === undefined || this.#closing !== null) {
      refuseUpgrade(socket, 404)
      return
    }
    this.#upgraded.add(socket)
    socket.once('close', () => this.#upgraded.delete(socket))
    handler(req, socket, head, url)
  }
}

/** Answers a WebSocket handshake with an HTTP status and closes the socket. */
export function refuseUpgrade(socket: Duplex, status: number): void {
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

// Only origin-form targets (RFC 9112 §3.2.1): `//host/…` would otherwise be read as another host.
function parseTarget(target: string): URL {
  if (target.length > MAX_URL_CHARACTERS) {
    throw new HeadwaterError(
      'uri_too_long',
      `address must not be longer than ${MAX_URL_CHARACTERS} characters`,
    )
  }
  const url = tryParseTarget(target)
  if (url === null) throw new HeadwaterError('bad_request', 'address is not well formed')
  return url
}

function tryParseTarget(target: string): URL | null {
  if (!target.startsWith('/') || target.length > MAX_URL_CHARACTERS) return null
  // URL.parse would do, but Node 20 has none.
  const address = `http://headwater.invalid${target}`
  return URL.canParse(address) ? new URL(address) : null
}

function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
  socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
