/** A TCP proxy that can misbehave as networks do: cut what goes through it, delay it, or swallow it and keep every socket open. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { RtmpSniffer } from './rtmp-sniffer.ts'

export interface ProxiedConnection {
  openedAtMs: number
  /** What the client sent, read along. */
  sniffer: RtmpSniffer
  /** When the server's side closed, whoever began it. */
  closedAtMs: number | null
}

interface Pair extends ProxiedConnection {
  client: Socket
  server: Socket
  isFrozen: boolean
  /** Answers on their way to the client, in order. */
  late: Buffer[]
}

/** What an RTMP client sends first: its version. */
const RTMP_VERSION = 3

export class TcpProxy {
  readonly #server: Server
  readonly #pairs: Pair[] = []
  /** Refuses what comes new. */
  isShut = false
  /** How much later what the server sends reaches the client. */
  answerDelayMs = 0

  private constructor(server: Server) {
    this.#server = server
  }

  static async start(targetPort: () => number): Promise<TcpProxy> {
    const server = createServer((client) => proxy.#open(client, targetPort()))
    const proxy = new TcpProxy(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get connections(): readonly ProxiedConnection[] {
    return this.#pairs
  }

  /**
   * From now on nothing passes through the connections that are open, neither bytes nor their end: both sides believe the
   * other is there, as when a cable is pulled. New connections pass.
   */
  freeze(): void {
    for (const pair of this.#pairs) pair.isFrozen = true
  }

  /** Ends the connections that are open, frozen ones too. */
  cut(): void {
    for (const { client, server } of this.#pairs) {
      client.destroy()
      server.destroy()
    }
  }

  async close(): Promise<void> {
    this.cut()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #open(client: Socket, port: number): void {
    if (this.isShut) return void client.destroy()
    const server = connect({ port, host: '127.0.0.1', noDelay: true })
    const sniffer = new RtmpSniffer()
    const pair: Pair = {
      client,
      server,
      sniffer,
      openedAtMs: Date.now(),
      closedAtMs: null,
      isFrozen: false,
      late: [],
    }
    this.#pairs.push(pair)
    let isRtmp: boolean | null = null
    client.on('data', (bytes: Buffer) => {
      if (pair.isFrozen) return
      isRtmp ??= bytes[0] === RTMP_VERSION
      if (isRtmp) sniffer.push(bytes)
      server.write(bytes)
    })
    server.on('data', (bytes: Buffer) => void (pair.isFrozen || this.#answer(pair, bytes)))
    for (const side of [client, server]) side.on('error', () => {}) // ends are what this is about
    client.on('close', () => void (pair.isFrozen || server.destroy()))
    server.on('close', () => {
      pair.closedAtMs ??= Date.now()
      if (!pair.isFrozen) client.destroy()
    })
  }

  #answer(pair: Pair, bytes: Buffer): void {
    if (this.answerDelayMs === 0 && pair.late.length === 0) return void pair.client.write(bytes)
    pair.late.push(bytes)
    // Each timer lets go of the oldest, so that a delay that becomes shorter turns nothing round.
    setTimeout(() => pair.client.write(pair.late.shift() ?? ''), this.answerDelayMs)
  }
}
