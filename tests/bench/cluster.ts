/** A cluster under viewers in continuity mode while one after the other of its processes dies. `npm run bench -- cluster --help` says how. */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { countMachineCores } from '../support/cpu.ts'
import { publishCounter } from '../support/counter-picture.ts'
import { PersistentPublisher } from '../support/persistent-publisher.ts'
import { ShieldedCluster } from '../support/shielded-cluster.ts'
import { OUTAGES } from './outages/catalogue.ts'
import { brokenReport, type OutageReport } from './outages/outage.ts'
import { runOutage, runSteady } from './outages/run-outage.ts'
import { outageTable } from './outages/table.ts'
import { round } from './support/statistics.ts'

const NAMES = ['steady', ...OUTAGES.map(({ name }) => name)]
const HELP = `npm run bench -- cluster: an origin, two transcoders, two shields, two edges and a Redis as processes; viewers without a
browser, nine seconds behind live, go to the other edge when theirs fails. Outages one after the other.

  --only NAME     only this one; may be given several times (default: all)
  --viewers N     at each outage (default 20)
  --steady N      in steady state (default 50)
  --seconds N     of steady state (default 60)
  --list          names and titles
  --help          this

Prints JSON, and a table on standard error. The exit code is 1 when a bar is missed. Needs redis-server and ffmpeg.`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    viewers: { type: 'string', default: '20' },
    steady: { type: 'string', default: '50' },
    seconds: { type: 'string', default: '60' },
    list: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
})
const only = values.only ?? NAMES
const unknown = only.filter((name) => !NAMES.includes(name))

if (values.help) console.log(HELP)
else if (values.list)
  for (const { name, title } of [{ name: 'steady', title: 'nothing happens' }, ...OUTAGES])
    console.log(`${name}\t${title}`)
else if (unknown.length > 0) {
  console.error(`no such outage: ${unknown.join(', ')}; there are ${NAMES.join(', ')}`)
  process.exitCode = 1
} else await run()

async function run(): Promise<void> {
  const cores = countMachineCores()
  const reports: OutageReport[] = []
  for (const name of NAMES.filter((each) => only.includes(each))) {
    console.error(`${name} …`)
    const report = await runAlone(name).catch((error: unknown) => brokenReport(name, error))
    console.error(outageTable([report]))
    reports.push(report)
  }
  const summary = { machineCores: round(cores()), loadAverage: round(loadavg()[0] ?? 0) }
  console.log(JSON.stringify({ benchmark: 'cluster', ...summary, reports }, null, 2))
  if (reports.length > 1) console.error(outageTable(reports))
  if (reports.some(({ missed }) => missed.length > 0)) process.exitCode = 1
}

/** On a cluster of its own: what one outage leaves behind is no other's. */
async function runAlone(name: string): Promise<OutageReport> {
  const cluster = await ShieldedCluster.start()
  const made = await cluster.origin.createRoom()
  const url = cluster.origin.publishUrl(made)
  const publisher = new PersistentPublisher(() => publishCounter({ url }))
  try {
    const program = await cluster.origin.live(made.id)
    const context = { cluster, room: made.id, program, viewers: count('viewers') }
    const outage = OUTAGES.find((each) => each.name === name)
    if (outage) return await runOutage(outage, context)
    return await runSteady({ ...context, viewers: count('steady') }, count('seconds'))
  } finally {
    await publisher.close()
    await cluster.close()
  }
}

/** Throws for what is no number. */
function count(name: 'viewers' | 'steady' | 'seconds'): number {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 1 || value > 1000)
    throw new Error(`--${name} ${values[name]}: 1 to 1000`)
  return value
}
