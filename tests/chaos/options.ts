/** The command line of the outage suite. */
import { parseArgs } from 'node:util'

export interface ChaosOptions {
  cases: string[]
  repeat: number
  rooms: number
  minutes: number | null
  json: string | null
  report: string
  /** JSON files of earlier runs whose repeats are counted too. */
  added: string[]
  isReportOnly: boolean
  isMarkdown: boolean
  isShort: boolean
  doesList: boolean
  isHelp: boolean
}

export const HELP = `npm run chaos: outages in the real system, and what viewers see of them.

  --case NAME     only this case; may be given several times (default: all)
  --repeat N      repeats of each case (default 1)
  --rooms N       rooms under test at the same time on one server (default 3)
  --markdown      prints the tables of docs/outages.md instead
  --minutes N     begins nothing after so long (repeat by repeat, so that every case has some)
  --short         the few cases that \`npm test\` runs
  --json FILE     figures and timeline of every repeat
  --add FILE      counts the repeats in a JSON file of an earlier run, too; may be given several times
  --report-only   runs nothing: table and report of what was added
  --report DIR    where the report page goes (default: ./chaos-report)
  --list          names and titles of the cases
  --help          this

Prints a table, writes the report page (report.html, one file) and prints its path. The exit code is 1 when a case misses
its bar or fails; a case that cannot run is listed as such and is no success.`

/** Throws for what is not known. */
export function parseOptions(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      case: { type: 'string', multiple: true },
      repeat: { type: 'string' },
      rooms: { type: 'string' },
      minutes: { type: 'string' },
      short: { type: 'boolean' },
      json: { type: 'string' },
      report: { type: 'string' },
      add: { type: 'string', multiple: true },
      'report-only': { type: 'boolean' },
      markdown: { type: 'boolean' },
      list: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  return {
    cases: values.case ?? [],
    repeat: count('--repeat', values.repeat, 1),
    rooms: count('--rooms', values.rooms, 3),
    minutes: values.minutes === undefined ? null : count('--minutes', values.minutes, 1),
    json: values.json ?? null,
    report: values.report ?? 'chaos-report',
    added: values.add ?? [],
    isReportOnly: values['report-only'] ?? false,
    isMarkdown: values.markdown ?? false,
    isShort: values.short ?? false,
    doesList: values.list ?? false,
    isHelp: values.help ?? false,
  }
}

function count(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > 1000) throw new Error(`${name} ${text}: 1 to 1000`)
  return value
}
