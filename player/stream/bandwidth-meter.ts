/** Counts what one stream receives, and estimates what the network would carry. */
import {
  addTransfer,
  estimateKbps,
  type BandwidthState,
  type TransferSample,
} from '../decisions/bandwidth.ts'

export class BandwidthMeter {
  #state: BandwidthState | null = null
  #bytes = 0

  /** bytes received so far */
  get bytes(): number {
    return this.#bytes
  }

  /** null before anything could be timed */
  get kbps(): number | null {
    return estimateKbps(this.#state)
  }

  count(bytes: number): void {
    this.#bytes += bytes
  }

  time(sample: TransferSample): void {
    this.#state = addTransfer(this.#state, sample)
  }
}

/**
 * Times the transfers below some addresses, as they are at the moment, by the browser's own clock of the network: one that is kept on the page's thread
 * would take a busy page for a slow network. Returns the way to stop.
 */
export function timeTransfers(below: () => string[], meter: BandwidthMeter): () => void {
  if (typeof PerformanceObserver === 'undefined') return () => undefined
  const observer = new PerformanceObserver((list) => {
    const folders = below()
    for (const entry of list.getEntries()) {
      if (!(entry instanceof PerformanceResourceTiming)) continue
      if (!folders.some((folder) => entry.name.startsWith(folder))) continue
      const { responseStart, responseEnd, transferSize, encodedBodySize } = entry
      // nothing transferred: it came from the browser's cache
      if (transferSize === 0 || responseStart === 0) continue
      meter.time({ bytes: encodedBodySize, durationMs: responseEnd - responseStart, atMs: responseEnd })
    }
  })
  observer.observe({ type: 'resource' })
  return () => observer.disconnect()
}
