/**
 * The time of day, for what must never go back or stand still: it follows the clock on the wall when that is set forward (a
 * machine that slept, or began with a wrong time), and goes on by itself when that is set back.
 */

/** Clocks that are kept in step differ by less. */
const STEP_MS = 1000

/** How far the clock on the wall has been set forward since this process began. */
let forwardMs = 0

/** Milliseconds since 1970, whole ones; never less than it was. */
export function steadyNow(): number {
  const ownMs = performance.timeOrigin + performance.now()
  const aheadMs = Date.now() - ownMs - forwardMs
  if (aheadMs > STEP_MS) forwardMs += aheadMs
  return Math.round(ownMs + forwardMs)
}
