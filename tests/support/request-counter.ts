/** Stands before an origin and counts what it is asked for: a TCP proxy that reads request lines along and changes nothing. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export interface RequestCounts {
  /** Different parts that were asked for, and requests for them. */
  parts: number
  requests: number
  /** Of the part that was asked for most. */
  most: number
}

const PART_REQUEST = /GET \/internal\/media(\/live\/[^ ?]+\/\d+\.\d\.m4s)/g
/** A request line may come in two pieces. */
const LONGEST_LINE = 200
const MAX_COUNTED = 100_000

export class RequestCounter {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #counts = new Map<string, number>()

  private constructor(targetPort: number) {
    this.#server = createServer((client) => this.#open(client, targetPort))
  }

  static async start(targetPort: number): Promise<RequestCounter> {
    const counter = new RequestCounter(targetPort)
    await new Promise<void>((resolve) => counter.#server.listen(0, '127.0.0.1', resolve))
    return counter
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** Since the last time this was asked. */
  take(): RequestCounts {
    const counts = [...this.#counts.values()]
    this.#counts = new Map()
    const requests = counts.reduce((sum, count) => sum + count, 0)
    return { parts: counts.length, requests, most: Math.max(0, ...counts) }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #open(client: Socket, port: number): void {
    const origin = connect({ port, host: '127.0.0.1', noDelay: true })
    client.setNoDelay(true)
    let rest = ''
    client.on('data', (bytes: Buffer) => (rest = this.#read(rest + bytes.toString('latin1'))))
    client.pipe(origin).pipe(client)
    const pair = [client, origin]
    for (const side of pair) {
      this.#sockets.add(side)
      side.on('error', () => {}) // an origin that is killed is what this is about
      side.on('close', () => {
        this.#sockets.delete(side)
        for (const each of pair) each.destroy()
      })
    }
  }

  /** Counts, and returns what may be the beginning of a line. */
  #read(text: string): string {
    let end = 0
    for (const match of text.matchAll(PART_REQUEST)) {
      const [whole, path = ''] = match
      end = match.index + whole.length
      if (this.#counts.size < MAX_COUNTED) this.#counts.set(path, (this.#counts.get(path) ?? 0) + 1)
    }
    return text.slice(Math.max(end, text.length - LONGEST_LINE))
  }
}
