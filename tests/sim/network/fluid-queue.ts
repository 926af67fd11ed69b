/** A line of a certain rate with a buffer before it, as a fluid: what is put in drains steadily, what does not fit is lost. */

/** What home routers hold, roughly: beyond it packets are dropped rather than delayed. */
export const BUFFER_MS = 250

export class FluidQueue {
  /** Infinity: a line that never fills. */
  rateKbps: number
  private backlogBytes = 0
  private atMs = 0
  private totalBytes = 0

  constructor(rateKbps: number) {
    this.rateKbps = rateKbps
  }

  /** All that ever went in. */
  get bytes(): number {
    return this.totalBytes
  }

  /** For how long something put in now would wait behind what is there. */
  waitMs(nowMs: number): number {
    if (this.rateKbps === Infinity) return 0
    return Math.max(0, (this.backlogBytes * 8) / this.rateKbps - (nowMs - this.atMs))
  }

  /** For how long what is put in now is under way through it, ms; null where the buffer is full. */
  take(nowMs: number, bytes: number): number | null {
    if (this.rateKbps === Infinity) {
      this.totalBytes += bytes
      return 0
    }
    const drained = ((nowMs - this.atMs) * this.rateKbps) / 8
    this.atMs = nowMs
    this.backlogBytes = Math.max(0, this.backlogBytes - drained)
    if ((this.backlogBytes * 8) / this.rateKbps > BUFFER_MS) return null
    this.backlogBytes += bytes
    this.totalBytes += bytes
    return (this.backlogBytes * 8) / this.rateKbps
  }
}
