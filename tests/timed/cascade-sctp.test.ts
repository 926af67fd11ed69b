/** The short form of `npm run bench -- cascade-sctp`: a small swarm over real SCTP, at a round trip of 40 ms, whose relays are killed. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { costsOf, distributionOf, totalsOf } from '../cascade/measure.ts'
import { SctpSwarm } from '../cascade/swarm.ts'

const KILLS = 10
const KILL_EVERY_MS = 800
const SETTLE_MS = 4000
// A tenth of what viewers in continuity mode have loaded, twelve times the aim on a machine that is left alone.
const WORST_MS = 3000

// One test, so that a second try is one of another swarm.
it('loses no part when relays die, and brings what is missing long before it is due, from peers', async () => {
  const swarm = new SctpSwarm({
    ...{ peers: 12, workers: 2, bitrateKbps: 1000, seed: 1 },
    network: { delayMs: 20 },
  })
  onTestFinished(() => swarm.close())
  await swarm.start()
  await delay(SETTLE_MS)
  for (let tries = 0; swarm.kills.length < KILLS && tries < 2 * KILLS; tries++) {
    // The other ways in between: a death that is seen must not cost more than one that is not.
    swarm.killSomeRelay(tries % 3 === 2 ? 'close' : 'silence')
    await delay(KILL_EVERY_MS)
  }
  await delay(SETTLE_MS)
  const totals = totalsOf(swarm, await swarm.report())
  expect(swarm.kills.length).toBeGreaterThanOrEqual(KILLS / 2)
  expect(totals.lost).toBe(0)
  expect(costsOf(swarm).reduce((sum, { lost }) => sum + lost, 0)).toBe(0)
  const worst = distributionOf(costsOf(swarm).map(({ worstMs }) => worstMs ?? Infinity))
  expect(worst.count).toBeGreaterThan(0)
  expect(worst.max).toBeLessThan(WORST_MS)
  expect(totals.httpPercent).toBeLessThan(10)
  expect(totals.rejectedChunks).toBe(0)
  expect(totals.backupToPrimary).toBeGreaterThan(0.05)
  expect(totals.backupToPrimary).toBeLessThan(0.6)
})
