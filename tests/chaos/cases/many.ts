/** Two hundred outages at random in one program: short ones, one after another, the same with every run. */
import { setTimeout as sleep } from 'node:timers/promises'
import { HeadwaterProcess } from '../../support/headwater-process.ts'
import type { ChaosCase, Figures } from '../chaos-case.ts'
import { residentMib } from '../processes.ts'
import { SMALL_CACHE } from '../server-options.ts'
import type { Stage } from '../stage.ts'
import { recordingOf } from './recording.ts'
import { onStage } from './publisher.ts'

const OUTAGES = Number(process.env['CHAOS_OUTAGES'] ?? 200)
const SEED = 20261121
/** ms, from … to … */
const ON_AIR = [700, 1900] as const
const DOWN = [100, 1300] as const
const BACK_LIMIT_MS = 15_000

const twoHundred: ChaosCase = {
  name: 'two-hundred',
  title: '200 outages at random in one program (0.1 to 1.3 s each, every 2 to 3 s)',
  isOnce: true,
  bars: {
    missingFrames: 0,
    contiguous: true,
    flvKept: true,
    lipSyncMs: 40,
    more: {
      notBack: 0,
      otherPrograms: 0,
      memoryGrowthPercent: 15,
      recordingComplete: true,
      recordings: 1,
      recordingMissing: 0,
    },
  },
  run: async (context) => {
    const server = await HeadwaterProcess.start(SMALL_CACHE)
    try {
      const options = { title: 'two hundred', server, browser: null, settleMs: 5000 }
      return await onStage(context, options, (stage) => endure(stage, context.say))
    } finally {
      await server.close()
    }
  },
}

async function endure(stage: Stage, say: (text: string) => void): Promise<Figures['more']> {
  const random = seeded(SEED)
  const between = ([from, to]: readonly [number, number]): number => from + random() * (to - from)
  const memory: number[] = []
  const heap: number[] = []
  let notBack = 0
  for (let n = 0; n < OUTAGES; n++) {
    await stage.outage(between(DOWN))
    await stage.untilParts(BACK_LIMIT_MS).catch(() => notBack++)
    await sleep(between(ON_AIR))
    memory.push(residentMib(stage.server.child.pid ?? 0))
    heap.push((await stage.server.metric('headwater_nodejs_heap_size_used_bytes')) / 2 ** 20)
    if (n % 20 === 19) say(`two-hundred: ${n + 1} outages, ${Math.round(memory.at(-1) ?? 0)} MiB`)
  }
  await sleep(3000)
  const room = await stage.server.room(stage.room.id)
  await stage.server.api('POST', `/api/v1/live/${stage.room.id}/end`)
  // The window of parts and the heap fill at first: the second quarter against the last.
  const [early, late] = [medianOf(memory, 0.25, 0.5), medianOf(memory, 0.75, 1)]
  return {
    outages: OUTAGES,
    notBack,
    otherPrograms: room.program_id === stage.program ? 0 : 1,
    memoryEarlyMib: Math.round(early),
    memoryLateMib: Math.round(late),
    // What is left behind a collection: the least of each quarter.
    heapEarlyMib: Math.round(leastOf(heap, 0.25, 0.5)),
    heapLateMib: Math.round(leastOf(heap, 0.75, 1)),
    memoryGrowthPercent: Math.round((late / early - 1) * 100),
    ...(await recordingOf(stage)),
  }
}

function leastOf(values: readonly number[], from: number, to: number): number {
  return Math.min(...values.slice(Math.floor(values.length * from), Math.ceil(values.length * to)))
}

function medianOf(values: readonly number[], from: number, to: number): number {
  const part = values.slice(Math.floor(values.length * from), Math.ceil(values.length * to))
  return part.toSorted((a, b) => a - b)[part.length >> 1] ?? NaN
}

/** mulberry32: numbers from 0 to 1 that are the same with every run. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export const MANY_CASES: readonly ChaosCase[] = [twoHundred]
