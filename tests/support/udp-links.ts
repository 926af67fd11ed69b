/**
 * Paths between two UDP ports of this machine, with delay, jitter, loss and a rate, in user space: they need no privileges and no
 * kernel modules. Each end sends to a port of the link's and hears from it.
 */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { seededRandom } from '../sim/random.ts'

export interface PathQuality {
  /** One way. */
  delayMs: number
  jitterMs?: number
  /** Of each datagram, 0 to 1. */
  loss?: number
  /** What one direction carries; without it, anything. */
  rateKbps?: number
  /** What may wait for the rate; more is lost. */
  queueMs?: number
}

export type LinkEnd = 'a' | 'b'

const DEFAULT_QUEUE_MS = 200
const HOST = '127.0.0.1'
/** Headers of IP and UDP: a rate counts them. */
const HEADER_BYTES = 28

export class UdpLink {
  readonly #random: () => number
  readonly #sockets: Record<LinkEnd, Socket>
  /** Where each end really is. */
  readonly #ends: Partial<Record<LinkEnd, number>> = {}
  readonly #freeAtMs: Record<LinkEnd, number> = { a: 0, b: 0 }
  /** Of datagrams, both ways. */
  carried = 0
  dropped = 0
  quality: PathQuality
  #isClosed = false

  private constructor(quality: PathQuality, seed: number, sockets: Record<LinkEnd, Socket>) {
    this.quality = quality
    this.#random = seededRandom(seed).next
    this.#sockets = sockets
    for (const from of ['a', 'b'] as const)
      sockets[from === 'a' ? 'b' : 'a'].on('message', (datagram) => this.#carry(from, datagram))
  }

  static async open(quality: PathQuality, seed: number): Promise<UdpLink> {
    const open = async (): Promise<Socket> => {
      const socket = createSocket('udp4')
      socket.bind(0, HOST)
      await once(socket, 'listening')
      return socket
    }
    return new UdpLink(quality, seed, { a: await open(), b: await open() })
  }

  /** The port by which the other end reaches this one: told instead of its own, which is `realPort`. */
  publish(end: LinkEnd, realPort: number): number {
    this.#ends[end] = realPort
    return this.#sockets[end].address().port
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#sockets.a.close()
    this.#sockets.b.close()
  }

  /** What `from` sent to the other end's port goes on from its own port. */
  #carry(from: LinkEnd, datagram: Buffer): void {
    const to = from === 'a' ? 'b' : 'a'
    const { delayMs, jitterMs = 0, loss = 0, rateKbps, queueMs = DEFAULT_QUEUE_MS } = this.quality
    let waitMs = 0
    if (rateKbps !== undefined) {
      const now = performance.now()
      waitMs = Math.max(0, this.#freeAtMs[from] - now)
      if (waitMs > queueMs) return void this.dropped++
      this.#freeAtMs[from] = now + waitMs + ((datagram.length + HEADER_BYTES) * 8) / rateKbps
    }
    if (loss > 0 && this.#random() < loss) return void this.dropped++
    this.carried++
    const ms = waitMs + delayMs + (jitterMs > 0 ? jitterMs * this.#random() : 0)
    if (ms < 1) this.#deliver(from, to, datagram)
    else setTimeout(() => this.#deliver(from, to, datagram), ms)
  }

  #deliver(from: LinkEnd, to: LinkEnd, datagram: Buffer): void {
    const port = this.#ends[to]
    if (!this.#isClosed && port !== undefined) this.#sockets[from].send(datagram, port, HOST)
  }
}

/** A candidate (RFC 8839, 5.1) with another port; null for one that is none. */
export function withPort(candidate: string, port: number): string | null {
  const fields = candidate.split(' ')
  if (fields.length < 8) return null
  fields[5] = String(port)
  return fields.join(' ')
}

export function portOf(candidate: string): number | null {
  const port = Number(candidate.split(' ')[5])
  return Number.isInteger(port) && port > 0 ? port : null
}
