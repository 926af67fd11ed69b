/** The WebSocket of edges' roots, on the internal listener: proves the cluster's secret, then carries messages to the host. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { MAX_ROOT_MESSAGE_BYTES, rootClientMessage } from '../../cascade/root-messages.ts'
import type { RootClientMessage, RootServerMessage } from '../../cascade/root-messages.ts'
import { refuseUpgrade } from '../../runtime/http/server.ts'
import type { Logger } from '../../runtime/logger.ts'
import { secretsMatch } from '../../runtime/secrets.ts'
import { bearerOf } from '../../runtime/http/bearer.ts'
import type { CascadeHost } from './host.ts'
import { STATS_MS } from './room/room-voice.ts'
import type { RootLink, RootNode } from './root-nodes.ts'

export interface RootServerOptions {
  host: CascadeHost
  clusterSecret: string
  logger: Logger
  pingMs?: number
}

const PING_MS = 5000
const HELLO_TIMEOUT_MS = 5000
/** An edge that reads so slowly is let go; it comes back with what it still has. */
const MAX_UNSENT_BYTES = 4 * 1024 * 1024

/** Mount `upgrade` at ROOT_SOCKET_PATH, then `start()`. */
export class RootServer {
  readonly #options: RootServerOptions
  readonly #sockets = new WebSocketServer({
    noServer: true,
    clientTracking: true,
    maxPayload: MAX_ROOT_MESSAGE_BYTES,
    perMessageDeflate: false,
  })
  readonly #answering = new Set<WebSocket>()
  #pinger: NodeJS.Timeout | null = null

  constructor(options: RootServerOptions) {
    this.#options = options
  }

  start(): void {
    this.#pinger = setInterval(() => this.#beat(), this.#options.pingMs ?? PING_MS)
  }

  close(): void {
    if (this.#pinger !== null) clearInterval(this.#pinger)
    for (const socket of this.#sockets.clients) socket.close(1001, 'server stops')
    this.#sockets.close()
  }

  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!secretsMatch(bearerOf(req), this.#options.clusterSecret)) return refuseUpgrade(socket, 401)
    this.#sockets.handleUpgrade(req, socket, head, (webSocket) => this.#open(webSocket))
  }

  #open(socket: WebSocket): void {
    const link: RootLink = { send: (message) => send(socket, message) }
    let node: RootNode | null = null
    const timer = setTimeout(() => socket.close(4400, 'no hello in time'), HELLO_TIMEOUT_MS)
    this.#answering.add(socket)
    socket.on('pong', () => this.#answering.add(socket))
    socket.on('error', () => socket.terminate())
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? null : parse(String(data))
      if (message === null) return
      if (message.type === 'root-hello') {
        clearTimeout(timer)
        node = this.#greet(socket, link, message)
      } else if (node !== null) this.#options.host.rootMessage(node, message)
    })
    socket.once('close', () => {
      clearTimeout(timer)
      this.#answering.delete(socket)
      if (node !== null) this.#options.host.disconnectRoots(node, link)
    })
  }

  #greet(
    socket: WebSocket,
    link: RootLink,
    hello: Extract<RootClientMessage, { type: 'root-hello' }>,
  ): RootNode | null {
    link.send({ type: 'root-welcome', stats_ms: STATS_MS })
    const node = this.#options.host.connectRoots(hello, link)
    const { logger } = this.#options
    if (node === null) socket.close(4503, 'too many edges')
    else
      logger.info(
        { node: hello.node, capacity: hello.capacity, swarms: hello.swarms.length },
        'roots of an edge',
      )
    return node
  }

  #beat(): void {
    for (const socket of this.#sockets.clients) {
      if (this.#answering.delete(socket)) socket.ping()
      else socket.terminate()
    }
  }
}

function send(socket: WebSocket, message: RootServerMessage): void {
  if (socket.readyState !== socket.OPEN) return
  if (socket.bufferedAmount > MAX_UNSENT_BYTES) socket.terminate()
  else socket.send(JSON.stringify(message))
}

function parse(text: string): RootClientMessage | null {
  try {
    const parsed = rootClientMessage.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
