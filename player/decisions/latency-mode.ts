/** The two latency modes and their distances (seconds behind the newest part the player holds). */

export type LatencyMode = 'continuity' | 'low'

export interface ModeNumbers {
  /** how far the playhead stays behind the newest local media */
  targetS: number
  /** deviation from the target that is left alone */
  toleranceS: number
  /** rate while too far behind */
  fast: number
  /** rate while too close to live */
  slow: number
  /** how much hls.js may hold ahead of the playhead; more than the target and a segment */
  maxBufferS: number
  /** how many seconds of parts (not only whole segments) the local playlist lists; more than the target and a segment */
  partWindowS: number
}

export const MODES: Readonly<Record<LatencyMode, ModeNumbers>> = {
  continuity: { targetS: 9, toleranceS: 0.25, fast: 1.03, slow: 0.97, maxBufferS: 24, partWindowS: 18 },
  low: { targetS: 0.9, toleranceS: 0.08, fast: 1.05, slow: 0.97, maxBufferS: 8, partWindowS: 8 },
}

export const DEFAULT_MODE: LatencyMode = 'continuity'

export function isLatencyMode(value: unknown): value is LatencyMode {
  return value === 'continuity' || value === 'low'
}
