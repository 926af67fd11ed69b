/** Outages as a table for docs/operations.md. */
import type { Outage } from './outage.ts'

const TITLES = [
  'service',
  'ended by',
  'back after s',
  'stall ms',
  'least reserve s',
  'over the picture',
  'bars',
]

export function formatTable(outages: readonly Outage[]): string {
  const rows = outages.map(({ service, how, backMs, stallMs, lateMs, leastReserveMs, notices, missed }) => [
    service,
    how === 'crash' ? 'a crash' : '`docker kill`',
    backMs === null ? 'never' : inSeconds(backMs),
    ...[String(stallMs), String(lateMs)],
    inSeconds(leastReserveMs),
    notices.join(', ') || 'nothing',
    missed.join('; ') || 'met',
  ])
  const lines = [TITLES, TITLES.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function inSeconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}
