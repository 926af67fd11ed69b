/** A cluster with three rooms for half an hour, or for hours: what grows, and what is left behind. `npm run bench -- soak --help` says how. */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { countMachineCores } from '../support/cpu.ts'
import { eventually } from '../support/eventually.ts'
import { publishCounter } from '../support/counter-picture.ts'
import { PersistentPublisher } from '../support/persistent-publisher.ts'
import { partsIn, tracksOf } from '../support/hls-viewer/audience.ts'
import { ShieldedCluster } from '../support/shielded-cluster.ts'
import { Crowd, exponential } from './soak/crowd.ts'
import { leaksIn } from './soak/leaks.ts'
import { Sampler, type ProcessReport } from './soak/sampler.ts'
import { round } from './support/statistics.ts'

const HELP = `npm run bench -- soak: an origin, two transcoders, two shields, two edges and a Redis as processes, for long.

  --minutes N     how long (default 30)
  --rooms N       streams (default 3)
  --viewers N     on average at once; they come and go (default 15)
  --help          this

Publishers drop out now and then and come back. Every 10 s: memory, heap, open files and sockets, handles and encoders of each process.
Prints JSON, and a table on standard error. The exit code is 1 when something grows or is left behind.`

const SAMPLE_MS = 10_000
const PUBLISHER_STAYS_MS = 120_000
/** For a reserve. */
const ENOUGH_PARTS = 40
/** Connections that nobody uses are closed by then, which a server does after 65 s, and encoders have ended. */
const SETTLE_MS = 80_000
const LIMIT_MS = 180_000

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    rooms: { type: 'string', default: '3' },
    viewers: { type: 'string', default: '15' },
    help: { type: 'boolean', short: 'h' },
  },
})
if (values.help) console.log(HELP)
else await run()

async function run(): Promise<void> {
  const [minutes, roomCount, viewers] = [count('minutes'), count('rooms'), count('viewers')]
  const cluster = await ShieldedCluster.start()
  const publishers: PersistentPublisher[] = []
  try {
    const sampler = new Sampler(cluster.processes)
    const before = await sampler.look()
    const rooms = []
    for (let index = 0; index < roomCount; index++) rooms.push(await openRoom(cluster, publishers))
    const cores = countMachineCores()
    const crowd = new Crowd({ cluster, rooms, viewers })
    const reconnects = await soak(sampler, publishers, minutes * 60_000)
    const machineCores = round(cores())
    await crowd.close()
    await Promise.all(publishers.map((each) => each.close()))
    for (const { id } of rooms) await cluster.origin.api('POST', `/api/v1/live/${id}/end`)
    await delay(SETTLE_MS)
    const after = await sampler.look()
    const processes = sampler.report(before, after)
    const ended = [...sampler.ended].map(([name, how]) => `${name} ${how}`)
    const leaks = [...ended, ...leaksIn(processes), ...(await programsLeft(cluster))]
    const figures = { minutes, rooms: roomCount, reconnects, machineCores, crowd: crowd.figures }
    console.log(
      JSON.stringify({ benchmark: 'soak', ...figures, remarks: crowd.remarks, leaks, processes }, null, 2),
    )
    console.error(`${table(processes)}\n${leaks.length === 0 ? 'nothing leaks' : leaks.join('\n')}`)
    if (leaks.length > 0) process.exitCode = 1
  } finally {
    await Promise.all(publishers.map((each) => each.close()))
    await cluster.close()
  }
}

async function openRoom(cluster: ShieldedCluster, publishers: PersistentPublisher[]) {
  const { origin } = cluster
  const made = await origin.createRoom()
  const url = origin.publishUrl(made)
  publishers.push(new PersistentPublisher(() => publishCounter({ url, size: '426x240' })))
  const program = await origin.live(made.id)
  const tracks = await tracksOf(origin.url, made.id)
  const playlist = `${origin.url}/live/${made.id}/${program}/${tracks[0]}/index.m3u8`
  await eventually(async () => (await partsIn(playlist)) >= ENOUGH_PARTS, LIMIT_MS)
  return { id: made.id, program, tracks }
}

/** Samples, and lets publishers drop out; resolves with how often they did. */
async function soak(
  sampler: Sampler,
  publishers: readonly PersistentPublisher[],
  lengthMs: number,
): Promise<number> {
  const endsAtMs = performance.now() + lengthMs
  const drops = publishers.map(() => performance.now() + exponential(PUBLISHER_STAYS_MS))
  let dropped = 0
  while (performance.now() < endsAtMs) {
    await sampler.sample()
    await delay(SAMPLE_MS)
    for (const [index, publisher] of publishers.entries()) {
      if (performance.now() < (drops[index] ?? 0)) continue
      publisher.drop()
      drops[index] = performance.now() + exponential(PUBLISHER_STAYS_MS)
      dropped += 1
    }
  }
  return dropped
}

async function programsLeft({ transcoders }: ShieldedCluster): Promise<string[]> {
  const counts = await Promise.all(
    transcoders.map((each) => each.metric('headwater_transcoder_programs').catch(() => 0)),
  )
  const left = counts.reduce((sum, programs) => sum + programs, 0)
  return left === 0 ? [] : [`${left} programs are still encoded`]
}

function table(processes: Readonly<Record<string, ProcessReport>>): string {
  const head = [
    'process',
    'RSS most, MiB',
    'RSS, MiB/h',
    'noise',
    'heap, MiB/h',
    'fds before / most / after',
    'sockets after',
    'handles after',
    'ffmpeg most / after',
  ]
  const rows = Object.entries(processes).map(([name, { idleBefore, idleAfter, most, trends }]) => [
    name,
    ...[most.rssMib, trends.rssMib?.perHour, trends.rssMib?.noise, trends.heapMib?.perHour],
    `${idleBefore.fds} / ${most.fds} / ${idleAfter.fds}`,
    ...[idleAfter.sockets, idleAfter.handles],
    `${most.ffmpegs} / ${idleAfter.ffmpegs}`,
  ])
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** Throws for what is no number. */
function count(name: 'minutes' | 'rooms' | 'viewers'): number {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 1 || value > 1000)
    throw new Error(`--${name} ${values[name]}: 1 to 1000`)
  return value
}
