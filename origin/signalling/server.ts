/** The signalling: tells viewers of a room's state the moment it changes, and its publisher what arrives from him. */

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { HeadwaterError } from '../../runtime/errors.ts'
import { refuseUpgrade } from '../../runtime/http/server.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { steadyNow } from '../../runtime/steady-clock.ts'
import type { CascadeHost } from '../cascade/host.ts'
import { signallingCookie, viewerTokenOf, type ViewerTokens } from '../../runtime/viewer-token.ts'
import { clientAddress } from '../../runtime/http/client-address.ts'
import type { LiveFacts, LiveRooms } from '../program/live-rooms.ts'
import { canManage } from '../room/access.ts'
import type { Access, Identity } from '../room/access.ts'
import type { RoomRegistry } from '../room/registry.ts'
import type { Room } from '../room/room.ts'
import { viewPublisher } from '../room/view.ts'
import { Client } from './client.ts'
import { observe, presenceOf, roomMessage } from './messages.ts'
import { ViewerReports } from './viewer-reports.ts'
import type { HelloMessage, Presence, ServerMessage } from './messages.ts'

export interface SignallingOptions {
  rooms: Pick<RoomRegistry, 'find' | 'onDelete' | 'onUpdate'>
  live: LiveRooms
  access: Access
  viewerTokens: ViewerTokens
  /** Origin of public addresses, or null to compare a page's origin with the Host header only. */
  publicUrl: string | null
  logger: Logger
  /** Viewers' part in passing the stream on; null without it. */
  cascade?: Pick<CascadeHost, 'message' | 'gone'>
  metrics?: Metrics
  trustProxy?: boolean
  maxClients?: number
  helloTimeoutMs?: number
  heartbeatMs?: number
  factsIntervalMs?: number
  /** Of the programs, ms since 1970: players hold what is told against capture times. */
  now?: () => number
}

interface Audience {
  clients: Set<Client>
  presence: Presence
  viewers: number
}

/** A session description of the cascade's, its line ends escaped. */
const MAX_MESSAGE_BYTES = 20 * 1024
const MAX_CLIENTS = 20_000
const HEARTBEAT_MS = 15_000
const FACTS_INTERVAL_MS = 1000

/** Path of the WebSocket. */
export const SIGNALLING_PATH = '/api/v1/live/ws'
/** Mount `upgrade` at SIGNALLING_PATH, then `start()`. */
export class Signalling {
  readonly name = 'signalling'
  readonly #options: SignallingOptions
  readonly #logger: Logger
  readonly #sockets: WebSocketServer
  readonly #clients = new Set<Client>()
  readonly #answering = new Set<WebSocket>()
  readonly #audiences = new Map<string, Audience>()
  /** Clients that may be in their room even when it is private. */
  readonly #entitled = new WeakSet<Client>()
  readonly #reports: ViewerReports | null
  readonly #stops: (() => void)[] = []

  constructor(options: SignallingOptions) {
    this.#options = options
    this.#logger = options.logger
    this.#sockets = new WebSocketServer({
      noServer: true,
      clientTracking: true,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    })
    this.#reports = options.metrics ? new ViewerReports(options.metrics) : null
    options.metrics?.gauge(
      'headwater_viewers',
      'Viewers connected to the signalling, of all rooms.',
      [],
      (gauge) => gauge.set(this.totalViewers),
    )
  }

  start(): void {
    const { live, rooms, heartbeatMs = HEARTBEAT_MS, factsIntervalMs = FACTS_INTERVAL_MS } = this.#options
    const heartbeat = setInterval(() => this.#beat(), heartbeatMs)
    const facts = setInterval(() => this.#sendFacts(), factsIntervalMs)
    this.#stops.push(
      live.onChange((roomId, current) => this.#onChange(roomId, current)),
      rooms.onDelete((roomId) => this.#onDelete(roomId)),
      rooms.onUpdate((room) => this.#onUpdate(room)),
      () => clearInterval(heartbeat),
      () => clearInterval(facts),
    )
  }

  /** Closes every client; resolves at once, the HTTP server ends what does not answer. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop()
    for (const client of this.#clients) client.close()
    this.#sockets.close()
  }

  /** Viewers connected to a room. */
  viewers(roomId: string): number {
    return this.#audiences.get(roomId)?.viewers ?? 0
  }

  /** Viewers connected to all rooms. */
  get totalViewers(): number {
    return [...this.#audiences.values()].reduce((sum, audience) => sum + audience.viewers, 0)
  }

  /** Takes over a WebSocket handshake. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer, url: URL): void {
    const status = this.#refusal(req)
    if (status !== null) {
      refuseUpgrade(socket, status)
      return
    }
    this.#sockets.handleUpgrade(req, socket, head, (webSocket) => this.#open(webSocket, req, url))
  }

  #refusal(req: IncomingMessage): number | null {
    if (!isOwnPage(req.headers.origin, req.headers.host, this.#options.publicUrl)) return 403
    return this.#clients.size >= (this.#options.maxClients ?? MAX_CLIENTS) ? 503 : null
  }

  #open(socket: WebSocket, req: IncomingMessage, url: URL): void {
    const address = clientAddress(req, this.#options.trustProxy ?? false)
    const { helloTimeoutMs } = this.#options
    this.#answering.add(socket)
    socket.on('pong', () => this.#answering.add(socket))
    const client: Client = new Client({
      socket,
      address,
      claimedRoomId: url.searchParams.get('room_id'),
      admit: (hello) => this.#admit(hello, client, req),
      onAdmitted: (admitted) => this.#join(admitted),
      onMessage: (from, message) => {
        if (!from.isViewer || this.#reports?.take(from, message, performance.now()) === true) return
        this.#options.cascade?.message(from, message)
      },
      onClosed: (closed) => {
        this.#answering.delete(socket)
        this.#options.cascade?.gone(closed)
        this.#leave(closed)
      },
      now: () => this.#now(),
      ...(helloTimeoutMs === undefined ? {} : { helloTimeoutMs }),
    })
    this.#clients.add(client)
  }

  async #admit(hello: HelloMessage, client: Client, req: IncomingMessage): Promise<Identity | null> {
    const { access, rooms, viewerTokens } = this.#options
    const identity = hello.token === undefined ? null : await access.identify(hello.token, client.address)
    if (identity !== null && !canManage(identity, hello.room_id)) {
      throw new HeadwaterError('forbidden', 'this token does not manage this room')
    }
    const room = rooms.find(hello.room_id)
    if (room === undefined) throw new HeadwaterError('room_not_found', 'there is no such room')
    const token = hello.viewer_token ?? viewerTokenOf(req, signallingCookie(room.id))
    if (identity !== null || viewerTokens.isValid(token, room.id, Date.now())) this.#entitled.add(client)
    else if (room.settings.isPrivate) viewerTokens.check(token, room.id, Date.now())
    return identity
  }

  #join(client: Client): void {
    const roomId = client.roomId
    if (roomId === null) return
    const facts = this.#options.live.facts(roomId)
    const audience = this.#audiences.get(roomId) ?? {
      clients: new Set(),
      presence: presenceOf(facts),
      viewers: 0,
    }
    this.#audiences.set(roomId, audience)
    audience.clients.add(client)
    if (client.isViewer) audience.viewers += 1
    client.send(roomMessage(facts, this.#now()))
    if (client.isManager) client.send(this.#factsMessage(facts, audience))
  }

  #leave(client: Client): void {
    this.#clients.delete(client)
    const audience = client.roomId === null ? undefined : this.#audiences.get(client.roomId)
    if (audience === undefined || !audience.clients.delete(client)) return
    if (client.isViewer) audience.viewers -= 1
    this.#forgetWhenIdle(client.roomId ?? '', audience)
  }

  #onChange(roomId: string, facts: LiveFacts): void {
    if (this.#options.rooms.find(roomId) === undefined) return
    // Rooms without viewers are followed too, so that who joins during a return hears the end of it.
    const audience = this.#audiences.get(roomId) ?? {
      clients: new Set(),
      presence: { state: 'idle', programId: null, isAway: false, hasSlate: false },
      viewers: 0,
    }
    this.#audiences.set(roomId, audience)
    const { presence, isChange, event } = observe(audience.presence, facts)
    audience.presence = presence
    if (isChange) {
      const at = this.#now()
      if (event !== null) broadcast(audience, { type: event, at })
      broadcast(audience, roomMessage(facts, at))
    }
    this.#forgetWhenIdle(roomId, audience)
  }

  #onDelete(roomId: string): void {
    const audience = this.#audiences.get(roomId)
    this.#audiences.delete(roomId)
    const error = new HeadwaterError('room_not_found', 'the room was deleted')
    for (const client of audience?.clients ?? []) client.refuse(error)
  }

  /** Who was let in while the room was open to all has to show a token now. */
  #onUpdate({ id, settings }: Room): void {
    if (!settings.isPrivate) return
    const error = new HeadwaterError('viewer_token_required', 'this room is private now')
    for (const client of this.#audiences.get(id)?.clients ?? [])
      if (!this.#entitled.has(client)) client.refuse(error)
  }

  #forgetWhenIdle(roomId: string, audience: Audience): void {
    const isQuiet = ['idle', 'ended', 'refused'].includes(audience.presence.state)
    if (audience.clients.size === 0 && isQuiet) this.#audiences.delete(roomId)
  }

  #sendFacts(): void {
    for (const [roomId, audience] of this.#audiences) {
      const managers = [...audience.clients].filter((client) => client.isManager)
      if (managers.length === 0) continue
      const text = JSON.stringify(this.#factsMessage(this.#options.live.facts(roomId), audience))
      for (const client of managers) client.sendText(text)
    }
  }

  #factsMessage(facts: LiveFacts, audience: Audience): ServerMessage {
    const { sources, source, refusal } = facts
    const publisher = viewPublisher(source)
    return { type: 'facts', sources, publisher, refusal, viewers: audience.viewers, at: this.#now() }
  }

  // A socket that has not answered the last ping is dead, whatever TCP believes.
  #beat(): void {
    for (const socket of this.#sockets.clients) {
      if (!this.#answering.delete(socket)) {
        this.#logger.debug('signalling client stopped answering')
        socket.terminate()
      } else {
        socket.ping()
      }
    }
  }

  #now(): number {
    return this.#options.now?.() ?? steadyNow()
  }
}

function broadcast(audience: Audience, message: ServerMessage): void {
  const text = JSON.stringify(message)
  for (const client of audience.clients) client.sendText(text)
}

// Browsers name the page's origin; other programs need not. A page of another site gets no socket.
function isOwnPage(origin: string | undefined, host: string | undefined, publicUrl: string | null): boolean {
  if (origin === undefined) return true
  if (publicUrl !== null && origin === publicUrl) return true
  return URL.canParse(origin) && new URL(origin).host === host
}
