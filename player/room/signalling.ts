/**
 * Keeps the view of one room: over a WebSocket, coming back by itself, and by asking every two seconds while there is none.
 */
import { backoffMs, waitMs } from './backoff.ts'
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
}

/** About every two seconds, and not everybody at once. */
const POLL = { firstMs: 2500, maxMs: 2500 }
const RECONNECT = { firstMs: 500, maxMs: 10_000 }
/** A connection that lived this long starts the backoff anew. */
const STEADY_MS = 10_000
const MAX_MESSAGE_CHARS = 64 * 1024

export class Signalling {
  readonly #options: SignallingOptions
  readonly #closing = new AbortController()
  #view: RoomView = UNKNOWN_ROOM
  #socket: WebSocket | null = null
  #isOpen = false

  constructor(options: SignallingOptions) {
    this.#options = options
  }

  get view(): RoomView {
    return this.#view
  }

  start(): void {
    void this.#keepSocket()
    void this.#keepPolling()
  }

  close(): void {
    this.#closing.abort()
    this.#socket?.close()
  }

  /** Reads the room now, for instance when the stream turned out to be gone. */
  async refresh(): Promise<void> {
    const { baseUrl, roomId, token } = this.#options
    const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {}
    const address = `${baseUrl}/api/v1/live/${encodeURIComponent(roomId)}`
    try {
      const answer = await fetch(address, { headers, cache: 'no-store', signal: this.#closing.signal })
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
      await waitMs(backoffMs(0, POLL), this.#closing.signal)
      if (!this.#isOpen && !this.#closing.signal.aborted) await this.refresh()
    }
  }

  async #keepSocket(): Promise<void> {
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      const began = Date.now()
      await this.#runSocket()
      if (Date.now() - began > STEADY_MS) attempt = 0
      await waitMs(backoffMs(attempt, RECONNECT), this.#closing.signal)
    }
  }

  #runSocket(): Promise<void> {
    const { baseUrl, roomId, role, token } = this.#options
    const address = new URL(`${baseUrl}/api/v1/live/ws`, globalThis.location?.href)
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
    address.search = new URLSearchParams({ room_id: roomId, role }).toString()
    return new Promise((resolve) => {
      const socket = new WebSocket(address)
      this.#socket = socket
      socket.onopen = () => {
        this.#isOpen = true
        socket.send(JSON.stringify({ type: 'hello', role, room_id: roomId, ...(token ? { token } : {}) }))
      }
      socket.onmessage = ({ data }) => this.#hear(data)
      socket.onclose = () => {
        this.#isOpen = false
        resolve()
      }
    })
  }

  #hear(data: unknown): void {
    if (typeof data !== 'string' || data.length > MAX_MESSAGE_CHARS) return
    const message = serverMessageSchema.safeParse(parseJson(data))
    if (message.success) this.#show(applyMessage(this.#view, message.data))
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
