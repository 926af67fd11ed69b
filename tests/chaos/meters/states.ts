/** What viewers are told of the room, with the time it came. */
import { WebSocket } from 'ws'
import { z } from 'zod'

export interface ToldState {
  atMs: number
  type: string
  state: string | null
}

const messageSchema = z.object({ type: z.string(), state: z.string().optional() }).loose()
const RECONNECT_MS = 300

export class StateMeter {
  readonly told: ToldState[] = []
  connections = 0
  readonly #url: string
  readonly #roomId: string
  #socket: WebSocket | null = null
  #again: NodeJS.Timeout | null = null
  #isStopped = false

  constructor(url: string, roomId: string) {
    this.#url = `${url.replace('http', 'ws')}/api/v1/live/ws?room_id=${roomId}`
    this.#roomId = roomId
    this.#connect()
  }

  /** States only, each once until it changes. */
  states(): ToldState[] {
    return this.told.filter(({ type }) => type === 'room')
  }

  stop(): void {
    this.#isStopped = true
    if (this.#again) clearTimeout(this.#again)
    this.#socket?.terminate()
  }

  #connect(): void {
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    socket.on('open', () => {
      this.connections++
      socket.send(JSON.stringify({ type: 'hello', role: 'viewer', room_id: this.#roomId }))
    })
    socket.on('message', (data) => {
      const message = messageSchema.safeParse(JSON.parse(String(data)))
      if (!message.success) return
      this.told.push({ atMs: Date.now(), type: message.data.type, state: message.data.state ?? null })
    })
    socket.on('error', () => {}) // closed follows
    socket.on('close', () => {
      if (!this.#isStopped) this.#again = setTimeout(() => this.#connect(), RECONNECT_MS)
    })
  }
}
