/** A program as it is found after a restart: where it ended, and what of it can still be served. */
import type { Part } from '../../media/part.ts'
import type { EncodingPlan } from './encoding-plan.ts'

export interface RestoredTrack {
  name: string
  init: Uint8Array
  /** In order, without a hole, the last one before `nextPart`. */
  parts: readonly Part[]
}

export interface RestoredProgram {
  id: string
  roomId: string
  startedAtMs: number
  /** Wall clock at media time 0, in ms since 1970. */
  epochMs: number
  /** The first part that is not in all tracks: the timeline goes on at exactly its start. */
  nextPart: number
  /** Null where the program has no video. */
  plan: EncodingPlan | null
  /** Audio and every rendition of the plan. */
  tracks: readonly RestoredTrack[]
  interruptions: number
  /** When its last publisher was gone: at the end of the process, unless it was before. */
  interruptedAtMs: number
  /** When nobody may come back any more; null while it was live: a whole window from `interruptedAtMs` on. */
  windowEndsAtMs: number | null
}
