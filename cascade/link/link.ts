/**
 * One connection to another peer: whether it lives, how long a word takes there and back, how much gets lost. It decides nothing
 * by states of the transport: silence alone counts, and any byte breaks it.
 */
import type { Clock } from '../clock.ts'
import { channelOf, encodeFrame, parseFrame } from '../frame/codec.ts'
import type { Frame, HaveFrame, Holding } from '../frame/frame.ts'
import { LossMeter } from './loss-meter.ts'
import type { PeerId } from '../peer-id.ts'
import type { Channel, Transport } from '../transport.ts'

export interface LinkOptions {
  id: PeerId
  transport: Transport
  clock: Clock
  /** Of this end's network, as other links show it, 0 to 1: a new link's until it has figures of its own. */
  usualLoss?: () => number
  onFrame: (frame: Frame, link: Link) => void
  /** The other side sent what is no frame, or the connection ended by itself. */
  onBroken: (link: Link) => void
}

/** Above this share of lost heartbeats a link's silences mean less. */
export const LOSSY = 0.002
/** Silence after which others are asked for what is missing. */
export const SUSPECT_MS = 150
const DEAD_MS = 150
/** An association that lost the end of what it had to say is silent for its timer, 400 ms at least, and a round trip. */
const DEAD_LOSSY_MS = 600
const DEFAULT_RTT_MS = 100
const RTT_GAIN = 1 / 8
/** RFC 8831 recommends small messages; on Ethernet about this much of a packet is SCTP's. */
const SEGMENT_BYTES = 1150
const MATHIS = 1.22
const LEAST_LOSS = 1e-4

export class Link {
  readonly id: PeerId
  readonly #options: LinkOptions
  readonly #loss = new LossMeter()
  #sequence = 0
  #echo: { sentAtMs: number; atMs: number } | null = null
  #rtt: number | null = null
  #isClosed = false
  /** When the other side was last heard. */
  heardAtMs: number
  bytesIn = 0
  bytesOut = 0

  constructor(options: LinkOptions) {
    this.id = options.id
    this.#options = options
    this.heardAtMs = options.clock.now()
    options.transport.onMessage = (channel, message) => this.#receive(channel, message)
    options.transport.onClosed = () => this.#break()
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get isRelayed(): boolean {
    return this.#options.transport.isRelayed
  }

  get fingerprint(): string {
    return this.#options.transport.remoteFingerprint
  }

  get bufferedBytes(): number {
    return this.#options.transport.bufferedBytes
  }

  /** Smoothed; null before the first echo. */
  get rttMs(): number | null {
    return this.#rtt
  }

  get likelyRttMs(): number {
    return this.#rtt ?? DEFAULT_RTT_MS
  }

  /** Share of the other side's packets that get lost, 0 to 1. */
  get loss(): number {
    return this.#loss.lossWith(this.#options.usualLoss?.() ?? 0)
  }

  /** The same, where this link alone is enough to tell; else null. */
  get ownLoss(): number | null {
    return this.#loss.isSure ? this.#loss.lossWith(0) : null
  }

  get silentMs(): number {
    return this.#options.clock.now() - this.heardAtMs
  }

  /** Silence that means death: gaps of more than 150 ms are common where packets get lost. */
  get deadAfterMs(): number {
    if (this.loss > LOSSY) return DEAD_LOSSY_MS
    return Math.max(DEAD_MS, 2 * this.likelyRttMs + 50)
  }

  /** What one association can carry over this path, kbit/s (Mathis et al. 1997). */
  get pathKbps(): number {
    const seconds = Math.max(1, this.likelyRttMs) / 1000
    return (MATHIS * SEGMENT_BYTES * 8) / (seconds * Math.sqrt(Math.max(LEAST_LOSS, this.loss))) / 1000
  }

  send(frame: Frame): boolean {
    return this.sendEncoded(channelOf(frame.type), encodeFrame(frame))
  }

  /** For what goes to many. */
  sendEncoded(channel: Channel, message: Uint8Array): boolean {
    if (this.#isClosed || !this.#options.transport.send(channel, message)) return false
    this.bytesOut += message.length
    return true
  }

  beat(spareKbps: number, holdings: Holding[]): void {
    const now = this.#options.clock.now()
    const echo = this.#echo && { sentAtMs: this.#echo.sentAtMs, heldMs: Math.round(now - this.#echo.atMs) }
    const sequence = this.#sequence++
    const sentAtMs = Math.round(now) >>> 0
    this.send({ type: 'have', sequence, received: this.#loss.received, sentAtMs, echo, spareKbps, holdings })
  }

  /** This side was not running for so long: nobody else's silence. */
  forgive(ms: number): void {
    this.heardAtMs += ms
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const { transport } = this.#options
    transport.onMessage = null
    transport.onClosed = null
    transport.close()
  }

  #receive(channel: Channel, message: Uint8Array): void {
    if (this.#isClosed) return
    this.heardAtMs = this.#options.clock.now()
    this.bytesIn += message.length
    let frame: Frame
    try {
      frame = parseFrame(message)
    } catch {
      return this.#break()
    }
    if (channelOf(frame.type) !== channel) return this.#break()
    if (frame.type === 'have') this.#hear(frame)
    this.#options.onFrame(frame, this)
  }

  #hear({ sequence, sentAtMs, echo }: HaveFrame): void {
    const now = this.#options.clock.now()
    this.#loss.note(sequence)
    this.#echo = { sentAtMs, atMs: now }
    if (!echo) return
    const rtt = ((Math.round(now) - echo.sentAtMs) >>> 0) - echo.heldMs
    if (rtt < 0 || rtt > 10_000) return
    this.#rtt = this.#rtt === null ? rtt : this.#rtt + (rtt - this.#rtt) * RTT_GAIN
  }

  #break(): void {
    if (this.#isClosed) return
    this.close()
    this.#options.onBroken(this)
  }
}
