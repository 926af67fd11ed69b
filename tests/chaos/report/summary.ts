/** The repeats of each case in one row: how many met the bar, median and worst of every figure. Pure. */
import type { Figures } from '../chaos-case.ts'
import type { CaseResult } from '../run-cases.ts'

export interface CaseSummary {
  name: string
  title: string
  runs: number
  met: number
  cannot: string | null
  failed: number
  outageMs: Middle | null
  stallMs: Middle | null
  machineGaps: number
  overlays: number
  reloads: number
  missingFrames: Middle | null
  doubledFrames: Middle | null
  lipSyncMs: Middle | null
  backInPartsMs: Middle | null
  backOnScreenMs: Middle | null
  withoutPartsMs: Middle | null
  more: Record<string, string>
  misses: string[]
}

export interface Middle {
  median: number
  worst: number
}

export function summarise(results: readonly CaseResult[]): CaseSummary[] {
  const names = [...new Set(results.map(({ name }) => name))]
  return names.map((name) => summaryOf(results.filter((result) => result.name === name)))
}

function summaryOf(results: readonly CaseResult[]): CaseSummary {
  const [first] = results
  const ran = results.filter(({ status }) => status === 'met' || status === 'missed')
  const figures = ran.map((result) => result.figures)
  const of = (pick: (each: Figures) => number | null): Middle | null =>
    middleOf(figures.flatMap((each) => pick(each) ?? []))
  return {
    name: first?.name ?? '',
    title: first?.title ?? '',
    runs: results.length,
    met: results.filter(({ status }) => status === 'met').length,
    cannot: results.find(({ status }) => status === 'cannot')?.misses[0] ?? null,
    failed: results.filter(({ status }) => status === 'failed').length,
    outageMs: of(({ outageMs }) => outageMs),
    stallMs: of(({ stallMs }) => stallMs),
    machineGaps: figures.reduce((sum, { machineGaps }) => sum + (machineGaps ?? 0), 0),
    overlays: figures.filter(({ overlay }) => overlay !== null).length,
    reloads: figures.reduce((sum, { reloads }) => sum + (reloads ?? 0), 0),
    missingFrames: of(({ missingFrames }) => missingFrames),
    doubledFrames: of(({ doubledFrames }) => doubledFrames),
    lipSyncMs: of(({ lipSync }) => lipSync?.medianMs ?? null),
    backInPartsMs: of(({ backInPartsMs }) => backInPartsMs),
    backOnScreenMs: of(({ backOnScreenMs }) => backOnScreenMs),
    withoutPartsMs: of(({ longestWithoutPartsMs }) => longestWithoutPartsMs),
    more: moreOf(figures),
    misses: results.flatMap(({ repeat, misses }) => misses.map((miss) => `${repeat}: ${miss}`)),
  }
}

/** Figures of this case alone; texts of the last repeat. */
function moreOf(figures: readonly Figures[]): Record<string, string> {
  const names = new Set(figures.flatMap(({ more }) => Object.keys(more)))
  return Object.fromEntries(
    [...names].map((name) => {
      const values = figures.flatMap(({ more }) => more[name] ?? [])
      const numbers = values.filter((value) => typeof value === 'number')
      return [name, numbers.length ? middleText(middleOf(numbers)) : String(values.at(-1) ?? '–')]
    }),
  )
}

/** `worst` is what lies farthest from 0. */
function middleOf(values: readonly number[]): Middle | null {
  const sorted = values.toSorted((a, b) => a - b)
  if (sorted.length === 0) return null
  const worst = values.reduce((far, value) => (Math.abs(value) > Math.abs(far) ? value : far), 0)
  return { median: Math.round(sorted[sorted.length >> 1] ?? NaN), worst: Math.round(worst) }
}

/** `median / worst`; one number where they are the same. */
export function middleText(middle: Middle | null): string {
  if (!middle) return '–'
  return middle.median === middle.worst ? String(middle.median) : `${middle.median} / ${middle.worst}`
}
