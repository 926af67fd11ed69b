/** Loss as Gilbert and Elliott have it: a good state that loses nothing and a bad one that loses everything. */
import type { Random } from '../random.ts'

export interface LossPattern {
  /** Share of packets that are lost in the long run, 0 to 1. */
  share: number
  /** Packets lost in a row, on average; 1: each alone. */
  meanBurst: number
}

export const NO_LOSS: LossPattern = { share: 0, meanBurst: 1 }

export class LossyLine {
  private readonly random: Random
  private pattern: LossPattern
  /** Packets until the state changes. */
  private remaining: number
  private isBad = false

  constructor(pattern: LossPattern, random: Random) {
    this.random = random
    this.pattern = pattern
    this.remaining = this.drawGood()
  }

  setPattern(pattern: LossPattern): void {
    this.pattern = pattern
    this.isBad = false
    this.remaining = this.drawGood()
  }

  /** Whether the next packet is lost. */
  loses(): boolean {
    if (this.pattern.share <= 0) return false
    while (this.remaining <= 0) {
      this.isBad = !this.isBad
      this.remaining = this.isBad ? this.draw(1 / this.pattern.meanBurst) : this.drawGood()
    }
    this.remaining -= 1
    return this.isBad
  }

  private drawGood(): number {
    const { share, meanBurst } = this.pattern
    if (share <= 0) return Infinity
    if (share >= 1) return 0
    return this.draw(Math.min(1, share / (1 - share) / meanBurst))
  }

  /** Packets up to and with the first success. */
  private draw(probability: number): number {
    if (probability >= 1) return 1
    return 1 + Math.floor(Math.log(1 - this.random.next()) / Math.log(1 - probability))
  }
}
