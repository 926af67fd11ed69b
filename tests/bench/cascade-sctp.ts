/**
 * Relays of a swarm over real SCTP are killed, and what their children notice of it. Arguments: peers, kills, bitrate in kbit/s,
 * delay one way in ms, loss in percent, seed, how (silence, close, leave).
 */
import { setTimeout as delay } from 'node:timers/promises'
import { costsOf, distributionOf, totalsOf } from '../cascade/measure.ts'
import { SctpSwarm } from '../cascade/swarm.ts'
import type { Death } from '../cascade/swarm-protocol.ts'

const [peers = 100, kills = 200, bitrateKbps = 1000, delayMs = 20, lossPercent = 0, seed = 1] = process.argv
  .slice(2, 8)
  .map(Number)
const how = (process.argv[8] ?? 'silence') as Death
/** No more than one viewer in a hundred dies in a second: what is measured is a death, not a mass of them. */
const killEveryMs = Math.max(1200, 64_000 / peers)
const SETTLE_MS = 8000

const network = delayMs > 0 || lossPercent > 0 ? { delayMs, loss: lossPercent / 100 } : null
const swarm = new SctpSwarm({ peers, workers: 2, bitrateKbps, seed, network })
const startedAt = performance.now()
await swarm.start()
await delay(SETTLE_MS)
const joinedMs = performance.now() - startedAt
for (let misses = 0; swarm.kills.length < kills && misses < kills;) {
  if (swarm.killSomeRelay(how) === null) misses++
  await delay(killEveryMs)
}
await delay(SETTLE_MS)
const reports = await swarm.report()
const costs = costsOf(swarm)
const of = (role: 'primary' | 'backup') => costs.filter((cost) => cost.role === role)
const figures = (role: 'primary' | 'backup') => ({
  children: of(role).length,
  worstPartDelayMs: distributionOf(of(role).flatMap(({ worstMs }) => worstMs ?? [])),
  gapMs: distributionOf(of(role).flatMap(({ gapMs }) => gapMs ?? [])),
  beforeMs: distributionOf(of(role).flatMap(({ beforeMs }) => beforeMs ?? [])),
  givenUpMs: distributionOf(of(role).flatMap(({ givenUpMs }) => givenUpMs ?? [])),
  partsLost: of(role).reduce((sum, { lost }) => sum + lost, 0),
})
console.log(
  JSON.stringify(
    {
      benchmark: 'cascade-sctp',
      ...{ peers, bitrateKbps, delayMs, lossPercent, seed, how },
      kills: swarm.kills.length,
      depth: swarm.depth,
      minutes: Number(((performance.now() - startedAt - joinedMs) / 60_000).toFixed(1)),
      childrenOfThePrimary: figures('primary'),
      childrenOfTheBackup: figures('backup'),
      totals: totalsOf(swarm, reports),
    },
    null,
    2,
  ),
)
await swarm.close()
