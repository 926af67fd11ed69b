/** A link between two machines of the simulator, as the engine sees it from one of its ends. */
import { MAX_MESSAGE_BYTES, type Channel, type Transport } from '../../../cascade/transport.ts'
import type { EventQueue } from '../event-queue.ts'
import type { Random } from '../random.ts'
import { Association } from './association.ts'
import type { LossPattern } from './loss.ts'
import { Path, type Hiccups } from './path.ts'
import type { SimNode } from './sim-node.ts'

export interface LinkOptions {
  clock: EventQueue
  random: Random
  /** One way. */
  delayMs: number
  jitterMs: number
  loss: LossPattern
  hiccups?: Hiccups
  isRelayed?: boolean
  /** Equal messages as one. */
  pool: { intern(message: Uint8Array): Uint8Array | null }
  /** An engine sent media that the origin did not publish. */
  onForeign: (from: string) => void
}

/** What an end does to a message before it goes; null keeps it back. For adversaries. */
export type Tamper = (channel: Channel, message: Uint8Array) => Uint8Array | null

export class SimTransport implements Transport {
  onMessage: Transport['onMessage'] = null
  onClosed: Transport['onClosed'] = null
  tamper: Tamper | null = null
  readonly isRelayed: boolean
  readonly remoteFingerprint: string
  readonly node: SimNode
  readonly farNode: SimNode
  private readonly options: LinkOptions
  private wiring: { path: Path; outgoing: Association; far: SimTransport } | null = null
  private isClosed = false

  constructor(node: SimNode, farNode: SimNode, options: LinkOptions) {
    this.node = node
    this.farNode = farNode
    this.options = options
    this.isRelayed = options.isRelayed ?? false
    this.remoteFingerprint = fingerprintOf(farNode.id)
  }

  get bufferedBytes(): number {
    return this.wiring?.outgoing.bufferedBytes ?? 0
  }

  /** The way out of here. */
  get path(): Path {
    if (!this.wiring) throw new Error('a transport has two ends')
    return this.wiring.path
  }

  wire(path: Path, outgoing: Association, far: SimTransport): void {
    this.wiring = { path, outgoing, far }
    this.node.transports.add(this)
  }

  send(channel: Channel, message: Uint8Array): boolean {
    if (this.isClosed || !this.wiring || this.node.state !== 'running') return false
    if (message.length > MAX_MESSAGE_BYTES)
      throw new RangeError(`a message of ${message.length} bytes, at most ${MAX_MESSAGE_BYTES}`)
    const own = this.options.pool.intern(message)
    if (!own) this.options.onForeign(this.node.id)
    const sent = this.tamper ? this.tamper(channel, message) : own
    if (!sent) return true
    const { outgoing, far } = this.wiring
    far.wiring?.outgoing.carryAck(this.options.clock.now())
    return outgoing.send(channel, sent)
  }

  close(): void {
    if (this.isClosed) return
    const { clock } = this.options
    this.end()
    clock.after(0, () => this.onClosed?.())
    const { wiring } = this
    const arrivesAtMs = wiring?.path.carry(clock.now(), 0) ?? null
    if (!wiring || arrivesAtMs === null) return
    clock.at(arrivesAtMs, () => this.farNode.whenRunning(() => wiring.far.close()))
  }

  receive(channel: Channel, message: Uint8Array): void {
    if (!this.isClosed && this.node.state === 'running') this.onMessage?.(channel, message)
  }

  /** This end is dead, and the other one is not told. */
  cutOff(): void {
    this.end()
    this.onMessage = null
    this.onClosed = null
  }

  halt(): void {
    this.wiring?.outgoing.pause()
    if (this.wiring?.far.wiring) this.wiring.far.wiring.path.isCut = true
  }

  proceed(): void {
    if (this.isClosed || !this.wiring) return
    if (this.wiring.far.wiring && !this.wiring.far.isClosed) this.wiring.far.wiring.path.isCut = false
    this.wiring.outgoing.resume()
  }

  private end(): void {
    this.isClosed = true
    this.node.transports.delete(this)
    this.halt()
  }
}

/** The end of `a` first. */
export function linkBetween(a: SimNode, b: SimNode, options: LinkOptions): [SimTransport, SimTransport] {
  const near = new SimTransport(a, b, options)
  const far = new SimTransport(b, a, options)
  const there = pathBetween(a, b, options)
  const back = pathBetween(b, a, options)
  near.wire(there, associationTo(far, [there, back], options), far)
  far.wire(back, associationTo(near, [back, there], options), near)
  return [near, far]
}

/** SHA-256 of a certificate, in its looks. */
export function fingerprintOf(id: string): string {
  const digits = id.toUpperCase().padEnd(64, '0').slice(0, 64)
  return (digits.match(/../g) ?? []).join(':')
}

function pathBetween(from: SimNode, to: SimNode, options: LinkOptions): Path {
  const { delayMs, jitterMs, loss, hiccups, random } = options
  return new Path({
    uplink: from.uplink,
    downlink: to.downlink,
    delayMs,
    jitterMs,
    loss,
    ...(hiccups && { hiccups }),
    random: random.fork(),
  })
}

function associationTo(to: SimTransport, [path, back]: [Path, Path], { clock }: LinkOptions): Association {
  return new Association({
    clock,
    path,
    back,
    sender: to.farNode.stack,
    receiver: to.node.stack,
    deliver: (channel, message) => to.receive(channel, message),
  })
}
