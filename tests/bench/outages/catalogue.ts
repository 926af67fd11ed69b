/** What dies while viewers watch. */
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../../support/eventually.ts'
import type { HeadwaterProcess } from '../../support/headwater-process.ts'
import type { Outage, OutageContext, OutageFindings } from './outage.ts'
import { secondOrigin, zombieEncoder } from './zombies.ts'

const REDIS_AWAY_MS = 60_000
const REDIS_SLOW_MS = 20_000
const REDIS_DELAY_MS = 300
const ORIGIN_AWAY_MS = 30_000
/** A supervisor that starts anew what has died. */
const STARTED_AGAIN_MS = 10_000
const LIMIT_MS = 120_000

const killed = async (process: HeadwaterProcess): Promise<OutageFindings> => {
  await process.restart({ signal: 'SIGKILL', awayMs: STARTED_AGAIN_MS })
  return {}
}

async function originAway({ cluster, room, program }: OutageContext): Promise<OutageFindings> {
  const killedAtMs = performance.now()
  await cluster.origin.restart({ signal: 'SIGKILL', awayMs: ORIGIN_AWAY_MS })
  const upMs = performance.now() - killedAtMs
  const isLive = async (): Promise<boolean> => (await cluster.origin.room(room)).state === 'live'
  await eventually(isLive, LIMIT_MS)
  const awayMs = performance.now() - killedAtMs
  const isSame = (await cluster.origin.room(room)).program_id === program
  return {
    awayMs,
    faults: isSame ? [] : ['the room has another program'],
    facts: { originUpAfterMs: Math.round(upMs), liveAfterMs: Math.round(awayMs) },
  }
}

export const OUTAGES: readonly Outage[] = [
  {
    name: 'edge',
    title: 'edge killed, up again after 10 s',
    run: ({ cluster }) => killed(firstOf(cluster.edges)),
  },
  {
    name: 'shield',
    title: 'the busier shield killed, up again after 10 s',
    run: async ({ cluster }) => killed(await cluster.busyShield()),
  },
  {
    name: 'transcoder',
    title: 'transcoder of the program killed, up again after 10 s',
    run: async ({ cluster }) => killed(await cluster.busyTranscoder()),
  },
  {
    name: 'redis',
    title: 'Redis killed for 60 s, back empty',
    run: async ({ cluster }) => {
      await cluster.redisAway(REDIS_AWAY_MS)
      return {}
    },
  },
  {
    name: 'redis-slow',
    title: 'Redis answers 300 ms late for 20 s',
    run: async ({ cluster }) => {
      cluster.wayToRedis.answerDelayMs = REDIS_DELAY_MS
      await delay(REDIS_SLOW_MS)
      cluster.wayToRedis.answerDelayMs = 0
      return {}
    },
  },
  {
    name: 'origin',
    title: 'origin killed, up again after 30 s, publisher back by itself',
    bars: { mayOutlastReserve: true, conflicting: 2, broken: 2 },
    run: originAway,
  },
  zombieEncoder,
  secondOrigin,
]

function firstOf(processes: readonly HeadwaterProcess[]): HeadwaterProcess {
  const [first] = processes
  if (!first) throw new Error('there is none to kill')
  return first
}
