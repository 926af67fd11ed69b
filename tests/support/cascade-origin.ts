/** What a root peer needs of an origin: parts of one program over HTTP, made when a test says so, and a coordinator's host that does as told. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'
import {
  ROOT_SOCKET_PATH,
  rootClientMessage,
  type RootClientMessage,
  type RootServerMessage,
} from '../../cascade/root-messages.ts'
import { ROOM_ACCESS_HEADER } from '../../runtime/http/room-access-header.ts'
import { partIdOf } from '../../media/part.ts'
import { markGaps } from '../../media/playlist/gaps.ts'
import { formatMediaPlaylist, viewMediaPlaylist } from '../../media/playlist/media.ts'
import { FIRST_PART, type SyntheticTrack } from '../../media/synthetic-stream.ts'
import { Track } from '../../media/track.ts'
import { eventually } from './eventually.ts'
import { SMALL_AUDIO, SMALL_VIDEO, smallPart } from './small-part.ts'

export const ROOM = 'room-1'
export const PROGRAM = 'p1a2b3c4'
const FILE = /^\/internal\/media\/live\/room-1\/p1a2b3c4\/(?<track>\w+)\/(?<file>[\w.]+)/

export class CascadeOrigin {
  /** Media addresses as they were asked for. */
  readonly asked: string[] = []
  readonly received: RootClientMessage[] = []
  readonly authorizations: (string | undefined)[] = []
  connections = 0
  /** Files that cannot be had, which playlists name as gaps. */
  readonly gaps = new Set<string>()
  /** Number of the next part. */
  next = FIRST_PART
  readonly #tracks = new Map<string, { shape: SyntheticTrack; track: Track }>()
  readonly #sampleBytes: number
  readonly #sockets = new Set<Socket>()
  #server: Server | null = null
  #host: WebSocket | null = null
  #port = 0

  constructor(sampleBytes = 200) {
    this.#sampleBytes = sampleBytes
    for (const shape of [SMALL_VIDEO, SMALL_AUDIO])
      this.#tracks.set(shape.track, { shape, track: new Track({ name: shape.track, maxSegments: 20 }) })
    this.make(16)
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Makes the next parts of every track. */
  make(count: number): void {
    for (let made = 0; made < count; made++, this.next++)
      for (const { shape, track } of this.#tracks.values()) {
        const part = smallPart(shape, this.next, this.#sampleBytes)
        track.note(part.header, part.bytes)
      }
  }

  end(): void {
    for (const { track } of this.#tracks.values()) track.end()
  }

  /** Listens, again on the same port after `down`. */
  async up(): Promise<void> {
    const server = createServer((req, res) => void this.#answer(req, res))
    const sockets = new WebSocketServer({ noServer: true })
    server.on('connection', (socket) => {
      this.#sockets.add(socket)
      socket.on('close', () => this.#sockets.delete(socket))
    })
    server.on('upgrade', (req, socket, head) => {
      if (req.url !== ROOT_SOCKET_PATH) return socket.destroy()
      this.authorizations.push(req.headers.authorization)
      sockets.handleUpgrade(req, socket, head, (client) => this.#accept(client))
    })
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
    this.#server = server
    this.#port = (server.address() as AddressInfo).port
  }

  /** As a crash: every connection is gone. */
  async down(): Promise<void> {
    const server = this.#server
    if (server === null) return
    this.#server = null
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  send(message: RootServerMessage): void {
    this.#host?.send(JSON.stringify(message))
  }

  /** Resolves with the first message that came since `from` and is of this type. */
  async got<T extends RootClientMessage['type']>(
    type: T,
    from = 0,
  ): Promise<Extract<RootClientMessage, { type: T }>> {
    const find = (): RootClientMessage | undefined =>
      this.received.slice(from).find((message) => message.type === type)
    await eventually(() => find() !== undefined)
    return find() as Extract<RootClientMessage, { type: T }>
  }

  #accept(client: WebSocket): void {
    this.#host = client
    this.connections++
    client.on('message', (data) => {
      const message = rootClientMessage.parse(JSON.parse(String(data)))
      this.received.push(message)
      this.onMessage?.(message)
      if (message.type === 'root-hello') this.send({ type: 'root-welcome', stats_ms: 500 })
    })
  }

  onMessage: ((message: RootClientMessage) => void) | null = null

  async #answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const url = req.url ?? ''
    res.setHeader(ROOM_ACCESS_HEADER, 'public')
    this.asked.push(url.replace('/internal/media', ''))
    const { track: name = '', file = '' } = FILE.exec(url)?.groups ?? {}
    const track = this.#tracks.get(name)?.track
    if (track === undefined) return void res.writeHead(404).end('{"code":"room_not_live"}')
    if (file === 'index.m3u8') {
      const all = [...this.#tracks.values()].map((each) => each.track)
      const options = { partTargetSec: 0.25, epochMs: 0, skip: false }
      const text = formatMediaPlaylist(viewMediaPlaylist(track, all), options)
      return void res.writeHead(200).end(markGaps(text, (uri) => this.gaps.has(uri)))
    }
    if (this.gaps.has(file)) return void res.writeHead(404).end('{"code":"media_gap"}')
    const [msn = 0, part = 0] = file.split('.').map(Number)
    await track.whenReached(msn, part)
    const bytes = track.find(msn, part)?.bytes
    if (bytes) res.writeHead(200, { 'Content-Length': bytes.length }).end(bytes)
    else res.writeHead(404).end('{"code":"part_not_found"}')
  }
}

/** Below the media root. */
export function partPath(track: string, number: number): string {
  const { msn, part } = partIdOf(number)
  return `/live/${ROOM}/${PROGRAM}/${track}/${msn}.${part}.m4s`
}
