/** Those that stand still, are replaced, and come back: nothing of theirs may reach a viewer. */
import { setTimeout as delay } from 'node:timers/promises'
import { readCounters } from '../../support/counter-picture.ts'
import { treeProcesses } from '../../support/cpu.ts'
import { TrackReader } from '../../support/cluster.ts'
import { eventually } from '../../support/eventually.ts'
import { HeadwaterProcess } from '../../support/headwater-process.ts'
import type { Outage, OutageContext, OutageFindings } from './outage.ts'

/** Past its lease of 3 s, and long enough for another to have taken the program over. */
const ENCODER_STILL_MS = 10_000
/** Less than the reserve: there is one origin, and nothing in its place. */
const ORIGIN_STILL_MS = 6000
const AFTERWARDS_MS = 8000
const LIMIT_MS = 60_000

export const zombieEncoder: Outage = {
  name: 'zombie-encoder',
  title: 'transcoder and its encoder stopped for 10 s, another takes over, then both go on',
  run: async (context) => {
    const { cluster } = context
    const zombie = await cluster.busyTranscoder()
    const pids = treeProcesses(zombie.child.pid ?? 0).map(({ pid }) => pid)
    signal(pids, 'SIGSTOP')
    await delay(ENCODER_STILL_MS)
    const others = cluster.transcoders.filter((each) => each !== zombie)
    await eventually(async () => (await programsOf(others)) === 1, LIMIT_MS)
    signal(pids, 'SIGCONT')
    const awokeAtMs = performance.now()
    await eventually(async () => (await programsOf([zombie])) === 0, LIMIT_MS)
    const fencedAfterMs = Math.round(performance.now() - awokeAtMs)
    await delay(AFTERWARDS_MS)
    return withFrames(context, { fencedAfterMs })
  },
}

/**
 * Rooms and programs are files of the one origin there is (docs/store.md): another on the same data directory must be refused, also while the
 * first is held up, so that it can make no part.
 */
export const secondOrigin: Outage = {
  name: 'second-origin',
  title: 'origin stopped for 6 s, a second one tries its data directory, then the first goes on',
  run: async (context) => {
    const { origin } = context.cluster
    origin.child.kill('SIGSTOP')
    const stillSinceMs = performance.now()
    const refusal = await startSecond(context)
    await delay(Math.max(0, ORIGIN_STILL_MS - (performance.now() - stillSinceMs)))
    origin.child.kill('SIGCONT')
    await delay(AFTERWARDS_MS)
    const isRefused = refusal.includes('data_dir_in_use')
    const found = await withFrames(context, { second: isRefused ? 'refused: data_dir_in_use' : 'let in' })
    return {
      ...found,
      faults: [...(found.faults ?? []), ...(isRefused ? [] : ['a second origin was let in'])],
    }
  },
}

/** What a second origin says before it ends; empty where it begins to serve. */
async function startSecond({ cluster }: OutageContext): Promise<string> {
  const second = await HeadwaterProcess.spawn({
    args: ['--role', 'origin'],
    env: { REDIS_URL: cluster.redis.url },
    dataDir: cluster.origin.dataDir,
  })
  const isOver = await Promise.race([second.exited.then(() => true), delay(LIMIT_MS / 2, false)])
  const said = isOver ? second.output : ''
  await second.close()
  return said
}

/** Every frame of the publisher's, once and in order, in all that can be played back now: an encoder that was behind would show. */
async function withFrames(
  { cluster, room, program }: OutageContext,
  facts: Record<string, number | string>,
): Promise<OutageFindings> {
  const edge = cluster.edges[0] ?? cluster.origin
  const { bytes } = await new TrackReader(edge, { room, program, track: '360p' }).bytes()
  const { counters, complaints } = await readCounters(bytes)
  const steps = counters.slice(1).map((counter, index) => counter - (counters[index] ?? 0))
  const foreign = steps.filter((step) => step !== 1).length
  const faults = [
    ...(foreign > 0 ? [`${foreign} frames out of order, missing or doubled`] : []),
    ...(complaints === '' ? [] : [`does not decode: ${complaints.slice(0, 200)}`]),
    ...(counters.length === 0 ? ['no frame was read'] : []),
  ]
  return { faults, facts: { ...facts, framesRead: counters.length, framesOfZombie: foreign } }
}

async function programsOf(transcoders: readonly HeadwaterProcess[]): Promise<number> {
  const counts = await Promise.all(transcoders.map((each) => each.metric('headwater_transcoder_programs')))
  return counts.reduce((sum, count) => sum + count, 0)
}

function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) process.kill(pid, name)
}
