/** The report: one HTML file with the table, and a picture of every repeat. Pure. */
import { bar } from './bars-text.ts'
import type { ChaosCase } from '../chaos-case.ts'
import type { CaseResult } from '../run-cases.ts'
import { middleText, summarise, type CaseSummary } from './summary.ts'
import { rowOf, TABLE_HEAD } from './table.ts'
import { escapeText, timelineSvg } from './timeline.ts'

export interface Machine {
  cores: number
  node: string
  ffmpeg: string
  at: string
  load: number
}

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 1180px; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; font-size: 13px }
th, td { text-align: left; padding: .35rem .5rem; border-bottom: 1px solid #8883; vertical-align: top }
.met td:nth-child(2) { color: #2d8a59 } .missed td:nth-child(2) { color: #cf3434 } .cannot td:nth-child(2) { color: #b07d17 }
svg { width: 100%; height: auto; margin: .5rem 0 } summary { cursor: pointer } section { margin: 2.2rem 0 }
.legend i { display: inline-block; width: .9em; height: .9em; border-radius: 2px; margin: 0 .3em 0 1em; vertical-align: -1px }
.more { font-size: 13px; opacity: .8 } .miss { color: #cf3434 }
`
const LEGEND = [
  ['#3a9d6a', 'picture of the publisher'],
  ['#c9922b', 'slate'],
  ['#d23b3b', 'stall'],
  ['#b9b9b9', 'drawn late by the machine'],
  ['#7a5cc0', 'overlay'],
  ['#8893a5', 'room not live'],
]

export function pageOf(
  results: readonly CaseResult[],
  cases: readonly ChaosCase[],
  machine: Machine,
): string {
  const summaries = summarise(results)
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Outages</title><style>${STYLE}</style>
<h1>Outages, and what viewers see of them</h1>
<p>${escapeText(`${machine.at}; ${machine.cores} cores, Node ${machine.node}, ${machine.ffmpeg}; load at the end ${machine.load}.`)}
Figures are median / worst of the repeats; one number where they agree.</p>
<table><thead><tr>${TABLE_HEAD.map((head) => `<th>${head}</th>`).join('')}</tr></thead><tbody>
${summaries.map(row).join('\n')}
</tbody></table>
<p class="legend">${LEGEND.map(([colour, text]) => `<i style="background:${colour}"></i>${text}`).join('')}; ticks: parts as they came</p>
${summaries.map((summary) => section(summary, results, cases)).join('\n')}
</html>
`
}

function row(summary: CaseSummary): string {
  const kind = summary.cannot ? 'cannot' : summary.met === summary.runs ? 'met' : 'missed'
  const [title = '', ...cells] = rowOf(summary)
  const link = `<td><a href="#${summary.name}">${escapeText(title)}</a></td>`
  return `<tr class="${kind}">${link}${cells.map((cell) => `<td>${escapeText(cell)}</td>`).join('')}</tr>`
}

function section(summary: CaseSummary, results: readonly CaseResult[], cases: readonly ChaosCase[]): string {
  const own = results.filter(({ name }) => name === summary.name)
  const worst = own.toSorted((a, b) => (b.figures.stallMs ?? -1) - (a.figures.stallMs ?? -1))[0]
  const bars = cases.find(({ name }) => name === summary.name)?.bars
  const more = Object.entries({ outage: middleText(summary.outageMs), ...summary.more })
  return `<section id="${summary.name}"><h2>${escapeText(summary.title)}</h2>
<p>Bar: ${escapeText(bars ? bar(bars) : '–')}. ${summary.met} of ${summary.runs} met it.</p>
<p class="more">${more.map(([name, text]) => `${escapeText(name)} ${escapeText(text)}`).join(' · ')}</p>
${summary.misses.map((miss) => `<p class="miss">${escapeText(miss.slice(0, 600))}</p>`).join('\n')}
${own.map((result) => repeatOf(result, result === worst)).join('\n')}
</section>`
}

function repeatOf(result: CaseResult, isOpen: boolean): string {
  if (!result.timeline) return ''
  const { stallMs, missingFrames, lipSync } = result.figures
  const facts = [
    `stall ${stallMs ?? '–'} ms`,
    `missing ${missingFrames ?? '–'}`,
    `lip-sync ${lipSync ? `${lipSync.medianMs} (worst ${lipSync.worstMs}) ms` : '–'}`,
    `this process late by ${result.lateMs} ms at most`,
    `load ${result.load}`,
  ]
  return `<details${isOpen ? ' open' : ''}><summary>repeat ${result.repeat}: ${result.status}; ${facts.join(', ')}</summary>${timelineSvg(result.timeline)}</details>`
}
