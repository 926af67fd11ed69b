/**
 * What an FLV viewer costs: the edge beside nginx that proxies the same, and node-media-server as it is shipped, in the same run, on
 * the same stream of 2.5 Mbit/s. Each server is a process of its own whose CPU time is read from /proc; viewers are another process.
 * `npm run bench -- flv [viewers] [flush of the edge, ms]`
 */

import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { cpus } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { Child } from './support/child.ts'
import { makeFlv } from './support/flv-file.ts'
import { startFlvNginx, type MeasuredServer } from './support/flv-nginx.ts'
import type { ViewersOrder, ViewersReport } from './support/flv-viewers.ts'
import { median, round } from './support/statistics.ts'

interface Contestant {
  name: 'edge' | 'nginx' | 'node-media-server'
  server: MeasuredServer
  port: number
  path: string
  startedAt: number | null
}

const VIEWERS = Number(process.argv[2] ?? 500)
const FLUSH_MS = process.argv[3] === undefined ? null : Number(process.argv[3])
const ROUNDS = 3
const SETTLE_MS = 4000
const MEASURE_MS = 12_000

const { folder, file } = makeFlv()

const at = (name: string): URL => new URL(`support/${name}.ts`, import.meta.url)
const origin = await Child.start<{ port: number; startedAt: number }>(at('flv-origin'), [file])
const flv = FLUSH_MS === null ? {} : { flushMs: FLUSH_MS }
const edge = await Child.start<{ port: number }>(at('edge-process'), [
  `http://127.0.0.1:${origin.ready.port}`,
  JSON.stringify(flv),
])
const nginx = await startFlvNginx(origin.ready.port)
const nms = await Child.start<{ rtmpPort: number; httpPort: number }>(at('nms-process'), [])
const viewers = await Child.start(at('flv-viewers'), [])
const url = `rtmp://127.0.0.1:${nms.ready.rtmpPort}/live/bench`
const publisher = spawn(
  'ffmpeg',
  [...'-v error -re -stream_loop -1 -i'.split(' '), file, ...'-c copy -f flv'.split(' '), url],
  {
    stdio: ['ignore', 2, 2],
  },
)

const contestants: Contestant[] = [
  {
    name: 'edge',
    server: edge.child,
    port: edge.ready.port,
    path: '/live/room-1/source.flv',
    startedAt: origin.ready.startedAt,
  },
  { name: 'nginx', ...nginx, path: '/live/room-1/source.flv', startedAt: origin.ready.startedAt },
  {
    name: 'node-media-server',
    server: nms.child,
    port: nms.ready.httpPort,
    path: '/live/bench.flv',
    startedAt: null,
  },
]

try {
  await delay(SETTLE_MS)
  const runs = contestants.map((contestant) => ({
    contestant,
    samples: [] as Awaited<ReturnType<typeof measure>>[],
  }))
  const idle: Awaited<ReturnType<typeof measure>>[] = []
  for (const { contestant } of runs) idle.push(await measure(contestant, 1))
  for (let n = 0; n < ROUNDS; n++) {
    for (const run of runs) run.samples.push(await measure(run.contestant, VIEWERS))
  }
  const results = runs.map(({ contestant, samples }, n) =>
    summarise(contestant, samples, idle[n]?.cpuPercent ?? 0),
  )
  const [ours, ...others] = results
  const ratios = Object.fromEntries(
    others.map(({ name, cpuPercentPerViewer }) => [
      name,
      round((ours?.cpuPercentPerViewer ?? NaN) / cpuPercentPerViewer, 3),
    ]),
  )
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
  console.log(
    JSON.stringify({ benchmark: 'flv', machine, viewers: VIEWERS, rounds: ROUNDS, results, ratios }, null, 2),
  )
} finally {
  publisher.kill('SIGKILL')
  await nginx.server.close()
  for (const { child } of [viewers, edge, nms, origin]) await child.close()
  rmSync(folder, { recursive: true })
}

async function measure({ server, port, path, startedAt }: Contestant, count: number) {
  const before = await upstreamsNow()
  await order({ do: 'open', port, path, count, startedAt })
  await delay(SETTLE_MS)
  const cpu = server.cpuSeconds()
  const from = performance.now()
  const report = await order({ do: 'measure', ms: MEASURE_MS })
  const upstreams = (await upstreamsNow()) - before
  const cpuPercent = (server.cpuSeconds() - cpu) / ((performance.now() - from) / 100_000)
  const residentMib = server.residentMib()
  await order({ do: 'close' })
  await delay(1000)
  return { cpuPercent, residentMib, report, upstreams }
}

/** Streams that the origin sends. */
async function upstreamsNow(): Promise<number> {
  return (await origin.child.ask<{ clients: number }>({})).clients
}

function order(it: ViewersOrder): Promise<ViewersReport> {
  return viewers.child.ask<ViewersReport>(it)
}

function summarise({ name }: Contestant, samples: Awaited<ReturnType<typeof measure>>[], idle: number) {
  const cpuPercent = median(samples.map((sample) => sample.cpuPercent))
  return {
    name,
    cpuPercent: round(cpuPercent),
    cpuPercentWithOneViewer: round(idle),
    cpuPercentPerViewer: round((cpuPercent - idle) / VIEWERS, 4),
    residentMib: Math.max(...samples.map((sample) => sample.residentMib)),
    /** Streams that it reads of the origin for them; node-media-server is published to. */
    upstreams: Math.max(...samples.map(({ upstreams }) => upstreams)),
    connected: Math.min(...samples.map(({ report }) => report.connected)),
    kbpsMin: Math.min(...samples.map(({ report }) => report.kbpsMin)),
    kbpsMedian: median(samples.map(({ report }) => report.kbpsMedian)),
    delayMs: samples.map(({ report }) => report.delayMs),
  }
}
