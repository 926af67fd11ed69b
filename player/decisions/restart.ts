/** What to do when playing has failed: how soon to try again, when to say so, when to stop trying. */
import type { PlayerErrorCode } from '../player-error.ts'
import { backoffMs } from '../room/backoff.ts'

export interface Trouble {
  code: PlayerErrorCode
  /** tries that failed one after the other, this one included */
  failures: number
  /** since the picture was last well */
  troubleMs: number
}

export interface RestartPlan {
  /** null: it will not work, however often it is tried */
  waitMs: number | null
  /** the viewer is told that it does not work */
  isTold: boolean
}

const WAITS = { firstMs: 300, maxMs: 6000 }
/** A room that is not live is looked at again, even if nobody tells of a change. */
const LOOK_AGAIN_MS = 3000
/** A server that restarts, or a train in a tunnel: until then the last picture says enough. */
export const TOLD_AFTER_MS = 30_000
const MAX_MEDIA_FAILURES = 8

export function planRestart({ code, failures, troubleMs }: Trouble, random?: () => number): RestartPlan {
  if (code === 'engine_unsupported') return { waitMs: null, isTold: true }
  // only another link lets this viewer in
  if (code === 'viewer_token_required' || code === 'viewer_token_invalid')
    return { waitMs: null, isTold: true }
  if (code === 'room_not_live' || code === 'room_not_found') return { waitMs: LOOK_AGAIN_MS, isTold: false }
  // what this browser cannot decode it will not decode later; a network comes back
  if (code === 'media_failed' && failures > MAX_MEDIA_FAILURES) return { waitMs: null, isTold: true }
  return { waitMs: backoffMs(failures - 1, WAITS, random), isTold: troubleMs > TOLD_AFTER_MS }
}
