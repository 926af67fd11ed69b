/** Which recordings go, so that the others fit. Pure. */
import type { Recording } from './recording.ts'

export interface RetentionLimits {
  maxAgeMs: number
  maxBytes: number
}

/** The oldest first. One that still grows counts, but never goes. */
export function chooseExpired(
  recordings: readonly Recording[],
  { maxAgeMs, maxBytes }: RetentionLimits,
  nowMs: number,
): Recording[] {
  let bytes = recordings.reduce((sum, recording) => sum + recording.bytes, 0)
  return recordings
    .filter(({ complete }) => complete)
    .toSorted((a, b) => a.startedAtMs - b.startedAtMs)
    .filter((recording) => {
      const isOld = nowMs - (recording.endedAtMs ?? recording.startedAtMs) > maxAgeMs
      if (!isOld && bytes <= maxBytes) return false
      bytes -= recording.bytes
      return true
    })
}
