/** One connection in the making: offer, answer, candidates; then its transport, or the reason why there is none. */
import type { DataChannel, PeerConnection } from 'node-datachannel'
import type { IceServer } from '../../cascade/messages.ts'
import { CHANNEL_IDS, CHANNELS, MEDIA_LIFETIME_MS } from '../../cascade/transport.ts'
import type { Channel, Transport } from '../../cascade/transport.ts'
import { DataChannelTransport, listenTo } from './transport.ts'

export interface Signal {
  kind: 'offer' | 'answer' | 'candidate'
  /** A candidate as RFC 8839 writes it; an empty one is the end of them. */
  sdp: string
  mid?: string
}

export type Failure = 'timeout' | 'closed' | 'description'

export interface ConnectionOptions {
  /** The offerer dials; the answerer waits for its offer. */
  side: 'offerer' | 'answerer'
  iceServers: readonly IceServer[]
  /** Goes by way of TURN servers alone. */
  relayOnly?: boolean
  /** To be carried to the other side. */
  onSignal(signal: Signal): void
  /** At most once, and not together with `onFailed`. */
  onOpen(transport: Transport): void
  /** It never opened; it is closed already. Not told of one that was closed by us. */
  onFailed(why: Failure): void
  /** Once, however it ended. */
  onReleased?(): void
}

export interface ConnectionPlace {
  peer: PeerConnection
  /** Until all channels are open, ms. */
  openMs: number
  onFault: (error: unknown) => void
  /** Told once, when the native side is closed. */
  onReleased: () => void
}

// A browser has a handful: one for each address of each family, and those of its STUN and TURN servers.
const MAX_WAITING_CANDIDATES = 64
/** An answerer's checks come first, so that it listens for DTLS before its offerer begins. Without any, the offerer's own follow. */
const LEAD_MS = 100
const SHA256_FINGERPRINT = /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/

export class Connection {
  readonly #options: ConnectionOptions
  readonly #place: ConnectionPlace
  readonly #transport: DataChannelTransport
  #state: 'opening' | 'open' | 'closed' = 'opening'
  #isDescribed = false
  /** Remote candidates are of use now. */
  #mayAdd = false
  #leading: NodeJS.Timeout | null = null
  #waiting: { sdp: string; mid: string }[] = []
  /** An offerer's own candidates until there is an answer. */
  #untold: Signal[] = []
  #openChannels = 0
  readonly #timer: NodeJS.Timeout

  constructor(options: ConnectionOptions, place: ConnectionPlace) {
    this.#options = options
    this.#place = place
    const { peer } = place
    this.#timer = setTimeout(() => this.#fail('timeout'), place.openMs)
    this.#listen(peer)
    const channels = openChannels(peer)
    const { onFault } = place
    this.#transport = new DataChannelTransport({
      connection: peer,
      channels,
      release: () => this.#release(),
      onFault,
    })
    listenTo(channels, {
      open: () => this.#guard(() => this.#onChannelOpen()),
      message: (channel, message) => this.#transport.receive(channel, message),
      closed: () => this.#onEnd(),
    })
    if (options.side === 'offerer') peer.setLocalDescription('offer')
  }

  /** What the other side sent by way of signalling, in any order. Never throws. */
  signal(signal: Signal): void {
    if (this.#state === 'closed') return
    if (signal.kind === 'candidate') this.#addCandidate(signal.sdp, signal.mid ?? '0')
    else this.#describe(signal.kind, signal.sdp)
  }

  /** Idempotent; neither `onOpen` nor `onFailed` follows. */
  close(): void {
    this.#transport.close()
  }

  #listen(peer: PeerConnection): void {
    peer.onLocalDescription((sdp, type) => {
      if (type === 'offer' || type === 'answer') this.#tell({ kind: type, sdp })
    })
    peer.onLocalCandidate((candidate, mid) =>
      this.#tellCandidate({ kind: 'candidate', sdp: candidate.replace(/^a=/, ''), mid }),
    )
    peer.onGatheringStateChange((state) => {
      if (state === 'complete') this.#tellCandidate({ kind: 'candidate', sdp: '', mid: '0' })
    })
    peer.onStateChange((state) => {
      if (state === 'failed') this.#onEnd()
    })
  }

  #tell(signal: Signal): void {
    if (this.#state !== 'closed') this.#guard(() => this.#options.onSignal(signal))
  }

  /**
   * Offerers keep their candidates until they have taken in the answer: with an answerer that already sends checks ICE connects,
   * and on a short path DTLS fails, while the library is still taking in the fingerprint it is to check.
   */
  #tellCandidate(signal: Signal): void {
    if (this.#options.side === 'answerer' || this.#isDescribed) this.#tell(signal)
    else if (this.#untold.length < MAX_WAITING_CANDIDATES) this.#untold.push(signal)
  }

  #describe(kind: 'offer' | 'answer', sdp: string): void {
    const isExpected = kind === (this.#options.side === 'offerer' ? 'answer' : 'offer')
    if (!isExpected || this.#isDescribed) return
    try {
      this.#place.peer.setRemoteDescription(kind === 'offer' ? asDtlsClient(sdp) : sdp, kind)
      if (kind === 'offer') this.#place.peer.setLocalDescription('answer')
    } catch {
      return this.#fail('description')
    }
    this.#isDescribed = true
    for (const signal of this.#untold.splice(0)) this.#tell(signal)
    if (kind === 'offer') this.#addWaiting()
    else this.#leading = setTimeout(() => this.#addWaiting(), LEAD_MS)
  }

  #addWaiting(): void {
    this.#mayAdd = true
    for (const { sdp, mid } of this.#waiting.splice(0)) this.#addCandidate(sdp, mid)
  }

  #addCandidate(sdp: string, mid: string): void {
    if (sdp === '') return
    if (!this.#mayAdd) {
      if (this.#waiting.length < MAX_WAITING_CANDIDATES) this.#waiting.push({ sdp, mid })
      return
    }
    try {
      this.#place.peer.addRemoteCandidate(sdp, mid)
    } catch {
      // One that cannot be read: the others may do.
    }
  }

  #onChannelOpen(): void {
    this.#openChannels++
    if (this.#state !== 'opening' || this.#openChannels < CHANNELS.length) return
    const { algorithm, value } = this.#place.peer.remoteFingerprint()
    const fingerprint = value.toUpperCase()
    if (algorithm !== 'sha-256' || !SHA256_FINGERPRINT.test(fingerprint)) return this.#fail('description')
    this.#state = 'open'
    clearTimeout(this.#timer)
    this.#transport.remoteFingerprint = fingerprint
    this.#options.onOpen(this.#transport)
  }

  #onEnd(): void {
    if (this.#state === 'open') this.#transport.close()
    else this.#fail('closed')
  }

  #fail(why: Failure): void {
    if (this.#state !== 'opening') return
    this.#transport.close()
    this.#guard(() => this.#options.onFailed(why))
  }

  #release(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    clearTimeout(this.#timer)
    if (this.#leading !== null) clearTimeout(this.#leading)
    this.#waiting = []
    this.#untold = []
    try {
      this.#place.peer.close()
    } catch (error) {
      this.#place.onFault(error)
    }
    this.#place.onReleased()
    this.#guard(() => this.#options.onReleased?.())
  }

  #guard(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#place.onFault(error)
    }
  }
}

/**
 * Lets the offerer begin DTLS. A flight that comes before the other end listens is lost; browsers send it again after 50 ms, this
 * library after a second.
 */
function asDtlsClient(offer: string): string {
  return offer.replace(/^a=setup:actpass(\r?)$/m, 'a=setup:active$1')
}

function openChannels(peer: PeerConnection): Record<Channel, DataChannel> {
  const open = (name: Channel, reliability: object): DataChannel =>
    peer.createDataChannel(name, { negotiated: true, id: CHANNEL_IDS[name], ...reliability })
  return {
    control: open('control', {}),
    heartbeat: open('heartbeat', { unordered: true, maxRetransmits: 0 }),
    media: open('media', { unordered: true, maxPacketLifeTime: MEDIA_LIFETIME_MS }),
  }
}
