/**
 * Keeps the view of one room: over a WebSocket, coming back by itself, and by asking every two seconds while there is none.
 */
import { backoffMs, waitMs } from './backoff.ts'
import type { ChannelListener, RoomChannel } from './room-channel.ts'
import { watchWaking } from './watch-waking.ts'
import {
  applyMessage,
  applyRoom,
  roomSchema,
  serverMessageSchema,
  UNKNOWN_ROOM,
  type RoomView,
} from './room-view.ts'

export interface SignallingOptions {
  /** origin of the API, without a slash at the end */
  baseUrl: string
  roomId: string
  role: 'viewer' | 'publisher'
  /** admin or publisher token: brings the publisher's facts too */
  token?: string | null
  onView: (view: RoomView) => void
  /** the room does not exist */
  onMissing?: () => void
  connect?: (address: URL) => RoomSocket
  fetch?: typeof fetch
}

/** What is needed of a WebSocket. */
export type RoomSocket = Pick<WebSocket, 'readyState' | 'send' | 'close' | 'onopen' | 'onmessage' | 'onclose'>

/** About every two seconds, and not everybody at once. */
const POLL = { firstMs: 2500, maxMs: 2500 }
const RECONNECT = { firstMs: 500, maxMs: 10_000 }
/** A connection that lived this long starts the backoff anew. */
const STEADY_MS = 10_000
const MAX_MESSAGE_CHARS = 64 * 1024
/** Asked this often whether the server is there; a browser does not tell its page of the server's own pings. */
const PING_MS = 5000
/** Nothing heard for so long: the connection is dead, whatever TCP believes. */
const SILENCE_MS = 12_000
/** Refused (4000 + the HTTP status): asking again soon brings the same answer. */
const REFUSED = { first: 4400, last: 4499, waitMs: 60_000 }
const NO_SUCH_ROOM = 4404
/** RFC 6455, 7.4.1. */
const CLOSED_ABNORMALLY = 1006
/** WebSocket.OPEN */
const OPEN = 1
const PING = JSON.stringify({ type: 'ping' })

export class Signalling implements RoomChannel {
  readonly #options: SignallingOptions
  readonly #closing = new AbortController()
  #view: RoomView = UNKNOWN_ROOM
  #socket: RoomSocket | null = null
  #isOpen = false
  /** the server has answered our hello */
  #isAdmitted = false
  readonly #listeners = new Map<ChannelListener, string>()
  #wake = new AbortController()
  /** gives the connection up without waiting for its goodbye */
  #giveUp: () => void = () => undefined

  constructor(options: SignallingOptions) {
    this.#options = options
  }

  get view(): RoomView {
    return this.#view
  }

  start(): void {
    const stop = watchWaking(() => this.wake())
    this.#closing.signal.addEventListener('abort', stop, { once: true })
    void this.#keepSocket()
    void this.#keepPolling()
  }

  close(): void {
    this.#closing.abort()
    this.#listeners.clear()
    this.#socket?.close()
  }

  get isOpen(): boolean {
    return this.#isAdmitted && this.#socket?.readyState === OPEN
  }

  send(message: { type: string }): boolean {
    if (!this.isOpen) return false
    this.#socket?.send(JSON.stringify(message))
    return true
  }

  listen(prefix: string, listener: ChannelListener): () => void {
    this.#listeners.set(listener, prefix)
    return () => void this.#listeners.delete(listener)
  }

  /** The network is back, or the device woke up: what was connected may be dead, and what waits need not. */
  wake(): void {
    this.#giveUp()
    this.#wake.abort()
    this.#wake = new AbortController()
  }

  /** Reads the room now, for instance when the stream turned out to be gone. */
  async refresh(): Promise<void> {
    const { baseUrl, roomId, token } = this.#options
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
    const address = `${baseUrl}/api/v1/live/${encodeURIComponent(roomId)}`
    try {
      const answer = await (this.#options.fetch ?? fetch)(address, {
        headers,
        cache: 'no-store',
        signal: this.#closing.signal,
      })
      if (answer.status === 404) return void this.#options.onMissing?.()
      if (!answer.ok) return
      const body = roomSchema.safeParse(unwrap(await answer.json()))
      if (body.success) this.#show(applyRoom(this.#view, body.data))
    } catch {
      // the server is away: what is known stays shown, the next round asks again
    }
  }

  async #keepPolling(): Promise<void> {
    await this.refresh()
    while (!this.#closing.signal.aborted) {
      await this.#wait(backoffMs(0, POLL))
      if (!this.#isOpen && !this.#closing.signal.aborted) await this.refresh()
    }
  }

  async #keepSocket(): Promise<void> {
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      const began = Date.now()
      const code = await this.#runSocket()
      if (Date.now() - began > STEADY_MS) attempt = 0
      const isRefused = code >= REFUSED.first && code <= REFUSED.last
      if (code === NO_SUCH_ROOM) this.#options.onMissing?.()
      await this.#wait(
        isRefused
          ? backoffMs(0, { firstMs: REFUSED.waitMs, maxMs: REFUSED.waitMs })
          : backoffMs(attempt, RECONNECT),
      )
    }
  }

  #wait(ms: number): Promise<void> {
    return waitMs(ms, AbortSignal.any([this.#closing.signal, this.#wake.signal]))
  }

  /** One connection, from its hello to its end; resolves with the close code. */
  #runSocket(): Promise<number> {
    const { baseUrl, roomId, role, token } = this.#options
    const address = new URL(`${baseUrl}/api/v1/live/ws`, globalThis.location?.href)
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
    address.search = new URLSearchParams({ room_id: roomId, role }).toString()
    return new Promise((resolve) => {
      const socket = this.#options.connect?.(address) ?? new WebSocket(address)
      this.#socket = socket
      let heardAtMs = Date.now()
      const end = (code: number): void => {
        clearInterval(heart)
        if (this.#socket === socket) this.#isOpen = this.#isAdmitted = false
        resolve(code)
      }
      this.#giveUp = () => {
        socket.close()
        end(CLOSED_ABNORMALLY)
      }
      const heart = setInterval(() => {
        if (Date.now() - heardAtMs > SILENCE_MS) this.#giveUp()
        else if (socket.readyState === OPEN) socket.send(PING)
      }, PING_MS)
      socket.onopen = () => {
        this.#isOpen = true
        socket.send(JSON.stringify({ type: 'hello', role, room_id: roomId, ...(token ? { token } : {}) }))
      }
      socket.onmessage = ({ data }) => {
        heardAtMs = Date.now()
        if (this.#socket === socket) this.#hear(data)
      }
      socket.onclose = ({ code }) => end(code)
    })
  }

  #hear(data: unknown): void {
    if (typeof data !== 'string' || data.length > MAX_MESSAGE_CHARS) return
    const said = parseJson(data)
    if (this.#tell(said)) return
    const message = serverMessageSchema.safeParse(said)
    if (!message.success) return
    const view = applyMessage(this.#view, message.data)
    if (view !== this.#view) this.#show(view)
    if (!this.#isAdmitted && message.data.type === 'room') this.#admit()
  }

  /** What comes before the answer to our hello is not heard by the server. */
  #admit(): void {
    this.#isAdmitted = true
    for (const listener of [...this.#listeners.keys()]) listener.onOpen()
  }

  #tell(said: unknown): boolean {
    const type = typeof said === 'object' && said !== null && 'type' in said ? said.type : null
    if (typeof type !== 'string') return false
    const heard = [...this.#listeners].filter(([, prefix]) => type.startsWith(prefix))
    for (const [listener] of heard) listener.onMessage(said)
    return heard.length > 0
  }

  #show(view: RoomView): void {
    if (this.#closing.signal.aborted) return
    this.#view = view
    this.#options.onView(view)
  }
}

function unwrap(body: unknown): unknown {
  return typeof body === 'object' && body !== null && 'data' in body ? body.data : body
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
