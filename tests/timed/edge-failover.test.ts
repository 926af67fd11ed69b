/** Viewers of edges that the server names: one edge is killed, and nobody sees it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { publishClock } from '../support/clock-picture.ts'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts, HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { expectUnnoticed, observe } from '../support/observe.ts'
import { RedisServer } from '../support/redis-server.ts'
import { namedEdges } from '../support/shielded-cluster.ts'
import { openWatchPage, untilPlaying, type WatchPage } from '../support/watch-page.ts'

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

async function sentBy(edge: HeadwaterProcess): Promise<number> {
  const pipes = ['http', 'flv'].map((pipe) => edge.metric(`headwater_edge_sent_bytes_total{pipe="${pipe}"}`))
  return (await Promise.all(pipes)).reduce((sum, bytes) => sum + bytes, 0)
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

/** Edges that were killed. */
const dead: HeadwaterProcess[] = []
const pages: WatchPage[] = []
afterEach(async () => {
  for (const page of pages.splice(0)) await page.close()
  for (const edge of dead.splice(0)) await edge.restart()
})

it.each(['hls', 'flv'] as const)(
  'goes on from the next edge, unnoticed, when its own is killed: %s',
  async (engine) => {
    const [first, second] = await inOrder()
    const before = { origin: await sentBy(origin), second: await sentBy(second) }
    const watch = await openWatchPage(browser, { url: origin.url, roomId: room.id, engine, sharing: ALONE })
    pages.push(watch)
    await untilPlaying(watch)
    await eventually(async () => ((await watch.stats())?.reserveMs ?? 0) > RESERVE_MS, LIMIT_MS)
    expect(await sentBy(first)).toBeGreaterThan(50_000)
    expect(await sentBy(second)).toBe(before.second)
    // The multivariant playlist at most.
    expect((await sentBy(origin)) - before.origin).toBeLessThan(5000)

    const seen = observe(watch)
    dead.push(first)
    first.child.kill('SIGKILL')
    await untilWatchedFor(watch, WATCHED_S)
    expectUnnoticed(await seen.stop())
    expect((await watch.stats())?.engine).toBe(engine)
    expect(await sentBy(second)).toBeGreaterThan(before.second + 50_000)
    expect((await sentBy(origin)) - before.origin).toBeLessThan(5000)
    expect(watch.errors.filter((error) => error.includes('Content Security Policy'))).toEqual([])
  },
)
