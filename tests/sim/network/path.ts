/** One direction between two nodes: lines at both ends, propagation, jitter, loss. Packets stay in order. */
import type { Random } from '../random.ts'
import type { FluidQueue } from './fluid-queue.ts'
import { NO_LOSS, type LossPattern, LossyLine } from './loss.ts'
import { OVERHEAD_BYTES } from './stack.ts'

/** Times when nothing gets through and then all of it at once. */
export interface Hiccups {
  perMinute: number
  /** How long each lasts: at least so long, */
  leastMs: number
  /** and so much more on average. */
  moreMs: number
}

/**
 * Silences over 150 ms were measured on lossy links, 2 to 12 a minute, that come from stacks and schedulers rather than from
 * anything this model computes; lossy links get them so that the engine is tested against them.
 */
export const LOSSY_HICCUPS: Hiccups = { perMinute: 6, leastMs: 150, moreMs: 50 }

export interface PathOptions {
  uplink: FluidQueue
  downlink: FluidQueue
  delayMs: number
  /** Mean of what is added to each packet, exponentially distributed. */
  jitterMs?: number
  loss?: LossPattern
  hiccups?: Hiccups
  random: Random
}

export class Path {
  readonly uplink: FluidQueue
  readonly downlink: FluidQueue
  readonly lossy: LossyLine
  delayMs: number
  /** Everything vanishes. */
  isCut = false
  lostPackets = 0
  packets = 0
  private readonly jitterMs: number
  private readonly random: Random
  private lastArrivalMs = 0
  private hiccups: Hiccups | null
  private nextHiccupMs = Infinity
  private heldUntilMs = 0

  constructor(options: PathOptions) {
    this.uplink = options.uplink
    this.downlink = options.downlink
    this.delayMs = options.delayMs
    this.jitterMs = options.jitterMs ?? 0
    this.random = options.random
    this.lossy = new LossyLine(options.loss ?? NO_LOSS, options.random)
    this.hiccups = options.hiccups ?? null
    if (this.hiccups) this.nextHiccupMs = this.pauseMs(this.hiccups)
  }

  /** When a packet that is sent now is there; null where it is lost. */
  carry(nowMs: number, payloadBytes: number): number | null {
    this.packets += 1
    const bytes = payloadBytes + OVERHEAD_BYTES
    const upMs = this.uplink.take(nowMs, bytes)
    if (upMs === null || this.isCut || this.lossy.loses()) return this.lose()
    const downMs = this.downlink.take(nowMs, bytes)
    if (downMs === null) return this.lose()
    const jitterMs = this.jitterMs > 0 ? this.random.exponential(this.jitterMs) : 0
    // Two lines behind each other, as fluids: the slower one is what counts.
    const arrivalMs = nowMs + Math.max(upMs, downMs) + this.delayMs + jitterMs
    this.lastArrivalMs = Math.max(this.lastArrivalMs, this.held(nowMs, arrivalMs))
    return this.lastArrivalMs
  }

  private held(nowMs: number, arrivalMs: number): number {
    while (this.hiccups && nowMs >= this.nextHiccupMs) {
      const { leastMs, moreMs } = this.hiccups
      this.heldUntilMs = this.nextHiccupMs + leastMs + this.random.exponential(moreMs)
      this.nextHiccupMs = this.heldUntilMs + this.pauseMs(this.hiccups)
    }
    return nowMs < this.heldUntilMs ? Math.max(arrivalMs, this.heldUntilMs + this.delayMs) : arrivalMs
  }

  private pauseMs({ perMinute }: Hiccups): number {
    return this.random.exponential(60_000 / perMinute)
  }

  private lose(): null {
    this.lostPackets += 1
    return null
  }
}
