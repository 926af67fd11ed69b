/** How long a newcomer with a key in use waits before it is refused. Pure. */
import { SILENT_AFTER_MS } from './source-health.ts'

/** Until the one before it is known to be silent, if it is. */
export const HOLD_MS = SILENT_AFTER_MS + 200
/** Where that one has just stopped sending: until it is known to be silent, or sends again. */
export const HOLD_LIMIT_MS = HOLD_MS + SILENT_AFTER_MS
/** One that sends has been heard within this: screens at a few frames a second have sound. */
const HEARD_WITHIN_MS = 400

/** Whether the one before it goes on for certain. */
export function isRefused(waitedMs: number, before: { silentForMs: number }): boolean {
  return waitedMs >= (before.silentForMs < HEARD_WITHIN_MS ? HOLD_MS : HOLD_LIMIT_MS)
}
