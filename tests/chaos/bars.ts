/** Holds the figures of a repeat against its bars. Pure. */
import type { Bars, Figures } from './chaos-case.ts'

type Check = (figures: Figures, bars: Bars) => string | null

const CHECKS: Check[] = [
  (figures, bars) => over('stall', figures.stallMs, bars.stallMs, 'ms'),
  ({ overlay }, { noOverlay }) => (noOverlay && overlay ? `an overlay was shown: ${overlay}` : null),
  (figures, bars) => over('reloads', figures.reloads, bars.reloads, ''),
  (figures, bars) => over('missing frames', figures.missingFrames, bars.missingFrames, ''),
  ({ violations }, { contiguous }) =>
    contiguous && violations?.length ? `${violations.length} breaks on the wire: ${violations[0]}` : null,
  ({ flvConnections, flvBackward }, { flvKept }) =>
    flvKept && (flvConnections !== 1 || flvBackward)
      ? `FLV took ${flvConnections} connections, ${flvBackward} tags went back`
      : null,
  ({ lipSync }, { lipSyncMs }) =>
    lipSyncMs === undefined
      ? null
      : lipSync === null
        ? 'lip-sync could not be measured'
        : over('lip-sync', Math.abs(lipSync.medianMs), lipSyncMs, 'ms'),
  (figures, bars) => over('back in parts', figures.backInPartsMs, bars.backInPartsMs, 'ms'),
  (figures, bars) => over('back on the screen', figures.backOnScreenMs, bars.backOnScreenMs, 'ms'),
  (figures, bars) => over('without parts', figures.longestWithoutPartsMs, bars.longestWithoutPartsMs, 'ms'),
]

/** What was not met, a sentence each; empty: all was. A figure that is asked for and missing is a miss. */
export function missesOf(figures: Figures, bars: Bars): string[] {
  const own = Object.entries(bars.more ?? {}).flatMap(([name, limit]) => {
    const value = figures.more[name] ?? null
    if (typeof limit === 'boolean') return value === limit ? [] : [`${name}: ${value}, should be ${limit}`]
    return over(name, typeof value === 'number' ? value : null, limit, '') ?? []
  })
  return [...CHECKS.flatMap((check) => check(figures, bars) ?? []), ...own]
}

function over(name: string, value: number | null, limit: number | undefined, unit: string): string | null {
  if (limit === undefined) return null
  if (value === null) return `${name}: not measured`
  return value > limit ? `${name}: ${Math.round(value)} ${unit}, at most ${limit}`.replace('  ', ' ') : null
}
