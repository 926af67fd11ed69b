/**
 * How soon, how late and how steadily a viewer sees the picture: first frame, both latency modes against plain hls.js on
 * the same stream, cost of the program, and one fetch for many. `npm run bench -- latency [--short]`; JSON on standard output.
 */
import type { Browser } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { publishClock } from '../support/clock-picture.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { openWatchPage, untilPlaying, type WatchPage } from '../support/watch-page.ts'
import { servePlainHls } from './support/plain-hls.ts'
import { measureHerd } from './support/part-herd.ts'
import { measureProgramCost } from './support/program-cost.ts'
import { median, spreadOf, type Spread } from './support/statistics.ts'

const isShort = process.argv.includes('--short')
const OPENINGS = isShort ? 3 : 10
const LOW_SECONDS = isShort ? 15 : 60
const CONTINUITY_SECONDS = isShort ? 30 : 300
const SETTLE_SECONDS = isShort ? 8 : 20
const HERD = 300

interface Watched {
  seconds: number
  samples: number
  /** Publisher's clock to screen. */
  clockToScreenMs: Spread | null
  /** Arrival at the origin to screen, as the player reports it. */
  originToScreenMs: Spread | null
  reserveMs: { min: number; median: number } | null
  stalls: number
  stallMs: number
  droppedFrames: number
}

async function main(): Promise<void> {
  const server = await HeadwaterProcess.start({ env: { LOG_LEVEL: 'warn' } })
  const room = await server.createRoom('Bench')
  const clock = publishClock({ url: server.publishUrl(room) })
  await server.live(room.id)
  await sleep(20_000) // continuity viewers begin 9 s back
  const browser = await launchChromium()
  const watch = { url: server.url, roomId: room.id }
  const report = {
    machine: { cores: (await import('node:os')).availableParallelism(), node: process.version },
    firstFrame: await measureFirstFrame(browser, watch),
    low: await measureWatching(browser, { ...watch, mode: 'low' }, LOW_SECONDS),
    plainHlsJs: await measurePlain(browser, server.url, room.id),
    continuity: await measureWatching(browser, { ...watch, mode: 'continuity' }, CONTINUITY_SECONDS),
    herd: await measureHerd(server, room.id, HERD),
    program720p30: null as unknown,
  }
  await browser.close()
  await clock.close()
  await server.close()
  report.program720p30 = await measureProgramCost({
    width: 1280,
    height: 720,
    bitrateKbps: 3000,
    seconds: isShort ? 10 : 30,
  })
  console.log(JSON.stringify(report, null, 2))
}

async function measureFirstFrame(browser: Browser, watch: { url: string; roomId: string }) {
  const figures: Record<string, number[]> = { low: [], continuity: [] }
  for (let index = 0; index < OPENINGS; index++) {
    for (const mode of ['low', 'continuity'] as const) {
      const opened = await openWatchPage(browser, { ...watch, mode })
      await untilPlaying(opened)
      figures[mode]?.push((await opened.stats())?.firstFrameMs ?? NaN)
      await opened.close()
    }
  }
  return Object.entries(figures).map(([mode, ms]) => ({
    mode,
    medianMs: median(ms),
    maxMs: Math.max(...ms),
    allMs: ms,
  }))
}

async function measureWatching(
  browser: Browser,
  watch: Parameters<typeof openWatchPage>[1],
  seconds: number,
): Promise<Watched> {
  const opened = await openWatchPage(browser, watch)
  await untilPlaying(opened)
  await sleep(SETTLE_SECONDS * 1000)
  const watched = await sample(opened, seconds)
  await opened.close()
  return watched
}

async function sample(opened: WatchPage, seconds: number): Promise<Watched> {
  const ages: number[] = []
  const latencies: number[] = []
  const reserves: number[] = []
  const before = await opened.stats()
  const endsAt = Date.now() + seconds * 1000
  while (Date.now() < endsAt) {
    const [age, stats] = [await opened.pictureAge(), await opened.stats()]
    if (age !== null) ages.push(age)
    if (typeof stats?.latencyMs === 'number') latencies.push(stats.latencyMs)
    if (stats) reserves.push(stats.reserveMs)
    await sleep(200)
  }
  const after = await opened.stats()
  return {
    seconds,
    samples: ages.length,
    clockToScreenMs: ages.length ? spreadOf(ages) : null,
    originToScreenMs: latencies.length ? spreadOf(latencies) : null,
    reserveMs: reserves.length ? { min: Math.min(...reserves), median: median(reserves) } : null,
    stalls: (after?.stalls ?? 0) - (before?.stalls ?? 0),
    stallMs: (after?.stallMs ?? 0) - (before?.stallMs ?? 0),
    droppedFrames: (after?.droppedFrames ?? 0) - (before?.droppedFrames ?? 0),
  }
}

/** hls.js with its own loader and its own controller over the same playlists, in its low-latency mode. */
async function measurePlain(browser: Browser, url: string, roomId: string) {
  const plain = await servePlainHls(`${url}/live/${roomId}/master.m3u8`)
  const page = await browser.newPage()
  await page.goto(plain.url)
  await page.waitForFunction('window.plain.firstFrameMs !== null', null, { timeout: 30_000 })
  await sleep(SETTLE_SECONDS * 1000)
  const ages: number[] = []
  const endsAt = Date.now() + LOW_SECONDS * 1000
  while (Date.now() < endsAt) {
    const age = (await page.evaluate("window.readClock(document.querySelector('video'))")) as number | null
    if (age !== null) ages.push(age)
    await sleep(200)
  }
  const { firstFrameMs, gaps } = (await page.evaluate('window.plain')) as {
    firstFrameMs: number
    gaps: number
  }
  await page.close()
  await plain.close()
  return {
    firstFrameMs,
    clockToScreenMs: spreadOf(ages),
    gapsOver250Ms: gaps,
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

await main()
