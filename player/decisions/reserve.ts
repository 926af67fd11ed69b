/**
 * Holds the distance to live by playing slightly faster or slower. The distance is counted in media held locally, never
 * from hls.js's own latency, which does not see the reserve shrink while the publisher pauses.
 */
import { MODES, type LatencyMode } from './latency-mode.ts'

export const MIN_RATE = 0.95
export const MAX_RATE = 1.05
/** Further behind than this after the first frame, one seek is kinder than a minute of fast playing. */
const START_SEEK_S: Readonly<Record<LatencyMode, number>> = { continuity: 0.75, low: 0.25 }
/** What stays buffered behind the seek. */
const SEEK_MARGIN_S = 0.3
/** Slows down fully while less than this part of the target is left. */
const STARVED_SHARE = 0.6

export interface ReserveInput {
  mode: LatencyMode
  /** newest local media end minus the playhead, averaged over about two seconds */
  distanceS: number
  /** the rate now in use: a correction once begun goes on to the middle of the tolerance */
  rate: number
  /** distance asked for by the viewer (after a pause or a seek back); null follows the mode */
  heldDistanceS: number | null
}

/** The playback rate for the next moment, within 0.95 and 1.05. */
export function choosePlaybackRate(input: ReserveInput): number {
  const mode = MODES[input.mode]
  const target = Math.max(mode.targetS, input.heldDistanceS ?? 0)
  const error = input.distanceS - target
  const size = Math.abs(error)
  if (error < 0 && input.distanceS < target * STARVED_SHARE) return MIN_RATE
  if (error > 1 && input.heldDistanceS === null) return MAX_RATE
  if (size > mode.toleranceS) return error > 0 ? mode.fast : mode.slow
  const isCorrecting = input.rate !== 1 && Math.sign(input.rate - 1) === Math.sign(error)
  if (!isCorrecting || size <= mode.toleranceS / 3) return 1
  return error > 0 ? mode.fast : mode.slow
}

/** The one seek allowed at the start: how far to jump forward, or 0. Only into what is buffered. */
export function chooseStartSeek(input: {
  mode: LatencyMode
  distanceS: number
  bufferedAheadS: number
}): number {
  const excess = input.distanceS - MODES[input.mode].targetS
  if (excess < START_SEEK_S[input.mode] || input.bufferedAheadS < excess + SEEK_MARGIN_S) return 0
  return excess
}

export interface JumpInput {
  mode: LatencyMode
  /** as in `ReserveInput` */
  distanceS: number
  heldDistanceS: number | null
  bufferedAheadS: number
  /** the device slept, or the page was stopped, a moment ago */
  hasSlept: boolean
}

/** In low mode a viewer this late has seen a break already: being late for a minute would be worse than one more. */
const LOW_JUMP_S = 1
/** After a sleep nobody expects to go on where he was. */
const SLEPT_JUMP_S = 3
/** Further back nothing is kept. */
export const MAX_DISTANCE_S = 34

/**
 * How far to jump forward while playing, or 0. In continuity mode only when what lies behind is lost, or after a sleep: every
 * other distance is caught up by playing faster.
 */
export function chooseJump({ mode, distanceS, heldDistanceS, bufferedAheadS, hasSlept }: JumpInput): number {
  const excess = distanceS - MODES[mode].targetS
  if (distanceS > MAX_DISTANCE_S) return excess
  if (heldDistanceS !== null) return 0
  if (hasSlept && excess > SLEPT_JUMP_S) return excess
  return mode === 'low' && excess > LOW_JUMP_S && bufferedAheadS > excess + SEEK_MARGIN_S ? excess : 0
}

/** A clock that went on by this much more than the playhead, in one step, was stopped; so was a visible page not looked at for as long. */
const SLEEP_S = 5

/**
 * Whether the device slept, or the page was stopped, between two looks. A throttled page looks seldom, but plays on; and one
 * that wakes up may have played, as its video tells it, what was in the buffer.
 */
export function hasSlept(step: { wallS: number; playedS: number; isHidden: boolean }): boolean {
  return step.wallS - step.playedS > SLEEP_S || (!step.isHidden && step.wallS > SLEEP_S)
}
