/** The signalling with the cascade's host behind it, on real sockets, and clients that speak to it as viewers and edges do. */
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { WebSocket } from 'ws'
import type { CascadeServerMessage } from '../../cascade/messages.ts'
import { ROOT_SOCKET_PATH } from '../../cascade/root-messages.ts'
import type { RootServerMessage } from '../../cascade/root-messages.ts'
import { CascadeHost } from '../../origin/cascade/host.ts'
import type { CascadeHostOptions } from '../../origin/cascade/host.ts'
import { RootServer } from '../../origin/cascade/root-server.ts'
import { Access } from '../../origin/room/access.ts'
import { RoomRegistry } from '../../origin/room/registry.ts'
import { ViewerTokens } from '../../runtime/viewer-token.ts'
import { Signalling, SIGNALLING_PATH } from '../../origin/signalling/server.ts'
import { HttpServer } from '../../runtime/http/server.ts'
import { Metrics } from '../../runtime/metrics.ts'
import { captureLog } from './log-lines.ts'
import { MemoryLiveRooms } from './memory-live-rooms.ts'

export const PROGRAM = 'program01'
export const CLUSTER_SECRET = 'a-cluster-secret-for-tests'
export const FINGERPRINT = Array.from({ length: 32 }, () => 'AB').join(':')
export const ABILITY = {
  device: 'desktop',
  relays: true,
  upload_kbps: 10_000,
  max_children: 3,
  hidden: false,
  relay_only: false,
} as const

export type Settings = Partial<
  Pick<CascadeHostOptions, 'enabled' | 'iceServers' | 'rates' | 'maxPeersPerRoom'>
> & {
  /** Instead of those that are connected. */
  viewers?: number
}

export class CascadeHouse {
  readonly log = captureLog()
  readonly live = new MemoryLiveRooms()
  readonly rooms: RoomRegistry
  metrics = new Metrics()
  nowMs = 1_000_000
  roomId = ''
  publisherToken = ''
  host: CascadeHost
  #settings: Settings
  #server: HttpServer | null = null
  #signalling: Signalling | null = null
  #roots: RootServer | null = null

  private constructor(rooms: RoomRegistry, settings: Settings) {
    this.rooms = rooms
    this.#settings = settings
    this.host = this.#createHost()
  }

  /** A room that is live in two renditions. */
  static async open(settings: Settings = {}): Promise<CascadeHouse> {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-cascade-'))
    const rooms = new RoomRegistry({ dataDir, logger: captureLog().logger })
    await rooms.start()
    const house = new CascadeHouse(rooms, settings)
    const created = await rooms.create()
    house.roomId = created.room.id
    house.publisherToken = created.publisherToken
    const renditions = ['720p', '400p', 'audio'].map((name) => {
      return { name, width: null, height: null, bitrateKbps: name === 'audio' ? 128 : 1500 }
    })
    house.live.set(created.room.id, { state: 'live', programId: PROGRAM, renditions })
    await house.start()
    return house
  }

  async start(settings: Settings = this.#settings): Promise<void> {
    this.#settings = settings
    this.metrics = new Metrics()
    this.host = this.#createHost()
    const { logger } = this.log
    this.#roots = new RootServer({ host: this.host, clusterSecret: CLUSTER_SECRET, logger })
    this.#signalling = new Signalling({
      rooms: this.rooms,
      live: this.live,
      access: new Access({ adminToken: 'an-admin-token-for-tests', rooms: this.rooms }),
      viewerTokens: new ViewerTokens(CLUSTER_SECRET),
      publicUrl: null,
      cascade: this.host,
      logger,
    })
    this.#server = new HttpServer({ name: 'test', logger, host: '127.0.0.1', port: 0, closeGraceMs: 100 })
    this.#server.mountUpgrade(SIGNALLING_PATH, (...handshake) => this.#signalling?.upgrade(...handshake))
    this.#server.mountUpgrade(ROOT_SOCKET_PATH, (req, socket, head) =>
      this.#roots?.upgrade(req, socket, head),
    )
    this.host.start()
    this.#roots.start()
    this.#signalling.start()
    await this.#server.start()
  }

  async stop(): Promise<void> {
    this.#signalling?.close()
    this.#roots?.close()
    this.host.close()
    await this.#server?.close()
  }

  /** The next process, with what the one before has kept. */
  async restart(settings?: Settings): Promise<void> {
    await this.stop()
    await this.start(settings)
  }

  /** Two in the cascade, the second below the first. */
  async twoViewers(): Promise<[TestViewer, TestViewer]> {
    const [first, second] = [await this.viewer(), await this.viewer()]
    await first.enter()
    await second.enter()
    return [first, second]
  }

  async viewer(role = 'viewer', fields: Record<string, unknown> = {}): Promise<TestViewer> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.#server?.port}${SIGNALLING_PATH}`)
    const viewer = new TestViewer(socket)
    await once(socket, 'open')
    viewer.say({ type: 'hello', role, room_id: this.roomId, ...fields })
    await viewer.next('room')
    return viewer
  }

  async edge(fields: Record<string, unknown> = {}, secret = CLUSTER_SECRET): Promise<TestEdge> {
    const headers = { authorization: `Bearer ${secret}` }
    const socket = new WebSocket(`ws://127.0.0.1:${this.#server?.port}${ROOT_SOCKET_PATH}`, { headers })
    const edge = new TestEdge(socket)
    await once(socket, 'open')
    edge.say({ type: 'root-hello', node: 'edge-1', capacity: 20, ...fields })
    await edge.next('root-welcome')
    return edge
  }

  #createHost(): CascadeHost {
    const { viewers, ...settings } = this.#settings
    return new CascadeHost({
      enabled: true,
      iceServers: [],
      ...settings,
      rooms: this.rooms,
      live: this.live,
      viewers: (roomId) => viewers ?? this.#signalling?.viewers(roomId) ?? 0,
      logger: this.log.logger,
      metrics: this.metrics,
      now: () => this.nowMs,
      random: () => 0.5,
      tickMs: 20,
    })
  }
}

/** One end of a socket of ours; messages are taken in the order they came. */
class TestClient<Message extends { type: string }> {
  readonly socket: WebSocket
  readonly closed: Promise<number>
  readonly #inbox: Message[] = []

  constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('message', (data) => this.#inbox.push(JSON.parse(String(data)) as Message))
  }

  say(message: object): void {
    this.socket.send(JSON.stringify(message))
  }

  /** Takes the first message of that type out, waiting for it; those of other types stay. */
  async next<T extends Message['type']>(type: T): Promise<Extract<Message, { type: T }>> {
    for (;;) {
      const index = this.#inbox.findIndex((message) => message.type === type)
      const [message] = index < 0 ? [] : this.#inbox.splice(index, 1)
      if (message !== undefined) return message as Extract<Message, { type: T }>
      await once(this.socket, 'message')
    }
  }

  /** What came of that type by the time that the server has read everything sent here. */
  async heard(type: Message['type']): Promise<Message[]> {
    const answered = once(this.socket, 'pong')
    this.socket.ping()
    await answered
    return this.#inbox.filter((message) => message.type === type)
  }

  async leave(): Promise<void> {
    this.socket.terminate()
    await this.closed
  }
}

export class TestEdge extends TestClient<RootServerMessage> {}

type Heard = CascadeServerMessage | { type: 'room' }

export class TestViewer extends TestClient<Heard> {
  peerId = ''
  secret = ''

  join(fields: Record<string, unknown> = {}): void {
    const what = { program_id: PROGRAM, rendition: '720p', fingerprint: FINGERPRINT, ability: ABILITY }
    this.say({ type: 'cascade-join', ...what, ...fields })
  }

  /** Joins, and has parents when this resolves. */
  async enter(fields: Record<string, unknown> = {}): Promise<Extract<Heard, { type: 'cascade-parents' }>> {
    this.join(fields)
    const { peer_id, secret } = await this.next('cascade-welcome')
    Object.assign(this, { peerId: peer_id, secret })
    return this.next('cascade-parents')
  }

  stats(fields: Record<string, unknown> = {}): void {
    const counts = { bytes: { cascade: 1000, http: 10, sent: 5 }, stalls: 0, stall_ms: 0, played_ms: 10_000 }
    const report = { ability: ABILITY, parents: [], children: 0, spare_kbps: 1000, ...counts }
    this.say({ type: 'cascade-stats', ...report, ...fields })
  }
}
