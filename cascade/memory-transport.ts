/** Two ends of a link in memory, over any clock: delay, loss, a rate, and the ways in which links die. For tests of the engine. */
import type { Clock } from './clock.ts'
import { MAX_MESSAGE_BYTES, type Channel, type Transport } from './transport.ts'

export interface MemoryLinkOptions {
  /** One way. */
  delayMs?: number
  /** Share of the messages on `heartbeat` that are lost, 0 to 1; needs `random`. */
  lossHeartbeat?: number
  /** The same for `media`. */
  lossMedia?: number
  random?: () => number
  /** What each end can send; without it nothing is ever buffered. */
  rateKbps?: number
  /** Of the far end, as each of the two sees it. */
  fingerprints?: readonly [string, string]
}

const FINGERPRINTS = ['AA', 'BB'].map((byte) => Array<string>(32).fill(byte).join(':'))

/** The first end sees the first fingerprint. */
export function memoryPair(
  clock: Clock,
  options: MemoryLinkOptions = {},
): [MemoryTransport, MemoryTransport] {
  const [first, second] = options.fingerprints ?? FINGERPRINTS
  const a = new MemoryTransport(clock, options, first ?? '')
  const b = new MemoryTransport(clock, options, second ?? '')
  a.connect(b)
  b.connect(a)
  return [a, b]
}

export class MemoryTransport implements Transport {
  readonly isRelayed = false
  readonly remoteFingerprint: string
  private readonly clock: Clock
  private readonly options: MemoryLinkOptions
  onMessage: Transport['onMessage'] = null
  onClosed: Transport['onClosed'] = null
  private far: MemoryTransport | null = null
  private isClosed = false
  private isCut = false
  private isFrozen = false
  private held: (() => void)[] = []
  /** When what was given to the network so far has left it. */
  private freeAtMs = 0
  private unsentBytes = 0

  constructor(clock: Clock, options: MemoryLinkOptions, remoteFingerprint: string) {
    this.clock = clock
    this.options = options
    this.remoteFingerprint = remoteFingerprint
  }

  connect(far: MemoryTransport): void {
    this.far = far
  }

  get bufferedBytes(): number {
    return this.unsentBytes
  }

  send(channel: Channel, message: Uint8Array): boolean {
    if (this.isClosed || message.length > MAX_MESSAGE_BYTES) return false
    const copy = message.slice()
    this.whenAwake(() => this.transmit(channel, copy))
    return true
  }

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.clock.after(0, () => this.onClosed?.())
    const { far } = this
    if (!this.isCut) this.clock.after(this.transitMs(0), () => far?.whenAwake(() => far.close()))
  }

  /** From now on everything vanishes, both ways, and neither end is told: a process killed, a cable pulled. */
  cut(): void {
    this.isCut = true
    if (this.far) this.far.isCut = true
  }

  /** What this end sends and receives lies until `thaw`: a process stopped, a page suspended. */
  freeze(): void {
    this.isFrozen = true
  }

  thaw(): void {
    this.isFrozen = false
    const { held } = this
    this.held = []
    for (const act of held) act()
  }

  private transmit(channel: Channel, message: Uint8Array): void {
    const { far } = this
    const media = channel === 'media' ? message.length : 0
    this.unsentBytes += media
    const transitMs = this.transitMs(message.length)
    if (media) this.clock.after(this.freeAtMs - this.clock.now(), () => (this.unsentBytes -= media))
    if (this.isCut || this.isLost(channel)) return
    this.clock.after(transitMs, () => {
      if (far && !this.isCut) far.whenAwake(() => far.receive(channel, message))
    })
  }

  private receive(channel: Channel, message: Uint8Array): void {
    if (!this.isClosed) this.onMessage?.(channel, message)
  }

  private whenAwake(act: () => void): void {
    if (this.isFrozen) this.held.push(act)
    else act()
  }

  /** Until the last byte is at the far end. */
  private transitMs(bytes: number): number {
    const { delayMs = 0, rateKbps } = this.options
    const now = this.clock.now()
    this.freeAtMs = Math.max(this.freeAtMs, now) + (rateKbps ? (bytes * 8) / rateKbps : 0)
    return this.freeAtMs - now + delayMs
  }

  private isLost(channel: Channel): boolean {
    const { lossHeartbeat = 0, lossMedia = 0, random } = this.options
    const loss = channel === 'heartbeat' ? lossHeartbeat : channel === 'media' ? lossMedia : 0
    if (loss === 0) return false
    if (!random) throw new Error('loss needs a random')
    return random() < loss
  }
}
