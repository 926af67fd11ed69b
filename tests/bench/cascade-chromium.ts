/**
 * The cascade in real browsers: relays killed, the first frame with it and without, what the second parent costs, and what checking
 * costs. `npm run bench -- cascade-chromium [row …] [--kills=24] [--viewers=6] [--seconds=60] [--pairs=10] [--rounds=5]`; JSON on standard output.
 */
import { availableParallelism, loadavg } from 'node:os'
import { measureKills } from './support/cascade-kills.ts'
import { measureCost, measureJoining } from './support/cascade-pairs.ts'
import { measureSteady } from './support/cascade-steady.ts'
import { round } from './support/statistics.ts'
import { measureVerification } from './support/verification.ts'

const ROWS: Record<string, () => Promise<unknown>> = {
  kills: () => measureKills(option('kills', 24)),
  /** the root is all but closed: few have a second parent */
  scarce: () => measureKills(option('kills', 24), 2),
  steady: () => measureSteady(option('viewers', 6), option('seconds', 60)),
  joining: () => measureJoining(option('pairs', 10)),
  cost: () => measureCost(option('rounds', 5)),
  verification: () => measureVerification(option('rounds', 5)),
}

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))
const report: Record<string, unknown> = {}
for (const [name, measure] of Object.entries(ROWS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const loadBefore = round(loadavg()[0] ?? NaN, 1)
  report[name] = { ...((await measure()) as object), load: [loadBefore, round(loadavg()[0] ?? NaN, 1)] }
}
const machine = { cores: availableParallelism(), node: process.version }
console.log(JSON.stringify({ benchmark: 'cascade-chromium', machine, ...report }, null, 2))

function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`))
  return given ? Number(given.split('=')[1]) || otherwise : otherwise
}
