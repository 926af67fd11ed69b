/**
 * How far the server's clock is from ours, from the Date of fresh answers. Such a date is cut to whole seconds, so each
 * answer only bounds the offset; as long as "no difference" is possible, none is assumed.
 */

export interface ClockBounds {
  /** ms to add to our clock, at least */
  lower: number
  /** and at most */
  upper: number
}

export const NO_BOUNDS: ClockBounds = { lower: -Infinity, upper: Infinity }

/** Network and rounding: a bound is not trusted closer than this. */
const SLACK_MS = 250
const DATE_RESOLUTION_MS = 1000

/** Takes one answer into account: its Date, and our clock when it came. */
export function addServerDate(bounds: ClockBounds, date: { serverMs: number; localMs: number }): ClockBounds {
  const lower = Math.max(bounds.lower, date.serverMs - date.localMs)
  const upper = Math.min(bounds.upper, date.serverMs + DATE_RESOLUTION_MS - date.localMs + SLACK_MS)
  // a clock that was set meanwhile contradicts what was seen before: begin anew
  if (lower > upper)
    return {
      lower: date.serverMs - date.localMs,
      upper: date.serverMs + DATE_RESOLUTION_MS - date.localMs + SLACK_MS,
    }
  return { lower, upper }
}

/** ms to add to our clock to get the server's. */
export function clockOffsetMs({ lower, upper }: ClockBounds): number {
  if (lower > SLACK_MS) return lower
  return upper < -SLACK_MS ? upper : 0
}
