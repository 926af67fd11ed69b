/** One WebSocket of the signalling: waits for its hello, proves it, then only listens. */

import type { WebSocket } from 'ws'
import type { CascadeServerMessage } from '../../cascade/messages.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { Identity } from '../room/access.ts'
import { helloMessage, pingMessage } from './messages.ts'
import type { HelloMessage, ServerMessage } from './messages.ts'

export interface ClientOptions {
  socket: WebSocket
  /** Where it comes from. */
  address: string
  /** Room named in the address; a claim that the hello must not contradict. */
  claimedRoomId: string | null
  /** Checks a hello; rejects with the HeadwaterError the client is to be told. */
  admit: (hello: HelloMessage) => Promise<Identity | null>
  onAdmitted: (client: Client) => void
  /** What it says after its hello, other than pings. */
  onMessage?: (client: Client, message: unknown) => void
  onClosed: (client: Client) => void
  helloTimeoutMs?: number
  /** Wall clock, milliseconds. */
  now?: () => number
}

export const HELLO_TIMEOUT_MS = 5000
/** Longer first messages are none. */
export const MAX_HELLO_CHARS = 4096
/** A client that takes its messages too slowly is let go at this many unsent bytes. */
export const MAX_UNSENT_BYTES = 256 * 1024
// Close codes of our own (RFC 6455 §7.4.2), after the HTTP statuses they stand for.
/** Pings that come faster are left unanswered. */
const MIN_PING_INTERVAL_MS = 1000
/** RFC 6455 §7.4.1. */
const CLOSE_TOO_LARGE = 1009
const CLOSE_BAD_REQUEST = 4400
const CLOSE_BASE = 4000

export class Client {
  readonly #options: ClientOptions
  readonly #socket: WebSocket
  #timer: NodeJS.Timeout | null
  #hello: HelloMessage | null = null
  #identity: Identity | null = null
  #isWaiting = false
  #pongAtMs = -Infinity

  constructor(options: ClientOptions) {
    this.#options = options
    this.#socket = options.socket
    this.#timer = setTimeout(() => this.#fail('no hello in time'), options.helloTimeoutMs ?? HELLO_TIMEOUT_MS)
    this.#socket.on('message', (data, isBinary) => this.#receive(String(data), isBinary))
    this.#socket.on('error', () => this.#socket.terminate())
    this.#socket.once('close', () => {
      this.#stopTimer()
      options.onClosed(this)
    })
  }

  /** The room; null before the hello was accepted. */
  get roomId(): string | null {
    return this.#hello?.room_id ?? null
  }

  /** Whether the client manages the room and may see facts. */
  get isManager(): boolean {
    return this.#identity !== null
  }

  get isViewer(): boolean {
    return this.#hello?.role === 'viewer' && !this.isManager
  }

  get address(): string {
    return this.#options.address
  }

  /** What it calls itself. */
  get userId(): string | null {
    return this.#hello?.user_id ?? null
  }

  send(message: ServerMessage | CascadeServerMessage): void {
    this.sendText(JSON.stringify(message))
  }

  /** Sends a message made once for many clients. */
  sendText(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return
    if (this.#socket.bufferedAmount > MAX_UNSENT_BYTES) this.#socket.terminate()
    else this.#socket.send(text)
  }

  /** Tells why, then closes with 4000 + the error's status. */
  refuse(error: HeadwaterError): void {
    this.send({ type: 'error', code: error.code, message: error.message })
    this.#socket.close(CLOSE_BASE + error.status, error.code)
  }

  /** RFC 6455 §7.4.1: 1001, the server goes away. */
  close(): void {
    this.#socket.close(1001, 'server stops')
  }

  terminate(): void {
    this.#socket.terminate()
  }

  #receive(text: string, isBinary: boolean): void {
    // What newer clients say after their hello is left alone.
    if (this.#hello !== null) return this.#answer(text)
    if (this.#isWaiting) return
    if (text.length > MAX_HELLO_CHARS) return this.#socket.close(CLOSE_TOO_LARGE)
    const hello = isBinary ? null : parseHello(text)
    if (hello === null) {
      this.#fail('the first message must be a hello')
      return
    }
    if (this.#options.claimedRoomId !== null && this.#options.claimedRoomId !== hello.room_id) {
      this.#fail('the hello names another room than the address')
      return
    }
    this.#isWaiting = true
    void this.#admit(hello)
  }

  /** A browser does not tell its page of WebSocket pings: it asks in a message whether anybody is there. */
  #answer(text: string): void {
    const message = parseJson(text)
    if (!pingMessage.safeParse(message).success) return this.#options.onMessage?.(this, message)
    const at = (this.#options.now ?? Date.now)()
    if (at - this.#pongAtMs < MIN_PING_INTERVAL_MS) return
    this.#pongAtMs = at
    this.send({ type: 'pong', at })
  }

  async #admit(hello: HelloMessage): Promise<void> {
    try {
      const identity = await this.#options.admit(hello)
      if (this.#socket.readyState !== this.#socket.OPEN) return
      this.#stopTimer()
      this.#identity = identity
      this.#hello = hello
      this.#options.onAdmitted(this)
    } catch (error) {
      this.refuse(
        error instanceof HeadwaterError
          ? error
          : new HeadwaterError('internal_error', 'something went wrong here', { cause: error }),
      )
    }
  }

  #fail(message: string): void {
    this.send({ type: 'error', code: 'bad_request', message })
    this.#socket.close(CLOSE_BAD_REQUEST, 'bad_request')
  }

  #stopTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }
}

function parseHello(text: string): HelloMessage | null {
  const parsed = helloMessage.safeParse(parseJson(text))
  return parsed.success ? parsed.data : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
