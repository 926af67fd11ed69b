/** The port publishers connect to: hands each socket to a session, bounds how many there are, ends them all at close. */
import { createServer, type Server, type Socket } from 'node:net'
import type { Logger } from '../../runtime/logger.ts'
import { listen } from '../../runtime/listen.ts'
import { RtmpSession, type Publication, type PublishRequest, type Refusal } from './rtmp-session.ts'

export interface RtmpListenerOptions {
  /** Null for every address of the machine. */
  host: string | null
  port: number
  logger: Logger
  authorise: (request: PublishRequest, session: RtmpSession) => Promise<Publication | Refusal>
  /** Without media for this long a connection is closed, before and after it was accepted. */
  silenceLimitMs?: number
  maxConnections?: number
}

const DEFAULT_SILENCE_LIMIT_MS = 10_000
const DEFAULT_MAX_CONNECTIONS = 2048

export class RtmpListener {
  readonly name = 'rtmp'
  readonly #options: RtmpListenerOptions
  readonly #server: Server
  readonly #sessions = new Set<RtmpSession>()

  constructor(options: RtmpListenerOptions) {
    this.#options = options
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 5000 }, (socket) =>
      this.#open(socket),
    )
    this.#server.maxConnections = options.maxConnections ?? DEFAULT_MAX_CONNECTIONS
  }

  /** The port in use, which is of interest when 0 was asked for. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : this.#options.port
  }

  get connections(): number {
    return this.#sessions.size
  }

  /** Throws `port_in_use`. */
  async start(): Promise<void> {
    const { host, port } = this.#options
    await listen(this.#server, { host, port, variable: 'RTMP_PORT' })
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const session of this.#sessions) session.close('stopped')
    await closed
  }

  #open(socket: Socket): void {
    const { authorise, logger } = this.#options
    const session = new RtmpSession({
      socket,
      authorise,
      silenceLimitMs: this.#options.silenceLimitMs ?? DEFAULT_SILENCE_LIMIT_MS,
      onProblem: (problem) =>
        logger.warn(
          { address: session.remoteAddress, problem },
          'rtmp connection closed: not what RTMP allows',
        ),
    })
    this.#sessions.add(session)
    socket.once('close', () => {
      session.close('closed')
      this.#sessions.delete(session)
    })
  }
}
