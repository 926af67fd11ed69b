/** The edge's WebSocket to the coordinator's host: comes back by itself, and says what it is about each time. */
import { WebSocket } from 'ws'
import {
  MAX_ROOT_MESSAGE_BYTES,
  ROOT_SOCKET_PATH,
  rootClientMessage,
  rootServerMessage,
} from '../../cascade/root-messages.ts'
import type { RootClientMessage, RootServerMessage } from '../../cascade/root-messages.ts'
import type { Logger } from '../../runtime/logger.ts'

export interface RootSocketOptions {
  /** Base of the origin's internal listener, for example `http://127.0.0.1:8081`. */
  originUrl: string
  clusterSecret: string
  logger: Logger
  /** The first message of each connection. */
  hello: () => RootClientMessage
  onMessage(message: RootServerMessage): void
  /** Pauses before it tries again; each is taken between half and one and a half. */
  retry?: { firstMs: number; maxMs: number }
}

const RETRY = { firstMs: 250, maxMs: 10_000 }
const CONNECT_MS = 5000
// A connection whose other end is gone without a word is noticed within two of these.
const PING_MS = 5000
// The host reads as fast as we write; what waits longer than this is for nobody.
const MAX_UNSENT_BYTES = 4 * 1024 * 1024

export class RootSocket {
  readonly #options: RootSocketOptions
  #socket: WebSocket | null = null
  #timer: NodeJS.Timeout | null = null
  #pinger: NodeJS.Timeout | null = null
  #pauseMs: number
  #isClosed = false

  constructor(options: RootSocketOptions) {
    this.#options = options
    this.#pauseMs = this.#retry.firstMs
  }

  get isOpen(): boolean {
    return this.#socket?.readyState === WebSocket.OPEN
  }

  /** Connects in the background. */
  start(): void {
    if (!this.#isClosed) this.#connect()
  }

  /** Dropped while there is no connection: what matters is in the next hello, or sent again by those who need it. */
  send(message: RootClientMessage): void {
    const socket = this.#socket
    if (socket?.readyState !== WebSocket.OPEN || socket.bufferedAmount > MAX_UNSENT_BYTES) return
    const checked = rootClientMessage.safeParse(message)
    if (checked.success) socket.send(JSON.stringify(checked.data))
    else
      this.#options.logger.warn({ type: message.type }, 'a message to the coordinator is not as it should be')
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#stopPings()
    this.#socket?.terminate()
  }

  get #retry(): { firstMs: number; maxMs: number } {
    return this.#options.retry ?? RETRY
  }

  #connect(): void {
    const { originUrl, clusterSecret } = this.#options
    const url = `${originUrl.replace(/^http/, 'ws').replace(/\/+$/, '')}${ROOT_SOCKET_PATH}`
    const socket = new WebSocket(url, {
      headers: { authorization: `Bearer ${clusterSecret}` },
      handshakeTimeout: CONNECT_MS,
      maxPayload: MAX_ROOT_MESSAGE_BYTES,
      perMessageDeflate: false,
    })
    this.#socket = socket
    socket.on('open', () => this.#opened(socket))
    socket.on('message', (data, isBinary) => {
      if (!isBinary) this.#receive(data.toString())
    })
    // What follows is `close`, which tries again.
    socket.on('error', (error) => this.#options.logger.debug({ err: error }, 'no coordinator for roots'))
    socket.on('close', () => this.#lost(socket))
  }

  #opened(socket: WebSocket): void {
    let isAlive = true
    socket.on('pong', () => (isAlive = true))
    this.#pinger = setInterval(() => {
      if (!isAlive) return socket.terminate()
      isAlive = false
      socket.ping()
    }, PING_MS)
    this.#options.logger.debug('the coordinator may use the roots of this edge')
    this.send(this.#options.hello())
  }

  #receive(text: string): void {
    const message = parse(text)
    if (message === null) return void this.#options.logger.warn('an unreadable message of the coordinator')
    this.#pauseMs = this.#retry.firstMs
    this.#options.onMessage(message)
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return
    this.#socket = null
    this.#stopPings()
    if (this.#isClosed) return
    this.#timer = setTimeout(() => this.#connect(), this.#pauseMs * (0.5 + Math.random()))
    this.#pauseMs = Math.min(this.#pauseMs * 2, this.#retry.maxMs)
  }

  #stopPings(): void {
    if (this.#pinger !== null) clearInterval(this.#pinger)
    this.#pinger = null
  }
}

function parse(text: string): RootServerMessage | null {
  try {
    return rootServerMessage.parse(JSON.parse(text))
  } catch {
    return null
  }
}
