/** A bar in words. Pure. */
import type { Bars } from '../chaos-case.ts'

export function bar(bars: Bars): string {
  const parts = [
    bars.stallMs === undefined
      ? null
      : bars.stallMs === 0
        ? 'no stall'
        : `at most ${bars.stallMs} ms of stall`,
    bars.noOverlay ? 'no overlay' : null,
    bars.reloads === 0 ? 'no reload' : null,
    bars.missingFrames === 0 ? 'no frame lost that was sent' : null,
    bars.contiguous ? 'numbers and times of the parts without a break' : null,
    bars.flvKept ? 'one FLV connection' : null,
    bars.lipSyncMs === undefined ? null : `lip-sync within ${bars.lipSyncMs} ms`,
    bars.backInPartsMs === undefined ? null : `picture in parts within ${bars.backInPartsMs} ms`,
    bars.backOnScreenMs === undefined ? null : `picture on the screen within ${bars.backOnScreenMs} ms`,
    bars.longestWithoutPartsMs === undefined ? null : `never ${bars.longestWithoutPartsMs} ms without parts`,
    ...Object.entries(bars.more ?? {}).map(([name, limit]) =>
      typeof limit === 'boolean' ? `${name} ${limit}` : `${name} at most ${limit}`,
    ),
  ]
  return parts.filter((part) => part !== null).join(', ') || 'none, it is measured for comparison'
}
