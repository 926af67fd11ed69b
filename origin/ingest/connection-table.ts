/** Who is connected to an RTMP port: those who publish are left alone, of the others the oldest makes room for a newcomer. */
import type { Socket } from 'node:net'

export interface ConnectionLimits {
  /** In all. */
  maxConnections: number
  /** That do not publish, of one address. */
  maxWaitingPerAddress: number
}

interface Entry {
  socket: Socket
  address: string
  isPublishing: () => boolean
}

export class ConnectionTable {
  readonly #limits: ConnectionLimits
  readonly #onCrowded: (address: string, problem: string) => void
  /** Oldest first. By address and port of the peer, which a connection and what TLS makes of it have in common. */
  readonly #entries = new Map<string, Entry>()

  constructor(limits: ConnectionLimits, onCrowded: (address: string, problem: string) => void) {
    this.#limits = limits
    this.#onCrowded = onCrowded
  }

  /** A connection that has just come, before TLS; one that is too many, or an older one for it, is closed. */
  add(socket: Socket): void {
    const address = socket.remoteAddress ?? 'unknown'
    const key = keyOf(socket)
    const entry: Entry = { socket, address, isPublishing: () => false }
    this.#entries.set(key, entry)
    socket.once('close', () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    const { maxConnections, maxWaitingPerAddress } = this.#limits
    const waiting = [...this.#entries.values()].filter((each) => !each.isPublishing())
    const ofAddress = waiting.filter((each) => each.address === address)
    if (ofAddress.length > maxWaitingPerAddress)
      this.#close(ofAddress[0], `more than ${maxWaitingPerAddress} connections that do not publish`)
    if (this.#entries.size > maxConnections)
      this.#close(waiting[0], `more than ${maxConnections} connections`)
  }

  /** What says of a connection whether it publishes. */
  follow(socket: Socket, isPublishing: () => boolean): void {
    const entry = this.#entries.get(keyOf(socket))
    if (entry) entry.isPublishing = isPublishing
  }

  /** Ends all of them. */
  close(): void {
    for (const { socket } of this.#entries.values()) socket.destroy()
  }

  #close(entry: Entry | undefined, problem: string): void {
    if (!entry) return
    this.#entries.delete(keyOf(entry.socket))
    this.#onCrowded(entry.address, problem)
    entry.socket.destroy()
  }
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
