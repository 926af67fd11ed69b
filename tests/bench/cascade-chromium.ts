/**
 * The cascade in real browsers: relays killed, the first frame with it and without, what the second parent costs, and what checking
 * costs. `npm run bench -- cascade-chromium [row …] [--rtt=40] [--loss=0] [--kills=24] [--viewers=5] [--seconds=60] [--pairs=10]
 * [--rounds=5]`; loss in percent of each datagram; JSON on standard output.
 */
import { availableParallelism, loadavg } from 'node:os'
import { measureKills } from './support/cascade-kills.ts'
import { measureCost, measureJoining } from './support/cascade-pairs.ts'
import { measureSteady } from './support/cascade-steady.ts'
import { findSurroundings } from './support/cascade-surroundings.ts'
import { round } from './support/statistics.ts'
import { measureVerification } from './support/verification.ts'

const RTT_MS = 40
const { apart, skipped } = await findSurroundings({
  rttMs: option('rtt', RTT_MS),
  loss: option('loss', 0) / 100,
})
const killing = { count: option('kills', 24), viewers: option('viewers', 5), apart }

const ROWS: Record<string, () => Promise<unknown>> = {
  kills: () => measureKills(killing),
  /** the root is all but closed: few have a second parent */
  scarce: () => measureKills({ ...killing, rootChildren: 2 }),
  /** nobody has more than a second in reserve */
  low: () => measureKills({ ...killing, mode: 'low' }),
  steady: () => measureSteady({ viewers: option('viewers', 6), seconds: option('seconds', 60), apart }),
  joining: () => measureJoining({ pairs: option('pairs', 10), apart }),
  cost: () => measureCost({ rounds: option('rounds', 5), apart }),
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
/** null: one browser for all, on the machine's own network */
const path = apart
console.log(JSON.stringify({ benchmark: 'cascade-chromium', machine, path, skipped, ...report }, null, 2))

function option(name: string, otherwise: number): number {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`))
  const value = given === undefined ? NaN : Number(given.split('=')[1])
  return Number.isNaN(value) ? otherwise : value
}
