/** Who is connected to an RTMP port: those who publish are left alone, of the others the oldest silent one makes room for newcomers. */
import type { Socket } from 'node:net'

export interface ConnectionLimits {
  /** In all. */
  maxConnections: number
  /** That do not publish, of one address. */
  maxWaitingPerAddress: number
}

export type Standing = 'silent' | 'talking' | 'publishing'

interface Entry {
  socket: Socket
  address: string
  standing: () => Standing
}

/** Newcomers get this long to say their first word: publishers say it at once, those who fill up the port do not. */
const SWEEP_AFTER_MS = 100

export class ConnectionTable {
  readonly #limits: ConnectionLimits
  readonly #onCrowded: (address: string, problem: string) => void
  /** Oldest first. By address and port of the peer, which a connection and what TLS makes of it have in common. */
  readonly #entries = new Map<string, Entry>()
  #sweep: NodeJS.Timeout | null = null

  constructor(limits: ConnectionLimits, onCrowded: (address: string, problem: string) => void) {
    this.#limits = limits
    this.#onCrowded = onCrowded
  }

  /** A connection that has just come, before TLS; when there are too many, one is closed. */
  add(socket: Socket): void {
    const key = keyOf(socket)
    const entry: Entry = { socket, address: socket.remoteAddress ?? 'unknown', standing: () => 'silent' }
    this.#entries.set(key, entry)
    socket.once('close', () => {
      if (this.#entries.get(key) === entry) this.#entries.delete(key)
    })
    this.#sweep ??= setTimeout(() => this.#sweepAddresses(), SWEEP_AFTER_MS)
    const { maxConnections } = this.#limits
    if (this.#entries.size <= maxConnections) return
    const [victim] = dispensable([...this.#entries.values()])
    if (victim) this.#close(victim, `more than ${maxConnections} connections`)
  }

  /** Whose a connection is, and what says how far it has come. */
  follow(socket: Socket, address: string, standing: () => Standing): void {
    const entry = this.#entries.get(keyOf(socket))
    if (entry) Object.assign(entry, { address, standing })
  }

  /** Ends all of them. */
  close(): void {
    if (this.#sweep) clearTimeout(this.#sweep)
    for (const { socket } of this.#entries.values()) socket.destroy()
  }

  #sweepAddresses(): void {
    this.#sweep = null
    const { maxWaitingPerAddress } = this.#limits
    const byAddress = new Map<string, Entry[]>()
    for (const entry of dispensable([...this.#entries.values()])) {
      const waiting = byAddress.get(entry.address)
      if (waiting) waiting.push(entry)
      else byAddress.set(entry.address, [entry])
    }
    for (const waiting of byAddress.values())
      for (const entry of waiting.slice(0, Math.max(0, waiting.length - maxWaitingPerAddress)))
        this.#close(entry, `more than ${maxWaitingPerAddress} connections that do not publish`)
  }

  #close(entry: Entry, problem: string): void {
    this.#entries.delete(keyOf(entry.socket))
    this.#onCrowded(entry.address, problem)
    entry.socket.destroy()
  }
}

/** Those that do not publish: the silent ones before those that talk, each oldest first. */
function dispensable(entries: readonly Entry[]): Entry[] {
  const of = (standing: Standing): Entry[] => entries.filter((entry) => entry.standing() === standing)
  return [...of('silent'), ...of('talking')]
}

function keyOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`
}
