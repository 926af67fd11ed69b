/** Estimates the network's rate from our own fetches: hls.js reads from memory and would see infinite bandwidth. */

export interface TransferSample {
  bytes: number
  /** from the first to the last byte: the time a request was held by the server does not count */
  durationMs: number
  /** when it ended, on any steady clock */
  atMs: number
}

export interface BandwidthState {
  /** kbit/s, moving averages over a longer and a shorter time */
  slowKbps: number
  fastKbps: number
  atMs: number
}

const FAST_HALF_LIFE_MS = 1500
const SLOW_HALF_LIFE_MS = 5000
/** A single answer counts for no more time than this, and no less than that. */
const LONGEST_WEIGHT_MS = 2000
const SHORTEST_WEIGHT_MS = 50
/** Smaller answers arrive in one burst of the socket and say nothing about the path. */
export const SMALLEST_SAMPLE_BYTES = 16 * 1024
/** A clock of a millisecond cannot time less than this. */
const SHORTEST_SAMPLE_MS = 2

/**
 * Takes one transfer into account. It counts for the time since the one before: live parts are a few milliseconds of
 * transfer in a second, and what was learnt in a hard time must not outweigh them for minutes.
 */
export function addTransfer(state: BandwidthState | null, sample: TransferSample): BandwidthState | null {
  if (sample.bytes < SMALLEST_SAMPLE_BYTES) return state
  const kbps = (sample.bytes * 8) / Math.max(SHORTEST_SAMPLE_MS, sample.durationMs)
  if (state === null) return { slowKbps: kbps, fastKbps: kbps, atMs: sample.atMs }
  const weightMs = Math.max(SHORTEST_WEIGHT_MS, Math.min(LONGEST_WEIGHT_MS, sample.atMs - state.atMs))
  return {
    slowKbps: blend(state.slowKbps, kbps, weightMs / SLOW_HALF_LIFE_MS),
    fastKbps: blend(state.fastKbps, kbps, weightMs / FAST_HALF_LIFE_MS),
    atMs: Math.max(state.atMs, sample.atMs),
  }
}

/** The careful estimate: the lower of the two averages; null before anything was seen. */
export function estimateKbps(state: BandwidthState | null): number | null {
  return state === null ? null : Math.min(state.slowKbps, state.fastKbps)
}

/** Averages the time a bit takes, not the bits in a time: a drop shows at once, a rise slowly. */
function blend(old: number, next: number, halfLives: number): number {
  const keep = Math.pow(0.5, halfLives)
  return 1 / (keep / old + (1 - keep) / next)
}
