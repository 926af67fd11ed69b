/** Decides when a second, hidden video may take the place of the first: when it plays, and their times have met. */

export interface HandoverInput {
  /** the new video has shown a frame and has this much to play on */
  newIsPlaying: boolean
  newAheadS: number
  /** positions on the program's timeline; null: not known */
  oldTimeS: number | null
  newTimeS: number | null
  waitedMs: number
}

export type HandoverStep =
  | { do: 'wait' }
  /** hold the new video until the old one has come to its place */
  | { do: 'hold' }
  /** move the new video forward by this much */
  | { do: 'skip'; seconds: number }
  | { do: 'swap' }

/** Closer than this and the eye does not see the step. */
const CLOSE_S = 0.12
/** What must be buffered behind a skip. */
const SKIP_MARGIN_S = 0.5
/** Nobody waits longer for a perfect meeting. */
export const MEETING_LIMIT_MS = 12_000

export function nextHandoverStep(input: HandoverInput): HandoverStep {
  const { newIsPlaying, newAheadS, oldTimeS, newTimeS, waitedMs } = input
  if (!newIsPlaying) return { do: 'wait' }
  if (oldTimeS === null || newTimeS === null || waitedMs > MEETING_LIMIT_MS) return { do: 'swap' }
  const leadS = newTimeS - oldTimeS
  if (Math.abs(leadS) <= CLOSE_S) return { do: 'swap' }
  if (leadS > 0) return { do: 'hold' }
  return newAheadS > SKIP_MARGIN_S - leadS ? { do: 'skip', seconds: -leadS } : { do: 'wait' }
}
