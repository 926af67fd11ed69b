/**
 * One direction of an SCTP association (RFC 9260), as far as it decides when messages arrive: window, fast retransmission,
 * timer, partial reliability (RFC 3758). Acknowledgements are computed when packets leave and looked at when they matter, so
 * a message on an open window costs one event. Left out: loss of acknowledgements, bundling of small messages, path MTU.
 */
import { MEDIA_LIFETIME_MS, type Channel } from '../../../cascade/transport.ts'
import type { EventQueue } from '../event-queue.ts'
import { Congestion } from './congestion.ts'
import { outgoingOf, SendQueue, type Outgoing, type Run } from './outgoing.ts'
import type { Path } from './path.ts'
import { PACKET_BYTES, type StackProfile } from './stack.ts'

export interface AssociationOptions {
  clock: EventQueue
  path: Path
  /** The path of the other direction, by which acknowledgements come back. */
  back: Path
  sender: StackProfile
  receiver: StackProfile
  /** A message is at the other end, whole. */
  deliver: (channel: Channel, message: Uint8Array) => void
  mediaLifetimeMs?: number
}

/** Chromium's `MaxQueuedSendDataBytes`. */
export const MAX_QUEUED_BYTES = 16 * 1024 * 1024
const STRIKES = 3

export class Association {
  private readonly options: AssociationOptions
  private readonly congestion: Congestion
  private readonly queue = new SendQueue()
  /** Packets whose acknowledgement is on its way, in its order. */
  private acks: Run[] = []
  private ackHead = 0
  private lost: Run[] = []
  private resend: Run[] = []
  private flightBytes = 0
  private sequence = 0
  /** Losses up to here have been paid for with half the window. */
  private recoveryEnd = -1
  private isLimited = false
  private unacknowledged: Run | null = null
  private timerStartMs = 0
  private armedAtMs = Infinity
  private disarm: (() => void) | null = null
  private isRunning = true
  private readonly ordered: Outgoing[] = []

  constructor(options: AssociationOptions) {
    this.options = options
    this.congestion = new Congestion(options.sender)
  }

  get bufferedBytes(): number {
    return this.queue.mediaBytes
  }

  send(channel: Channel, message: Uint8Array): boolean {
    const nowMs = this.options.clock.now()
    if (!this.isRunning || this.queue.mediaBytes > MAX_QUEUED_BYTES) return false
    this.queue.expire(nowMs)
    const lifetimeMs = channel === 'media' ? (this.options.mediaLifetimeMs ?? MEDIA_LIFETIME_MS) : Infinity
    const outgoing = outgoingOf(channel, message, nowMs + lifetimeMs)
    if (channel === 'control') this.ordered.push(outgoing)
    this.settle(nowMs)
    if (this.flightBytes === 0 && this.queue.isEmpty) this.congestion.startBurst()
    this.queue.push(outgoing)
    this.pump(nowMs, this.options.sender.burstPackets)
    this.arm()
    return true
  }

  /** The other end sends something: an acknowledgement that it was keeping goes along. */
  carryAck(nowMs: number): void {
    const run = this.unacknowledged
    if (!run || run.arrivesAtMs > nowMs) return
    this.unacknowledged = null
    run.ackAtMs = Math.min(run.ackAtMs, nowMs + this.backMs())
    this.arm()
  }

  /** The process that sends is stopped: nothing leaves and nothing is noticed. */
  pause(): void {
    this.isRunning = false
    this.disarm?.()
    this.armedAtMs = Infinity
  }

  resume(): void {
    this.isRunning = true
    this.wake()
  }

  private wake(): void {
    const nowMs = this.options.clock.now()
    this.armedAtMs = Infinity
    const acknowledgements = Math.ceil(this.settle(nowMs) / 2)
    this.pump(nowMs, this.options.sender.burstPackets * Math.max(1, acknowledgements))
    this.arm()
  }

  /** Sees to what has come back up to now; tells how many packets were acknowledged. */
  private settle(nowMs: number): number {
    let count = 0
    for (let run = this.acks[this.ackHead]; run && run.ackAtMs <= nowMs; run = this.acks[this.ackHead]) {
      this.ackHead += 1
      this.acknowledge(run)
      count += run.packets
    }
    if (this.ackHead > 64) {
      this.acks = this.acks.slice(this.ackHead)
      this.ackHead = 0
    }
    if (this.timerAtMs() <= nowMs) this.timeOut(nowMs)
    return count
  }

  private acknowledge(run: Run): void {
    const { congestion, lost } = this
    if (this.unacknowledged === run) this.unacknowledged = null
    this.flightBytes -= run.bytes
    if (!run.wasResent) congestion.measured(run.ackAtMs - run.sentAtMs)
    const isInOrder =
      lost.every(({ sequence }) => sequence > run.sequence) &&
      this.resend.every(({ sequence }) => sequence > run.sequence)
    if (isInOrder) {
      this.timerStartMs = run.ackAtMs
      if (this.isLimited && run.sequence > this.recoveryEnd) congestion.grow(run.bytes)
      return
    }
    for (const missing of [...lost]) {
      if (missing.sequence > run.sequence || missing.wasResent) continue
      missing.strikes += run.packets
      if (missing.strikes >= STRIKES) this.retransmitFast(missing)
    }
  }

  private retransmitFast(run: Run): void {
    if (run.sequence > this.recoveryEnd) {
      this.congestion.halve()
      this.recoveryEnd = this.sequence - 1
    }
    this.lost = this.lost.filter((other) => other !== run)
    this.again(run)
  }

  private timeOut(nowMs: number): void {
    this.congestion.collapse()
    this.recoveryEnd = -1
    this.timerStartMs = nowMs
    const { lost } = this
    this.lost = []
    for (const run of lost) this.again(run)
  }

  /** A lost packet is out of the flight, and goes once more where its channel has it so. */
  private again(run: Run): void {
    this.flightBytes -= run.bytes
    const { outgoing } = run
    if (outgoing.isAbandoned) return
    const isTooLate = this.options.clock.now() >= outgoing.expiresAtMs
    if (outgoing.channel !== 'heartbeat' && !isTooLate) this.resend.push(run)
    else outgoing.isAbandoned = true
  }

  private pump(nowMs: number, budgetPackets: number): void {
    let budget = budgetPackets
    while (budget > 0 && this.flightBytes < this.congestion.window) {
      const again = this.resend.shift()
      if (again) {
        budget -= this.sendAgain(again, nowMs)
        continue
      }
      const outgoing = this.queue.next(nowMs)
      if (!outgoing) break
      budget -= this.sendNext(outgoing, nowMs, budget)
    }
    this.isLimited = !this.queue.isEmpty || this.resend.length > 0
  }

  private sendAgain(run: Run, nowMs: number): number {
    const { outgoing } = run
    if (outgoing.isAbandoned || nowMs >= outgoing.expiresAtMs) {
      outgoing.isAbandoned = true
      return 0
    }
    run.wasResent = true
    run.sentAtMs = nowMs
    this.launch(run, this.options.path.carry(nowMs, run.bytes))
    return 1
  }

  /** Up to two packets: one acknowledgement's worth. */
  private sendNext(outgoing: Outgoing, nowMs: number, budget: number): number {
    const packets = Math.min(2, budget, outgoing.packets - outgoing.sentPackets)
    const last = outgoing.message.length - (outgoing.packets - 1) * PACKET_BYTES
    let pending: Run | null = null
    for (let index = 0; index < packets; index += 1) {
      outgoing.sentPackets += 1
      const bytes = outgoing.sentPackets === outgoing.packets ? last : PACKET_BYTES
      const arrivesAtMs = this.options.path.carry(nowMs, bytes)
      if (pending && arrivesAtMs !== null) {
        pending.packets += 1
        pending.bytes += bytes
        this.sequence += 1
        this.launch(pending, arrivesAtMs)
        pending = null
        continue
      }
      if (pending) this.launch(pending, pending.arrivesAtMs)
      pending = this.runOf(outgoing, bytes, nowMs)
      if (arrivesAtMs !== null) {
        pending.arrivesAtMs = arrivesAtMs
        continue
      }
      this.launch(pending, null)
      pending = null
    }
    if (pending) this.launch(pending, pending.arrivesAtMs)
    if (outgoing.sentPackets === outgoing.packets) this.queue.finish()
    return packets
  }

  private runOf(outgoing: Outgoing, bytes: number, nowMs: number): Run {
    return {
      sequence: this.sequence++,
      outgoing,
      packets: 1,
      bytes,
      sentAtMs: nowMs,
      arrivesAtMs: Infinity,
      ackAtMs: Infinity,
      strikes: 0,
      wasResent: false,
    }
  }

  private launch(run: Run, arrivesAtMs: number | null): void {
    if (this.flightBytes === 0) this.timerStartMs = run.sentAtMs
    this.flightBytes += run.bytes
    if (arrivesAtMs === null) {
      this.lost.push(run)
      return
    }
    run.arrivesAtMs = arrivesAtMs
    this.planAck(run)
    this.acks.push(run)
    const { outgoing } = run
    outgoing.arrivedPackets += run.packets
    outgoing.lastArrivalMs = Math.max(outgoing.lastArrivalMs, arrivesAtMs)
    if (outgoing.arrivedPackets === outgoing.packets) this.complete(outgoing)
  }

  /** Every second packet is acknowledged at once, also everything behind a gap; one alone is kept for a while. */
  private planAck(run: Run): void {
    const promptMs = run.arrivesAtMs + this.backMs()
    const kept = this.unacknowledged
    const isPrompt = run.packets > 1 || kept !== null || this.lost.length > 0 || this.resend.length > 0
    run.ackAtMs = isPrompt ? promptMs : promptMs + this.options.receiver.sackDelayMs
    if (kept) kept.ackAtMs = Math.min(kept.ackAtMs, promptMs)
    this.unacknowledged = isPrompt ? null : run
  }

  private complete(outgoing: Outgoing): void {
    const { clock, deliver } = this.options
    if (outgoing.channel !== 'control') {
      clock.at(outgoing.lastArrivalMs, () => deliver(outgoing.channel, outgoing.message))
      return
    }
    let atMs = 0
    for (let first = this.ordered[0]; first && isComplete(first); first = this.ordered[0]) {
      this.ordered.shift()
      atMs = Math.max(atMs, first.lastArrivalMs, outgoing.lastArrivalMs)
      const { message } = first
      clock.at(atMs, () => deliver('control', message))
    }
  }

  private backMs(): number {
    const { back } = this.options
    return back.delayMs + back.uplink.waitMs(this.options.clock.now())
  }

  private timerAtMs(): number {
    if (this.lost.length === 0) return Infinity
    return this.timerStartMs + this.congestion.rtoMs
  }

  /** Only a sender that is held back, or misses something, has to look. */
  private arm(): void {
    if (!this.isRunning) return
    const isWaiting = this.lost.length > 0 || this.resend.length > 0 || !this.queue.isEmpty
    if (!isWaiting) return
    const ackAtMs = this.acks[this.ackHead]?.ackAtMs ?? Infinity
    const nextMs = Math.min(ackAtMs, this.timerAtMs())
    if (nextMs >= this.armedAtMs || nextMs === Infinity) return
    this.disarm?.()
    this.armedAtMs = nextMs
    const { clock } = this.options
    this.disarm = clock.after(nextMs - clock.now(), () => this.wake())
  }
}

function isComplete(outgoing: Outgoing): boolean {
  return outgoing.arrivedPackets === outgoing.packets
}
