/** WebRTC for Node: every connection of a process and what they have in common. Alone imports node-datachannel. */
import type { PeerConnection, RtcConfig } from 'node-datachannel'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { DtlsIdentity } from './dtls-identity.ts'
import { createDtlsIdentity } from './dtls-identity.ts'
import { Connection } from './connection.ts'
import type { ConnectionOptions } from './connection.ts'
import { stackServers } from './ice-servers.ts'

type Library = typeof import('node-datachannel')

export interface StackOptions {
  maxConnections: number
  /** Until a connection is open, ms. */
  openMs?: number
  /** Address to send and receive on; null for all of the machine's. */
  bindAddress?: string | null
  onFault: (error: unknown) => void
  /** For tests: how the library is loaded. */
  load?: () => Promise<Library>
}

const OPEN_MS = 10_000
/**
 * What SCTP itself queues, for each connection; nobody can see how full that is. The library's MiB would be eight seconds of a stream
 * of 1 Mbit/s before `bufferedBytes` says that a child is too slow; with this it is one, and 6 Mbit/s over 100 ms go as well as before.
 */
const SCTP_SEND_BUFFER_BYTES = 128 * 1024

// A connection without a reference from JavaScript is closed by the garbage collector, whatever native code does with it.
const live = new Set<PeerConnection>()

export class DataChannelStack {
  readonly #library: Library
  readonly #options: StackOptions
  readonly #identity: DtlsIdentity
  readonly #connections = new Set<Connection>()
  #isClosed = false

  private constructor(library: Library, options: StackOptions) {
    this.#library = library
    this.#options = options
    this.#identity = createDtlsIdentity()
  }

  /** Throws `cascade_unavailable` where the library has no binary for this machine. */
  static async open(options: StackOptions): Promise<DataChannelStack> {
    const load = options.load ?? (() => import('node-datachannel'))
    try {
      const library = await load()
      library.setSctpSettings({ sendBufferSize: SCTP_SEND_BUFFER_BYTES })
      return new DataChannelStack(library, options)
    } catch (cause) {
      throw new HeadwaterError('cascade_unavailable', 'node-datachannel cannot be loaded', { cause })
    }
  }

  /** Of this side's DTLS certificate, the same for all connections. */
  get fingerprint(): string {
    return this.#identity.fingerprint
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Null at the limit, or when the stack is closed. */
  connect(options: ConnectionOptions): Connection | null {
    const { maxConnections, onFault, openMs = OPEN_MS } = this.#options
    if (this.#isClosed || this.#connections.size >= maxConnections) return null
    const peer = this.#createPeer(options)
    if (peer === null) return null
    live.add(peer)
    const connection = new Connection(options, {
      peer,
      openMs,
      onFault,
      onReleased: () => {
        live.delete(peer)
        this.#connections.delete(connection)
      },
    })
    this.#connections.add(connection)
    return connection
  }

  /** Closes every connection; with the last one of the process the library's threads end, which would keep it alive. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const connection of [...this.#connections]) connection.close()
    if (live.size > 0) return
    try {
      this.#library.cleanup()
    } catch (error) {
      this.#options.onFault(error)
    }
  }

  #createPeer({ iceServers, relayOnly = false }: ConnectionOptions): PeerConnection | null {
    const { bindAddress = null, onFault } = this.#options
    const config: RtcConfig = {
      iceServers: stackServers(iceServers),
      iceTransportPolicy: relayOnly ? 'relay' : 'all',
      disableAutoNegotiation: true,
      certificatePemFile: this.#identity.certificatePem,
      keyPemFile: this.#identity.keyPem,
      ...(bindAddress === null ? {} : { bindAddress }),
    }
    try {
      return new this.#library.PeerConnection('headwater', config)
    } catch (error) {
      onFault(error)
      return null
    }
  }
}
