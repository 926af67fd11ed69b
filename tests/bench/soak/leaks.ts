/** What of a soak's figures is a leak, in words. Pure. */
import type { Held, ProcessReport } from './sampler.ts'

/**
 * Of the fitted line, over the last two thirds of the run: what a heap moves by from one collection to the next stays
 * below. The longer the run, the smaller the slope that shows: 48 MiB an hour in 30 minutes, 6 in four hours.
 */
const MAX_GROWTH: Partial<Held> = { rssMib: 16, fds: 20, handles: 20 }
/** Kept open between services, to Redis, and for the log. */
const MAX_LEFT_OPEN = 10

export function leaksIn(processes: Readonly<Record<string, ProcessReport>>): string[] {
  return Object.entries(processes).flatMap(([name, { idleBefore, idleAfter, trends }]) => {
    const grown = (Object.keys(MAX_GROWTH) as (keyof Held)[]).flatMap((of) => {
      const trend = trends[of]
      if (!trend || trend.growth <= (MAX_GROWTH[of] ?? 0)) return []
      return [`${name}: ${of} grew by ${trend.growth}, ${trend.perHour} an hour`]
    })
    const left = idleAfter.fds - idleBefore.fds
    return [
      ...grown,
      ...(left > MAX_LEFT_OPEN ? [`${name}: ${left} more files and sockets open than before`] : []),
      ...(idleAfter.ffmpegs > 0 ? [`${name}: ${idleAfter.ffmpegs} ffmpeg left`] : []),
    ]
  })
}
