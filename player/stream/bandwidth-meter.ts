/** Keeps the estimate of the network's rate from the transfers of one page. */
import { addTransfer, estimateKbps, type BandwidthState } from '../decisions/bandwidth.ts'
import type { Transfer } from './media-fetch.ts'

export class BandwidthMeter {
  #state: BandwidthState | null = null
  #bytes = 0

  /** bytes of all transfers so far */
  get bytes(): number {
    return this.#bytes
  }

  /** null before anything could be timed */
  get kbps(): number | null {
    return estimateKbps(this.#state)
  }

  /** Bytes of an endless answer: they say nothing about what the path could carry. */
  count(bytes: number): void {
    this.#bytes += bytes
  }

  add(transfer: Transfer): void {
    this.count(transfer.bytes)
    this.#state = addTransfer(this.#state, transfer)
  }
}
