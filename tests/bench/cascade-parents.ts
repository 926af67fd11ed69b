/**
 * What two parents cost a viewer against one, processor and memory: the same viewers, in a process of their own, on the same stream,
 * first one way and then the other, five times.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ParentAssignment } from '../../cascade/messages.ts'
import type { FromWorker, ToWorker, WorkerReport } from '../cascade/swarm-protocol.ts'
import { median, round } from './support/statistics.ts'

const PAIRS = 5
const VIEWERS = 10
const BITRATE_KBPS = 2000
const SETTLE_MS = 4000
const MEASURED_MS = 15_000
const ROOTS = ['aaaaaaaaaaaaaaa1', 'aaaaaaaaaaaaaaa2'] as const

interface Cost {
  /** Of one viewer, in percent of a core. */
  cpuPercent: number
  residentMib: number
  httpParts: number
  duplicateBytes: number
}

const file = fileURLToPath(new URL('../cascade/swarm-worker.ts', import.meta.url))

async function start(): Promise<ChildProcess> {
  const worker = fork(file, { execArgv: ['--import', 'tsx'], stdio: ['ignore', 2, 2, 'ipc'] })
  await once(worker, 'message')
  return worker
}

function tell(worker: ChildProcess, message: ToWorker): void {
  worker.send(message)
}

async function report(worker: ChildProcess): Promise<WorkerReport> {
  tell(worker, { do: 'report' })
  for (;;) {
    const [message] = (await once(worker, 'message')) as [FromWorker]
    if (message.is === 'report') return message.report
  }
}

function assigned(parents: number): ParentAssignment[] {
  const give = (root: 0 | 1, role: 'primary' | 'backup', stripes: number): ParentAssignment => ({
    ...{ id: ROOTS[root], role, stripes, depth: 0, why: 'as the benchmark has it' },
  })
  if (parents === 1) return [give(0, 'primary', 0b11111)]
  return [give(0, 'primary', 0b11110), give(1, 'backup', 0b00001)]
}

async function costOf(parents: number): Promise<Cost> {
  const [above, below] = [await start(), await start()]
  // What one says to the other; a report is for us.
  above.on('message', (message: FromWorker) => {
    if (message.is === 'signal') tell(below, { do: 'signal', ...message })
  })
  below.on('message', (message: FromWorker) => {
    if (message.is === 'signal') tell(above, { do: 'signal', ...message })
  })
  const stream = { bitrateKbps: BITRATE_KBPS, startsAtMs: performance.timeOrigin + performance.now() + 500 }
  for (const worker of [above, below]) tell(worker, { do: 'stream', stream })
  for (const id of ROOTS) tell(above, { do: 'spawn', id, isRoot: true, maxChildren: VIEWERS })
  for (let viewer = 0; viewer < VIEWERS; viewer++) {
    const id = viewer.toString(16).padStart(16, '0')
    tell(below, { do: 'spawn', id, isRoot: false, maxChildren: 0 })
    tell(below, { do: 'parents', id, parents: assigned(parents) })
  }
  await delay(SETTLE_MS)
  const before = await report(below)
  await delay(MEASURED_MS)
  const after = await report(below)
  for (const worker of [above, below]) worker.kill('SIGKILL')
  const facts = after.peers.map((peer) => peer.facts)
  return {
    cpuPercent: ((after.cpuSeconds - before.cpuSeconds) / (MEASURED_MS / 1000) / VIEWERS) * 100,
    residentMib: after.residentMib,
    httpParts: facts.reduce((sum, each) => sum + each.parts.http, 0),
    duplicateBytes: facts.reduce((sum, each) => sum + each.bytes.duplicate, 0),
  }
}

const pairs: { one: Cost; two: Cost }[] = []
for (let n = 0; n < PAIRS; n++) pairs.push({ one: await costOf(1), two: await costOf(2) })
const ratio = (of: (cost: Cost) => number): number =>
  round(median(pairs.map(({ one, two }) => of(two) / of(one))))
console.log(
  JSON.stringify(
    {
      benchmark: 'cascade-parents',
      ...{ viewers: VIEWERS, bitrateKbps: BITRATE_KBPS, pairs: PAIRS },
      twoToOne: {
        cpu: ratio(({ cpuPercent }) => cpuPercent),
        memory: ratio(({ residentMib }) => residentMib),
      },
      runs: pairs.map(({ one, two }) => ({ one: rounded(one), two: rounded(two) })),
    },
    null,
    2,
  ),
)

function rounded(cost: Cost): Cost {
  return { ...cost, cpuPercent: round(cost.cpuPercent) }
}
