/** Viewers of edges that the server names: one edge is killed, and nobody sees it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { publishClock } from '../support/clock-picture.ts'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-ports.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { expectUnnoticed, observe } from '../support/observe.ts'
import { RedisServer } from '../support/redis-server.ts'
import { namedEdges } from '../support/shielded-cluster.ts'
import { openWatchPage, untilPlaying, untilReserve, type WatchPage } from '../support/watch-page.ts'

const LIMIT_MS = 60_000
/** Twice what continuity viewers hold. */
const WATCHED_S = 18
/** What a program is to have behind it. */
const REACH_MS = 12_000
const RESERVE_MS = 6000
/** Nobody else to take media from. */
const ALONE = { peers: false }

let redis: RedisServer
let origin: HeadwaterProcess
let room: MadeRoom
let browser: Browser
let clock: ReturnType<typeof publishClock>
const edges: HeadwaterProcess[] = []

beforeAll(async () => {
  redis = await RedisServer.start()
  const env = { REDIS_URL: redis.url, CLUSTER_SECRET: 'secret-of-the-cluster-under-test' }
  origin = await HeadwaterProcess.start({ env })
  for (const port of await freePorts(2)) {
    const url = `http://127.0.0.1:${port}`
    const own = { HTTP_PORT: `${port}`, EDGE_PUBLIC_URL: url, ORIGIN_URL: origin.internalUrl }
    edges.push(await HeadwaterProcess.start({ args: ['--role', 'edge'], env: { ...env, ...own } }))
  }
  room = await origin.createRoom('Clock')
  browser = await launchChromium()
  clock = publishClock({ url: origin.publishUrl(room), width: 320, height: 180 })
  await origin.live(room.id)
  // Who comes sooner has less than nine seconds to begin with, and a reserve that grows by a second in half a minute.
  await delay(REACH_MS)
})

afterAll(async () => {
  await browser?.close()
  await clock?.close()
  for (const edge of edges) await edge.close()
  await origin?.close()
  await redis?.kill()
})

const ENGINES = ['hls', 'flv'] as const
const PIPES = { hls: 'http', flv: 'flv' } as const

type Sent = Record<(typeof ENGINES)[number], number>

/** Bytes, by who is sent them. */
async function sentBy(edge: HeadwaterProcess): Promise<Sent> {
  const of = (pipe: string): Promise<number> => edge.metric(`headwater_edge_sent_bytes_total{pipe="${pipe}"}`)
  return { hls: await of(PIPES.hls), flv: await of(PIPES.flv) }
}

/** The edges in the order in which the server names them. */
async function inOrder(): Promise<[HeadwaterProcess, HeadwaterProcess]> {
  const named = (): Promise<string[]> => namedEdges(origin.url, room.id, LIMIT_MS)
  await eventually(async () => (await named()).length === 2, LIMIT_MS)
  const urls = await named()
  const [first, second] = urls.map((url) => edges.find((edge) => edge.url === url))
  if (!first || !second) throw new Error(`the server names ${urls.join()}`)
  return [first, second]
}

async function untilWatchedFor(watch: WatchPage, seconds: number): Promise<void> {
  const from = await watch.currentTime()
  await eventually(async () => (await watch.currentTime()) > from + seconds, LIMIT_MS)
}

async function openFrom(engine: (typeof ENGINES)[number]): Promise<WatchPage> {
  const watch = await openWatchPage(browser, { url: origin.url, roomId: room.id, engine, sharing: ALONE })
  await untilPlaying(watch)
  await untilReserve(watch, RESERVE_MS, LIMIT_MS)
  return watch
}

// Both at once: they take nothing from each other, and each is looked at by itself.
it('go on from the next edge, unnoticed, when their own is killed, be it HLS or FLV', async () => {
  const [first, second] = await inOrder()
  const before = { origin: await sentBy(origin), second: await sentBy(second) }
  const pages = await Promise.all(ENGINES.map(openFrom))
  onTestFinished(async () => {
    for (const page of pages) await page.close()
    await first.restart()
  })
  const early = { first: await sentBy(first), second: await sentBy(second), origin: await sentBy(origin) }
  for (const engine of ENGINES) {
    expect(early.first[engine]).toBeGreaterThan(50_000)
    expect(early.second[engine]).toBe(before.second[engine])
    // The multivariant playlist at most.
    expect(early.origin[engine] - before.origin[engine]).toBeLessThan(5000)
  }

  const watched = pages.map((page) => observe(page))
  first.child.kill('SIGKILL')
  await Promise.all(pages.map((page) => untilWatchedFor(page, WATCHED_S)))
  for (const seen of watched) expectUnnoticed(await seen.stop())
  const after = { second: await sentBy(second), origin: await sentBy(origin) }
  for (const [index, engine] of ENGINES.entries()) {
    expect((await pages[index]?.stats())?.engine).toBe(engine)
    expect(after.second[engine]).toBeGreaterThan(before.second[engine] + 50_000)
    expect(after.origin[engine] - before.origin[engine]).toBeLessThan(5000)
    expect(pages[index]?.errors.filter((error) => error.includes('Content Security Policy'))).toEqual([])
  }
})
