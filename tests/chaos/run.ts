/** `npm run chaos`: runs the catalogue, prints the table, writes the report. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { CATALOGUE } from './catalogue.ts'
import type { ChaosCase } from './chaos-case.ts'
import { loadNow } from './meters/hiccups.ts'
import { HELP, parseOptions, type ChaosOptions } from './options.ts'
import { docsTables } from './report/docs-tables.ts'
import { pageOf, type Machine } from './report/page.ts'
import { summarise } from './report/summary.ts'
import { tableOf } from './report/table.ts'
import { runCases, type CaseResult } from './run-cases.ts'

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2))
  if (options.isHelp) return print(HELP)
  if (options.doesList)
    return print(CATALOGUE.map(({ name, title }) => `${name.padEnd(22)} ${title}`).join('\n'))
  const cases = chosen(options)
  const run = options.isReportOnly
    ? []
    : await runCases(cases, { ...options, say: (text) => console.error(text) })
  const results = inOrder([...options.added.flatMap(readResults), ...run])
  const summaries = summarise(results)
  if (options.isMarkdown) return print(docsTables(summaries, CATALOGUE))
  print(tableOf(summaries))
  for (const { name, repeat, status, misses } of results)
    if (status !== 'met') print(`${name} ${repeat}: ${status}: ${misses.join('; ')}`)
  print(`report: ${write(options, results)}`)
  return results.every(({ status }) => status === 'met') ? 0 : 1
}

function chosen({ cases, isShort }: ChaosOptions): ChaosCase[] {
  const unknown = cases.find((name) => !CATALOGUE.some((each) => each.name === name))
  if (unknown) throw new Error(`no case ${unknown}; --list names them`)
  return CATALOGUE.filter(
    ({ name, isShort: isOfShort }) => (!isShort || isOfShort) && (cases.length === 0 || cases.includes(name)),
  )
}

/** As this suite wrote it. */
function readResults(file: string): CaseResult[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { results: CaseResult[] }).results
}

/** By the catalogue, then as they came; repeats are counted through. */
function inOrder(results: readonly CaseResult[]): CaseResult[] {
  return CATALOGUE.flatMap(({ name }) =>
    results
      .filter((result) => result.name === name)
      .map((result, index) => ({ ...result, repeat: index + 1 })),
  )
}

/** Gives the path of the report page. */
function write(options: ChaosOptions, results: readonly CaseResult[]): string {
  const machine = machineNow()
  const folder = path.resolve(options.report)
  mkdirSync(folder, { recursive: true })
  const page = path.join(folder, 'report.html')
  writeFileSync(page, pageOf(results, CATALOGUE, machine))
  if (options.json) {
    const rounded = (_: string, value: unknown): unknown =>
      typeof value === 'number' ? Number(value.toFixed(1)) : value
    writeFileSync(
      options.json,
      `${JSON.stringify({ machine, summary: summarise(results), results }, rounded, 1)}\n`,
    )
  }
  return page
}

function machineNow(): Machine {
  const version = execFileSync('ffmpeg', ['-version'], { encoding: 'utf8' })
  return {
    cores: availableParallelism(),
    node: process.version,
    ffmpeg: /^ffmpeg version \S+/.exec(version)?.[0] ?? 'ffmpeg',
    at: new Date().toISOString(),
    load: loadNow(),
  }
}

function print(text: string): 0 {
  console.log(text)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(String((error as Error).message ?? error))
  process.exitCode = 1
}
