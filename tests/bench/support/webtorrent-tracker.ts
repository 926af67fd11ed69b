/** The least a WebTorrent tracker has to do: carries offers and answers between those who announce the same hash. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer, type WebSocket } from 'ws'

interface Announcement {
  action?: string
  info_hash?: string
  peer_id?: string
  event?: string
  offers?: { offer: unknown; offer_id: string }[]
  answer?: unknown
  offer_id?: string
  to_peer_id?: string
}

const INTERVAL_SECONDS = 15

export class WebTorrentTracker {
  readonly #server: Server = createServer()
  readonly #sockets = new WebSocketServer({ server: this.#server })
  readonly #swarms = new Map<string, Map<string, WebSocket>>()

  static async start(): Promise<WebTorrentTracker> {
    const tracker = new WebTorrentTracker()
    tracker.#sockets.on('connection', (socket) => tracker.#accept(socket))
    await new Promise<void>((resolve) => tracker.#server.listen(0, '127.0.0.1', resolve))
    return tracker
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #accept(socket: WebSocket): void {
    socket.on('message', (data) => this.#hear(socket, JSON.parse(String(data)) as Announcement))
    socket.on('close', () => {
      for (const swarm of this.#swarms.values())
        for (const [peer, of] of swarm) if (of === socket) swarm.delete(peer)
    })
  }

  #hear(socket: WebSocket, said: Announcement): void {
    const { action, info_hash: hash, peer_id: peer } = said
    if (action !== 'announce' || hash === undefined || peer === undefined) return
    const swarm = this.#swarms.get(hash) ?? new Map<string, WebSocket>()
    this.#swarms.set(hash, swarm)
    const known = { action: 'announce', info_hash: hash, peer_id: peer, offer_id: said.offer_id }
    if (said.answer !== undefined) {
      swarm.get(said.to_peer_id ?? '')?.send(JSON.stringify({ ...known, answer: said.answer }))
      return
    }
    swarm.set(peer, socket)
    const complete = { complete: swarm.size, incomplete: 0 }
    socket.send(
      JSON.stringify({ action: 'announce', info_hash: hash, interval: INTERVAL_SECONDS, ...complete }),
    )
    const others = [...swarm].filter(([other]) => other !== peer)
    said.offers?.forEach(({ offer, offer_id }, index) =>
      others[index]?.[1].send(JSON.stringify({ ...known, offer, offer_id })),
    )
  }
}
