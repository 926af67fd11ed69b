/**
 * The cascade in real browsers: relays killed, the first frame with it and without, what the second parent costs, and what checking
 * costs. `npm run bench -- cascade-chromium [row …] [--rtt=40] [--loss=0] [--kills=24] [--viewers=5] [--seconds=60] [--pairs=10]
 * [--rounds=5] [--changes=6]`; loss in percent of each datagram; JSON on standard output.
 */
import { availableParallelism, loadavg } from 'node:os'
import { countMachineCores } from '../support/cpu.ts'
import { measureKills } from './support/cascade-kills.ts'
import { measureCost, measureJoining } from './support/cascade-pairs.ts'
import { measureSteady } from './support/cascade-steady.ts'
import { findSurroundings } from './support/cascade-surroundings.ts'
import { measureHidden, measureRenditions } from './support/cascade-tabs.ts'
import { numberOption, wordsGiven } from './support/options.ts'
import { round } from './support/statistics.ts'
import { measureVerification } from './support/verification.ts'

const RTT_MS = 40
const { apart, skipped } = await findSurroundings({
  rttMs: numberOption('rtt', RTT_MS),
  loss: numberOption('loss', 0) / 100,
})
const killing = { count: numberOption('kills', 24), viewers: numberOption('viewers', 5), apart }

const ROWS: Record<string, () => Promise<unknown>> = {
  kills: () => measureKills(killing),
  /** the root is all but closed: few have a second parent */
  scarce: () => measureKills({ ...killing, rootChildren: 2 }),
  /** nobody has more than a second in reserve */
  low: () => measureKills({ ...killing, mode: 'low' }),
  steady: () =>
    measureSteady({ viewers: numberOption('viewers', 6), seconds: numberOption('seconds', 60), apart }),
  /** what viewers do with their own tabs */
  hidden: () => measureHidden({ seconds: numberOption('seconds', 60), apart }),
  renditions: () => measureRenditions({ changes: numberOption('changes', 6), apart }),
  joining: () => measureJoining({ pairs: numberOption('pairs', 10), apart }),
  cost: () => measureCost({ rounds: numberOption('rounds', 5), apart }),
  verification: () => measureVerification(numberOption('rounds', 5)),
}

const wanted = wordsGiven()
const report: Record<string, unknown> = {}
for (const [name, measure] of Object.entries(ROWS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const loadBefore = round(loadavg()[0] ?? NaN, 1)
  const coresUsed = countMachineCores()
  const measured = (await measure()) as object
  report[name] = {
    ...measured,
    load: [loadBefore, round(loadavg()[0] ?? NaN, 1)],
    coresUsed: round(coresUsed()),
  }
}
const machine = { cores: availableParallelism(), node: process.version }
/** null: one browser for all, on the machine's own network */
const path = apart
console.log(JSON.stringify({ benchmark: 'cascade-chromium', machine, path, skipped, ...report }, null, 2))
