/**
 * One RTCPeerConnection from its first signal to its end. It only carries: whether the other end is alive is the engine's to
 * decide, by what comes through the channels.
 */
import { CHANNELS, CHANNEL_IDS, MEDIA_LIFETIME_MS, type Channel } from '../../cascade/transport.ts'
import { fingerprintOf, type Identity } from './fingerprint.ts'

export interface Signal {
  kind: 'offer' | 'answer' | 'candidate'
  sdp: string
  mid?: string | undefined
}

export interface ConnectionOptions {
  identity: Identity
  iceServers: readonly RTCIceServer[]
  /** hides this end's address: only ways over a TURN server */
  isRelayOnly: boolean
  send: (signal: Signal) => void
  /** told in the same task in which they were made: later they could not be transferred */
  onChannels: (channels: Record<Channel, RTCDataChannel>) => void
  /** told once: it will carry nothing any more, or never has */
  onClosed: () => void
}

export interface ConnectionFacts {
  remoteFingerprint: string
  isRelayed: boolean
}

export const OPEN_LIMIT_MS = 10_000
const MAX_CANDIDATES = 64

const CHANNEL_OPTIONS: Readonly<Record<Channel, RTCDataChannelInit>> = {
  control: { ordered: true },
  heartbeat: { ordered: false, maxRetransmits: 0 },
  media: { ordered: false, maxPacketLifeTime: MEDIA_LIFETIME_MS },
}

export class Connection {
  readonly #options: ConnectionOptions
  readonly #pc: RTCPeerConnection
  readonly #timer: ReturnType<typeof setTimeout>
  /** came before the description they belong to */
  #candidates: RTCIceCandidateInit[] = []
  #heard = 0
  #isClosed = false
  /** signals are taken one after the other, as their handling takes turns */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: ConnectionOptions) {
    this.#options = options
    const { identity, iceServers, isRelayOnly } = options
    this.#pc = new RTCPeerConnection({
      certificates: [identity.certificate],
      iceServers: [...iceServers],
      iceTransportPolicy: isRelayOnly ? 'relay' : 'all',
      bundlePolicy: 'max-bundle',
    })
    this.#pc.onicecandidate = ({ candidate }) =>
      options.send({
        kind: 'candidate',
        sdp: candidate?.candidate ?? '',
        ...(candidate?.sdpMid ? { mid: candidate.sdpMid } : {}),
      })
    // 'failed' may still be mended by another way; the channels tell what matters
    this.#pc.onconnectionstatechange = () => this.#pc.connectionState === 'closed' && this.close()
    this.#timer = setTimeout(() => this.close(), OPEN_LIMIT_MS)
    options.onChannels(openChannels(this.#pc))
  }

  /** The child's part. */
  dial(): void {
    this.#take(async () => {
      const { sdp = '' } = await this.#pc.createOffer()
      await this.#describe('offer', sdp)
    })
  }

  /** What the other end says of itself. */
  hear(signal: Signal): void {
    if (this.#heard++ > MAX_CANDIDATES) return
    this.#take(() => (signal.kind === 'candidate' ? this.#addCandidate(signal) : this.#accept(signal)))
  }

  /** The channels are open: what is known of the way, read once. */
  async opened(): Promise<ConnectionFacts> {
    clearTimeout(this.#timer)
    const remoteFingerprint = fingerprintOf(this.#pc.remoteDescription?.sdp ?? '') ?? ''
    return { remoteFingerprint, isRelayed: await isRelayed(this.#pc) }
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#pc.onicecandidate = this.#pc.onconnectionstatechange = null
    this.#pc.close()
    this.#options.onClosed()
  }

  async #accept({ kind, sdp }: Signal): Promise<void> {
    const expected = kind === 'offer' ? 'stable' : 'have-local-offer'
    // a second description is for a second connection
    if (kind === 'candidate' || this.#pc.signalingState !== expected || this.#pc.remoteDescription) return
    await this.#pc.setRemoteDescription({ type: kind, sdp })
    for (const candidate of this.#candidates.splice(0)) await this.#pc.addIceCandidate(candidate)
    if (kind !== 'offer') return
    const answer = await this.#pc.createAnswer()
    await this.#describe('answer', answer.sdp ?? '')
  }

  async #describe(kind: 'offer' | 'answer', sdp: string): Promise<void> {
    await this.#pc.setLocalDescription({ type: kind, sdp })
    this.#options.send({ kind, sdp: this.#pc.localDescription?.sdp ?? sdp })
  }

  async #addCandidate({ sdp, mid }: Signal): Promise<void> {
    if (sdp === '') return
    const candidate = { candidate: sdp, sdpMid: mid ?? '0' }
    if (this.#pc.remoteDescription) await this.#pc.addIceCandidate(candidate).catch(() => undefined)
    else if (this.#candidates.length < MAX_CANDIDATES) this.#candidates.push(candidate)
  }

  #take(act: () => Promise<void>): void {
    this.#turn = this.#turn.then(act).catch(() => this.close())
  }
}

function openChannels(pc: RTCPeerConnection): Record<Channel, RTCDataChannel> {
  const open = (name: Channel): RTCDataChannel =>
    pc.createDataChannel(name, { ...CHANNEL_OPTIONS[name], negotiated: true, id: CHANNEL_IDS[name] })
  const [control, heartbeat, media] = CHANNELS.map(open)
  if (!control || !heartbeat || !media) throw new Error('a link has three channels')
  return { control, heartbeat, media }
}

interface PairStats {
  type: string
  localCandidateId?: string
  remoteCandidateId?: string
  selectedCandidatePairId?: string
  candidateType?: string
}

/** Whether either end of the way in use is a TURN server. */
async function isRelayed(pc: RTCPeerConnection): Promise<boolean> {
  const report = new Map<string, PairStats>()
  const stats = await pc.getStats().catch(() => null)
  stats?.forEach((entry: PairStats, id: string) => report.set(id, entry))
  const transport = [...report.values()].find(({ type }) => type === 'transport')
  const pair = report.get(transport?.selectedCandidatePairId ?? '')
  return [pair?.localCandidateId, pair?.remoteCandidateId].some(
    (id) => report.get(id ?? '')?.candidateType === 'relay',
  )
}
