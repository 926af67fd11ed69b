/** The tables of docs/outages.md, from what was measured. Pure. */
import type { ChaosCase } from '../chaos-case.ts'
import { bar } from './bars-text.ts'
import type { CaseSummary } from './summary.ts'
import { rowOf, TABLE_HEAD } from './table.ts'

/** One table of figures, one of bars and of what only one case has. */
export function docsTables(summaries: readonly CaseSummary[], cases: readonly ChaosCase[]): string {
  const figures = [
    markdownRow(TABLE_HEAD),
    markdownRow(TABLE_HEAD.map(() => '---')),
    ...summaries.map((summary) => markdownRow(rowOf(summary))),
  ]
  const bars = [
    markdownRow(['case', 'bar', 'besides']),
    markdownRow(['---', '---', '---']),
    ...cases.map(({ name, title, bars: own }) => {
      const more = summaries.find((summary) => summary.name === name)?.more ?? {}
      return markdownRow([title, bar(own), moreText(more)])
    }),
  ]
  return `${figures.join('\n')}\n\n${bars.join('\n')}`
}

/** Not what names one run. */
const OF_ONE_RUN = ['room', 'missingAt']

function moreText(more: Readonly<Record<string, string>>): string {
  return Object.entries(more)
    .filter(([name]) => !OF_ONE_RUN.includes(name))
    .map(([name, text]) => `${name} ${text}`)
    .join(', ')
}

function markdownRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
