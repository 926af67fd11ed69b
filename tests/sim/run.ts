/** `npm run sim`: a room full of viewers, or the gates. */
import { writeFileSync } from 'node:fs'
import { CATALOGUE } from './gates/catalogue.ts'
import type { Gate, GateResult } from './gates/gate.ts'
import { freeRun } from './gates/offload.ts'
import { replayOf, runGate } from './gates/run-gate.ts'
import { InvariantBreach } from './measure/invariants.ts'
import { HELP, parseOptions, type SimOptions } from './options.ts'

function main(): number {
  const options = parseOptions(process.argv.slice(2))
  if (options.isHelp) return print(HELP)
  if (options.doesList)
    return print(CATALOGUE.map(({ name, title }) => `${name.padEnd(22)} ${title}`).join('\n'))
  return options.gates ? runGates(options) : runRoom(options)
}

function runGates(options: SimOptions): number {
  const { seed, size, json } = options
  const results: GateResult[] = []
  for (const gate of chosen(options)) {
    const startedMs = performance.now()
    const say = (text: string): void => console.error(`${gate.name}: ${text}`)
    const result = runGate(gate, { seed, size, say })
    results.push(result)
    print(JSON.stringify(result))
    say(`${result.misses.length === 0 ? 'met' : 'MISSED'} in ${seconds(startedMs)} s`)
    for (const miss of result.misses) say(miss)
    if (result.misses.length > 0) console.error(`again: ${replayOf(result, size)}`)
  }
  if (json) writeFileSync(json, `${JSON.stringify(results, null, 1)}\n`)
  return results.every(({ misses }) => misses.length === 0) ? 0 : 1
}

function chosen({ chosen: names }: SimOptions): readonly Gate[] {
  const unknown = names.find((name) => !CATALOGUE.some((gate) => gate.name === name))
  if (unknown) throw new Error(`no gate ${unknown}; --list names them`)
  return CATALOGUE.filter(({ name }) => names.length === 0 || names.includes(name))
}

function runRoom(options: SimOptions): number {
  const { peers, minutes, seed, json } = options
  const startedMs = performance.now()
  try {
    const { figures, details } = freeRun(options, (text) => console.error(`${seconds(startedMs)} s: ${text}`))
    const result = JSON.stringify({ peers, minutes, seed, realSeconds: seconds(startedMs), figures, details })
    if (json) writeFileSync(json, `${result}\n`)
    return print(result)
  } catch (error) {
    if (!(error instanceof InvariantBreach)) throw error
    console.error(`broken: ${error.message}`)
    console.error(`again: npm run sim -- ${process.argv.slice(2).join(' ')} --seed ${seed}`)
    return 1
  }
}

function seconds(sinceMs: number): number {
  return Math.round((performance.now() - sinceMs) / 1000)
}

function print(text: string): 0 {
  console.log(text)
  return 0
}

try {
  process.exitCode = main()
} catch (error) {
  console.error(
    error instanceof Error && error.name !== 'Error' ? error.stack : String((error as Error).message),
  )
  process.exitCode = 1
}
