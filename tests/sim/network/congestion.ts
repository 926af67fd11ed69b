/** The congestion window and the timer of one sender (RFC 9260, 6.3 and 7.2): slow start, avoidance, halving. In bytes and ms. */
import { INITIAL_WINDOW_PACKETS, PACKET_BYTES, type StackProfile } from './stack.ts'

export class Congestion {
  window = INITIAL_WINDOW_PACKETS * PACKET_BYTES
  private threshold = Infinity
  private partialBytes = 0
  private smoothedMs: number | null = null
  private varianceMs = 0
  private backoff = 1
  private readonly stack: StackProfile

  constructor(stack: StackProfile) {
    this.stack = stack
  }

  get rtoMs(): number {
    const { rtoInitialMs, rtoMinMs, rtoMaxMs, minVarianceMs } = this.stack
    const base =
      this.smoothedMs === null
        ? rtoInitialMs
        : Math.max(rtoMinMs, this.smoothedMs + Math.max(4 * this.varianceMs, minVarianceMs))
    return Math.min(rtoMaxMs, base * this.backoff)
  }

  /** Round trip of something that was sent once. */
  measured(rttMs: number): void {
    this.backoff = 1
    if (this.smoothedMs === null) {
      this.smoothedMs = rttMs
      this.varianceMs = rttMs / 2
      return
    }
    this.varianceMs += (Math.abs(rttMs - this.smoothedMs) - this.varianceMs) / 4
    this.smoothedMs += (rttMs - this.smoothedMs) / 8
  }

  /** Nothing is under way: the stack may not let go of its whole window at once. */
  startBurst(): void {
    const limit = this.stack.idleWindowPackets * PACKET_BYTES
    if (this.window <= limit) return
    this.threshold = Math.max(this.threshold, this.window)
    this.window = limit
  }

  /** Bytes were acknowledged in a row while the window was what held the sender back. */
  grow(bytes: number): void {
    if (this.window <= this.threshold) {
      this.window += Math.min(bytes, 2 * PACKET_BYTES)
      return
    }
    this.partialBytes += bytes
    if (this.partialBytes < this.window) return
    this.partialBytes -= this.window
    this.window += PACKET_BYTES
  }

  /** Something was found missing by what came after it. */
  halve(): void {
    this.lowerThreshold()
    this.window = this.threshold
  }

  /** The timer ran out. */
  collapse(): void {
    this.lowerThreshold()
    this.window = PACKET_BYTES
    this.backoff *= 2
  }

  private lowerThreshold(): void {
    this.threshold = Math.max(this.window / 2, 4 * PACKET_BYTES)
    this.partialBytes = 0
  }
}
