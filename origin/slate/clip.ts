/** What stands in for a publisher: a loop of eight seconds, encoded beforehand. */

/** A loop's length: a whole number of AAC frames at 48 kHz (375) and of frames at every rate of a program. */
export const SLATE_DURATION_MS = 8000

export interface SlateClip {
  width: number
  height: number
  durationMs: typeof SLATE_DURATION_MS
  /** AVC sequence header, the body of an FLV tag. */
  header: Uint8Array
  /** From time 0, in order, the first one a keyframe; bodies of FLV tags with composition time 0. */
  video: { timeMs: number; keyframe: boolean; data: Uint8Array }[]
  /** Exactly 375 raw AAC-LC frames, 48 kHz, stereo. */
  audio: Uint8Array[]
}
