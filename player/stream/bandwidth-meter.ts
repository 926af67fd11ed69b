/** Keeps the estimate of the network's rate from the transfers of one page. */
import { addTransfer, estimateKbps, NO_BANDWIDTH, type BandwidthState } from '../decisions/bandwidth.ts'
import type { Transfer } from './media-fetch.ts'

export class BandwidthMeter {
  #state: BandwidthState = NO_BANDWIDTH
  #bytes = 0

  /** bytes of all transfers so far */
  get bytes(): number {
    return this.#bytes
  }

  /** null before anything could be timed */
  get kbps(): number | null {
    return estimateKbps(this.#state)
  }

  add(transfer: Transfer): void {
    this.#bytes += transfer.bytes
    this.#state = addTransfer(this.#state, transfer)
  }
}
