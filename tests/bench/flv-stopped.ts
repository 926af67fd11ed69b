/** FLV viewers that stop reading among good ones: what the good ones notice, what the edge holds, what becomes of the others. */

import { setTimeout as delay } from 'node:timers/promises'
import { rmSync } from 'node:fs'
import { Child } from './support/child.ts'
import { makeFlv } from './support/flv-file.ts'
import type { ViewersOrder, ViewersReport } from './support/flv-viewers.ts'

const GOOD = 50
const STOPPED = 100
const SETTLE_MS = 4000
const MEASURE_MS = 5000
// Buffers of the kernel take some 4 MB of each before the edge notices; then 1 MB, then 10 s.
const PERIODS = 9

const { folder, file } = makeFlv()
const at = (name: string): URL => new URL(`support/${name}.ts`, import.meta.url)
const origin = await Child.start<{ port: number; startedAt: number }>(at('flv-origin'), [file])
const edge = await Child.start<{ port: number }>(at('edge-process'), [
  `http://127.0.0.1:${origin.ready.port}`,
])
const good = await Child.start(at('flv-viewers'), [])
const stopped = await Child.start(at('flv-viewers'), [])
const where = { do: 'open' as const, port: edge.ready.port, path: '/live/room-1/source.flv' }

try {
  await order(good.child, { ...where, count: GOOD, startedAt: origin.ready.startedAt })
  await delay(SETTLE_MS)
  const periods = [await period()]
  await order(stopped.child, { ...where, count: STOPPED, startedAt: null, stopAfterBytes: 1 })
  for (let n = 0; n < PERIODS; n++) periods.push(await period())
  await order(stopped.child, { do: 'close' })
  await delay(1000)
  periods.push(await period())
  console.log(JSON.stringify({ benchmark: 'flv-stopped', good: GOOD, stopped: STOPPED, periods }, null, 2))
} finally {
  for (const { child } of [good, stopped, edge, origin]) await child.close()
  rmSync(folder, { recursive: true })
}

async function period() {
  const { connected, kbpsMin, delayMs } = await order(good.child, { do: 'measure', ms: MEASURE_MS })
  const { clients } = await edge.child.ask<{ clients: number }>({})
  return {
    good: { connected, kbpsMin, delayMs },
    edge: { residentMib: edge.child.residentMib(), clients },
  }
}

function order(child: Child, it: ViewersOrder): Promise<ViewersReport> {
  return child.ask<ViewersReport>(it)
}
