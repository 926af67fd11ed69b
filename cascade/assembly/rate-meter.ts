/** How much the stream carries: bytes of whole parts over the time they last. */
import { PART_MS } from './part-window.ts'

const GAIN = 1 / 8

export class RateMeter {
  readonly #bytes: number[]

  constructor(tracks: number) {
    this.#bytes = Array.from({ length: tracks }, () => 0)
  }

  note(track: number, bytes: number): void {
    const mean = this.#bytes[track] ?? 0
    this.#bytes[track] = mean === 0 ? bytes : mean + (bytes - mean) * GAIN
  }

  /** Of all tracks together; 0 before anything is known. */
  get kbps(): number {
    return (this.#bytes.reduce((sum, bytes) => sum + bytes, 0) * 8) / PART_MS
  }
}
