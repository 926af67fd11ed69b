/** The port publishers connect to: hands each socket to a session, bounds how many there are, ends them all at close. */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:tls'
import { followCertificate, readCertificate, type CertificateFiles } from '../../runtime/certificate.ts'
import { CountedWarn } from '../../runtime/flood-limiter.ts'
import type { Logger } from '../../runtime/logger.ts'
import { listen } from '../../runtime/listen.ts'
import { ConnectionTable } from './connection-table.ts'
import { takeProxyLine } from './proxy-line.ts'
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
  /** Connections of one address that do not publish (yet); the oldest makes room for one more. */
  maxWaitingPerAddress?: number
  /** Every connection comes through a proxy that says whose it is; one that does not is closed. */
  trustProxy?: boolean
  /** With a certificate the port takes RTMP over TLS (RTMPS), and nothing else. */
  certificate?: CertificateFiles
  /** How often it is looked at for a change. */
  certificateCheckMs?: number
}

const DEFAULT_SILENCE_LIMIT_MS = 10_000
const DEFAULT_MAX_CONNECTIONS = 2048
const DEFAULT_MAX_WAITING_PER_ADDRESS = 64

export class RtmpListener {
  readonly name: 'rtmp' | 'rtmps'
  readonly #options: RtmpListenerOptions
  readonly #server: Server
  readonly #tls: TlsServer | null
  readonly #sessions = new Set<RtmpSession>()
  readonly #connections: ConnectionTable
  readonly #problems: CountedWarn
  #stopFollowing: () => void = () => {}

  constructor(options: RtmpListenerOptions) {
    this.#options = options
    this.name = options.certificate ? 'rtmps' : 'rtmp'
    const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 5000 }
    this.#problems = new CountedWarn({ logger: options.logger })
    const { maxConnections = DEFAULT_MAX_CONNECTIONS } = options
    const { maxWaitingPerAddress = DEFAULT_MAX_WAITING_PER_ADDRESS } = options
    const limits = { maxConnections, maxWaitingPerAddress }
    this.#connections = new ConnectionTable(limits, (address, problem) => this.#warn(address, problem))
    const handshakeTimeout = this.#silenceLimitMs
    this.#tls = options.certificate ? createTlsServer({ ...socketOptions, handshakeTimeout }) : null
    this.#tls?.on('tlsClientError', ({ message }, socket) => {
      this.#warn(socket.remoteAddress ?? 'unknown', `no TLS: ${message}`)
      socket.destroy() // after a handshake that took too long nobody else does
    })
    this.#server = this.#tls ?? createServer(socketOptions)
    this.#server.on('connection', (socket: Socket) => this.#connections.add(socket))
    this.#server.on(this.#tls ? 'secureConnection' : 'connection', (socket: Socket) => this.#meet(socket))
  }

  /** The port in use, which is of interest when 0 was asked for. */
  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address ? address.port : this.#options.port
  }

  get isListening(): boolean {
    return this.#server.listening
  }

  get connections(): number {
    return this.#sessions.size
  }

  /** Throws `port_in_use`, or `config_invalid` for a certificate that cannot be used. */
  async start(): Promise<void> {
    const { host, port, certificate } = this.#options
    if (certificate) await this.#secure(certificate)
    await listen(this.#server, { host, port, variable: `${this.name.toUpperCase()}_PORT` })
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#stopFollowing()
    for (const session of this.#sessions) session.close('stopped')
    this.#connections.close()
    this.#problems.close()
    await closed
  }

  get #silenceLimitMs(): number {
    return this.#options.silenceLimitMs ?? DEFAULT_SILENCE_LIMIT_MS
  }

  async #secure(files: CertificateFiles): Promise<void> {
    const { logger, certificateCheckMs } = this.#options
    this.#tls?.setSecureContext(await readCertificate(files))
    this.#stopFollowing = followCertificate(files, {
      ...(certificateCheckMs === undefined ? {} : { intervalMs: certificateCheckMs }),
      onChange: (certificate) => {
        this.#tls?.setSecureContext(certificate)
        logger.info('rtmps certificate renewed')
      },
      onProblem: ({ code, message }) => {
        logger.warn(
          { code, problem: message },
          'rtmps certificate changed and cannot be used: the old one stays',
        )
      },
    })
  }

  /** Problems that differ in their figures alone are of one kind: anybody can cause as many as they like. */
  #warn(address: string, problem: string): void {
    const kind = `rtmp: ${problem.replaceAll(/\d+/g, 'n').slice(0, 60)}`
    this.#problems.warn(kind, { address, problem }, 'rtmp connection closed: not what RTMP allows')
  }

  #meet(socket: Socket): void {
    if (socket.destroyed) return
    if (this.#options.trustProxy !== true) return this.#open(socket, socket.remoteAddress ?? 'unknown')
    socket.on('error', () => socket.destroy())
    takeProxyLine(socket, this.#silenceLimitMs, (address) => {
      if (address !== null && !socket.destroyed) return this.#open(socket, address)
      if (!socket.destroyed) this.#warn(socket.remoteAddress ?? 'unknown', 'no PROXY line')
      socket.destroy()
    })
  }

  #open(socket: Socket, remoteAddress: string): void {
    const { authorise } = this.#options
    const session = new RtmpSession({
      socket,
      remoteAddress,
      authorise,
      silenceLimitMs: this.#silenceLimitMs,
      onProblem: (problem) => this.#warn(session.remoteAddress, problem),
    })
    this.#sessions.add(session)
    this.#connections.follow(socket, remoteAddress, () => session.standing)
    socket.once('close', () => {
      session.close('closed')
      this.#sessions.delete(session)
    })
  }
}
