/**
 * From the moment a publisher is accepted to the first frame on a page that waits for it, in both modes, and what the time
 * goes into. `npm run bench -- startup [times] [--steps]`; JSON on standard output.
 */
import { rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Browser } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { Publisher } from '../support/publisher.ts'
import { FIRST_FRAME_WATCH, followSteps, readFirstFrame, type Step } from './support/first-frame.ts'
import { makeFlv } from './support/flv-file.ts'
import { round, spreadOf } from './support/statistics.ts'

const TIMES = Number(process.argv[2] ?? 10) || 10
const HAS_STEPS = process.argv.includes('--steps')
const LIMIT_MS = 20_000
const MODES = ['low', 'continuity'] as const

/** Milliseconds after the publisher was accepted. */
interface Start {
  /** The encoder was chosen and started. */
  encodingMs: number
  /** Every track has its first part. */
  liveMs: number
  firstFrameMs: number
  steps: Step[]
}

const { folder, file } = makeFlv()
const server = await HeadwaterProcess.start({ env: { LOG_LEVEL: 'info' } })
const browser = await launchChromium()
try {
  const modes = []
  for (const mode of MODES) {
    const starts: Start[] = []
    for (let n = 0; n < TIMES; n++) starts.push(await measureStart(browser, mode))
    modes.push({ mode, ...summarise(starts) })
  }
  const machine = { cores: availableParallelism(), node: process.version }
  console.log(JSON.stringify({ benchmark: 'startup', machine, times: TIMES, modes }, null, 2))
} finally {
  await browser.close()
  await server.close()
  rmSync(folder, { recursive: true })
}

async function measureStart(from: Browser, mode: (typeof MODES)[number]): Promise<Start> {
  const room = await server.createRoom('Startup')
  const context = await from.newContext({ viewport: { width: 800, height: 600 } })
  await context.addInitScript(FIRST_FRAME_WATCH)
  const preferences = JSON.stringify({ mode, engine: null })
  await context.addInitScript((kept) => localStorage.setItem('headwater.preferences', kept), preferences)
  const page = await context.newPage()
  const steps = followSteps(page)
  await page.goto(`${server.url}/watch/${room.id}`)
  await eventually(() => steps.some(({ what }) => what === 'room is idle'), LIMIT_MS)
  const paced = ['-v', 'error', '-re', '-stream_loop', '-1', '-i', file, '-c', 'copy', '-f', 'flv']
  const publisher = new Publisher([...paced, server.publishUrl(room)])
  let firstFrameAtMs: number | null = null
  await eventually(async () => (firstFrameAtMs = await readFirstFrame(page)) !== null, LIMIT_MS)
  const acceptedAtMs = loggedAt(room.id, 'publisher connected')
  const start = {
    encodingMs: loggedAt(room.id, 'encoding') - acceptedAtMs,
    liveMs: loggedAt(room.id, 'program state', 'live') - acceptedAtMs,
    firstFrameMs: Math.round((firstFrameAtMs ?? NaN) - acceptedAtMs),
    steps: steps.map(({ atMs, what }) => ({ atMs: atMs - acceptedAtMs, what })),
  }
  await publisher.close()
  await context.close()
  await server.api('DELETE', `/api/v1/live/${room.id}`)
  return start
}

/** When the log first says something of a room. */
function loggedAt(roomId: string, message: string, to?: string): number {
  for (const line of server.output.split('\n')) {
    if (!line.startsWith('{') || !line.includes(roomId)) continue
    const entry = JSON.parse(line) as { time: number | string; msg: string; to?: string }
    if (entry.msg === message && (to === undefined || entry.to === to)) return new Date(entry.time).getTime()
  }
  return NaN
}

function summarise(starts: Start[]) {
  const of = (pick: (start: Start) => number) => spreadOf(starts.map(pick))
  return {
    encodingMs: of(({ encodingMs }) => encodingMs),
    liveMs: of(({ liveMs }) => liveMs),
    firstFrameMs: of(({ firstFrameMs }) => firstFrameMs),
    allFirstFramesMs: starts.map(({ firstFrameMs }) => round(firstFrameMs, 0)),
    ...(HAS_STEPS ? { steps: starts.at(-1)?.steps.filter(({ atMs }) => atMs > 0) } : {}),
  }
}
