/** The reports as a Markdown table. Pure. */
import type { OutageReport } from './outage.ts'

const COLUMNS: [string, (report: OutageReport) => string | number][] = [
  ['outage', ({ title }) => title],
  ['viewers', ({ viewers }) => viewers],
  ['stall max / total, ms', ({ stallMs, stallTotalMs }) => `${stallMs} / ${stallTotalMs}`],
  ['missing', ({ missing }) => missing],
  ['made twice', ({ conflicting }) => conflicting],
  ['not contiguous', ({ broken, wrong }) => broken + wrong],
  ['least reserve, s', ({ leastReserveMs }) => (leastReserveMs / 1000).toFixed(1)],
  ['longest without a part, s', ({ longestGapMs }) => (longestGapMs / 1000).toFixed(1)],
  ['recovered after, s', ({ recoveredAfterMs }) => (recoveredAfterMs / 1000).toFixed(1)],
  ['origin requests per part', ({ origin }) => `${origin.perPart} (most ${origin.most})`],
  [
    'besides',
    ({ facts }) =>
      Object.entries(facts)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
  ],
  ['bars', ({ missed }) => (missed.length === 0 ? 'met' : `MISSED: ${missed.join('; ')}`)],
]

export function outageTable(reports: readonly OutageReport[]): string {
  const rows = [
    COLUMNS.map(([head]) => head),
    COLUMNS.map(() => '---'),
    ...reports.map((report) => COLUMNS.map(([, cell]) => `${cell(report)}`)),
  ]
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}
