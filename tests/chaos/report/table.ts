/** The table, for a terminal and for docs/outages.md: the same rows as Markdown. Pure. */
import { middleText, type CaseSummary } from './summary.ts'

const HEAD = [
  'case',
  'met',
  'stall ms',
  'overlay',
  'reload',
  'missing',
  'doubled',
  'lip-sync ms',
  'back in parts ms',
  'on the screen ms',
  'no parts ms',
]

/** Median / worst of the repeats; one number where they agree. */
export function tableOf(summaries: readonly CaseSummary[]): string {
  const rows = summaries.map(rowOf)
  const widths = HEAD.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [line(HEAD), rule, ...rows.map(line)].join('\n')
}

export function rowOf(summary: CaseSummary): string[] {
  if (summary.cannot) return [summary.title, `cannot run: ${summary.cannot}`, ...HEAD.slice(2).map(() => '')]
  return [
    summary.title,
    isPeer(summary)
      ? `${summary.runs} runs`
      : `${summary.met} of ${summary.runs}${summary.failed ? `, ${summary.failed} broke` : ''}`,
    middleText(summary.stallMs),
    summary.overlays ? `in ${summary.overlays}` : 'none',
    String(summary.reloads),
    middleText(summary.missingFrames),
    middleText(summary.doubledFrames),
    middleText(summary.lipSyncMs),
    middleText(summary.backInPartsMs),
    middleText(summary.backOnScreenMs),
    middleText(summary.withoutPartsMs),
  ]
}

/** Others have no bar to meet. */
function isPeer({ name }: CaseSummary): boolean {
  return name.startsWith('peer-')
}

export { HEAD as TABLE_HEAD }
