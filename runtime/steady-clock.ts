/** The time of day as this process has known it since it began: it never jumps, however the clock on the wall is set meanwhile. */

/** Milliseconds since 1970, whole ones; never less than it was. */
export function steadyNow(): number {
  return Math.round(performance.timeOrigin + performance.now())
}
