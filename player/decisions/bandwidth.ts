/** Estimates the network's rate from our own fetches: hls.js reads from memory and would see infinite bandwidth. */

export interface TransferSample {
  bytes: number
  /** from the first to the last byte: the time a request was held by the server does not count */
  durationMs: number
}

export interface BandwidthState {
  /** kbit/s, slow and fast moving averages weighted by transfer time */
  slowKbps: number
  fastKbps: number
  /** transfer time seen, in milliseconds */
  weightMs: number
}

export const NO_BANDWIDTH: BandwidthState = { slowKbps: 0, fastKbps: 0, weightMs: 0 }

const FAST_HALF_LIFE_MS = 400
const SLOW_HALF_LIFE_MS = 2500
/** Smaller answers arrive in one burst of the socket and say nothing about the path. */
export const SMALLEST_SAMPLE_BYTES = 16 * 1024
/** A clock of a millisecond cannot time less than this. */
const SHORTEST_SAMPLE_MS = 2

/** Takes one transfer into account. */
export function addTransfer(state: BandwidthState, sample: TransferSample): BandwidthState {
  if (sample.bytes < SMALLEST_SAMPLE_BYTES) return state
  const durationMs = Math.max(SHORTEST_SAMPLE_MS, sample.durationMs)
  const kbps = (sample.bytes * 8) / durationMs
  if (state.weightMs === 0) return { slowKbps: kbps, fastKbps: kbps, weightMs: durationMs }
  // short transfers of a fast path must still move the estimate, so each counts as at least 50 ms
  const weight = Math.max(50, durationMs)
  return {
    slowKbps: blend(state.slowKbps, kbps, weight / SLOW_HALF_LIFE_MS),
    fastKbps: blend(state.fastKbps, kbps, weight / FAST_HALF_LIFE_MS),
    weightMs: state.weightMs + durationMs,
  }
}

/** The careful estimate: the lower of the slow and the fast average; null before anything was seen. */
export function estimateKbps(state: BandwidthState): number | null {
  return state.weightMs === 0 ? null : Math.min(state.slowKbps, state.fastKbps)
}

function blend(old: number, next: number, halfLives: number): number {
  const keep = Math.pow(0.5, halfLives)
  return old * keep + next * (1 - keep)
}
