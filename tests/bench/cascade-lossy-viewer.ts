/**
 * A viewer whose every path loses datagrams, among others that are well. Arguments: loss in percent, minutes, peers, bitrate in kbit/s,
 * seed. Stalled time: a part that is not there when a playhead so far behind would play it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { distributionOf, totalsOf } from '../cascade/measure.ts'
import { SctpSwarm } from '../cascade/swarm.ts'
import { round } from './support/statistics.ts'

const [lossPercent = 10, minutes = 5, peers = 12, bitrateKbps = 1000, seed = 1] = process.argv
  .slice(2, 7)
  .map(Number)
const SETTLE_MS = 6000
/** Distance of the playhead from the newest part, in both latency modes. */
const BEHIND_MS = { continuity: 9000, low: 1000 }
const PART_MS = 250

const swarm = new SctpSwarm({ peers, workers: 2, bitrateKbps, seed, network: { delayMs: 20 } })
await swarm.start()
await delay(SETTLE_MS)
const viewer = swarm.viewers.at(-1) ?? ''
const before = swarm.delays.get(viewer)?.size ?? 0
swarm.spoil(viewer, { delayMs: 20, loss: lossPercent / 100 })
await delay(minutes * 60_000)
const delays = [...(swarm.delays.get(viewer)?.values() ?? [])].slice(before)
const totals = totalsOf(swarm, await swarm.report())
const stalledPercent = (behindMs: number): number => {
  const lateMs = delays.reduce((sum, ms) => sum + Math.min(PART_MS, Math.max(0, ms - behindMs)), 0)
  return round((100 * lateMs) / Math.max(1, delays.length * PART_MS))
}
console.log(
  JSON.stringify(
    {
      benchmark: 'cascade-lossy-viewer',
      ...{ lossPercent, minutes, peers, bitrateKbps, seed },
      parts: delays.length,
      expectedParts: Math.round((minutes * 60_000) / PART_MS),
      overHttp: swarm.fetched.get(viewer) ?? 0,
      parentChanges: swarm.losses.filter(({ id }) => id === viewer).length,
      stalledPercent: {
        continuity: stalledPercent(BEHIND_MS.continuity),
        low: stalledPercent(BEHIND_MS.low),
      },
      delayMs: distributionOf(delays),
      ...{ lagMs: totals.lagMs, isSound: totals.isSound },
    },
    null,
    2,
  ),
)
await swarm.close()
