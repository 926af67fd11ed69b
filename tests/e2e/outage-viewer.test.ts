/** What a viewer in the real browser notices of outages: of his publisher, of his own network, of the end. */
import type { Browser, Request } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { publishClock } from '../support/clock-picture.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { observe } from '../support/observe.ts'
import { openWatchPage, untilPlaying, type WatchOptions, type WatchPage } from '../support/watch-page.ts'

const SOON_MS = 40_000
/** A busy machine misses frames with seconds in the buffer; a player without data misses far more. */
const STALL_SLACK_MS = 1000
/** Behind live by the whole of continuity mode's distance, and settled. */
const FULL_RESERVE_MS = 8000

let server: HeadwaterProcess
let browser: Browser
let room: MadeRoom
let clock: ReturnType<typeof publishClock>

function publish(): ReturnType<typeof publishClock> {
  return publishClock({ url: server.publishUrl(room), width: 320, height: 180, fps: 25, bitrateKbps: 300 })
}

async function set(settings: Record<string, unknown>): Promise<void> {
  const answer = await server.api('PATCH', `/api/v1/live/${room.id}`, settings)
  expect(answer.status).toBe(200)
}

function open(options: Partial<WatchOptions> = {}): Promise<WatchPage> {
  return openWatchPage(browser, { url: server.url, roomId: room.id, ...options })
}

/** The publisher is killed and comes back after so long. */
async function drop(ms: number): Promise<void> {
  await clock.close()
  await pause(ms)
  clock = publish()
}

async function untilFull(watch: WatchPage): Promise<void> {
  await untilPlaying(watch, SOON_MS)
  await eventually(async () => ((await watch.stats())?.reserveMs ?? 0) > FULL_RESERVE_MS - 1500, SOON_MS)
}

beforeAll(async () => {
  server = await HeadwaterProcess.start()
  room = await server.createRoom('Outages')
  browser = await launchChromium()
  clock = publish()
  await server.live(room.id)
  // of itself the slate comes sooner after each outage
  await set({ slate_after_ms: 4000 })
  // who joins a young program has no reserve yet
  await pause(FULL_RESERVE_MS + 4000)
})

afterAll(async () => {
  await browser?.close()
  await clock?.close()
  await server?.close()
})

describe('a publisher that drops and comes back', () => {
  it.each([1000, 3000, 5000])('is not noticed when it was %i ms', async (ms) => {
    const watch = await open()
    await untilFull(watch)
    const seen = observe(watch)
    await drop(ms)
    await eventually(async () => (await server.room(room.id)).state === 'live', SOON_MS)
    // the outage comes to the screen by now
    await pause(FULL_RESERVE_MS + 3000)
    const { states, notices, stallMs, minReserveMs } = await seen.stop()
    expect({ states, notices }).toEqual({ states: ['playing'], notices: [null] })
    expect(stallMs).toBeLessThan(STALL_SLACK_MS)
    expect(minReserveMs).toBeGreaterThan(1000)
    expect(watch.errors).toEqual([])
    await watch.close()
  })

  it('costs FLV viewers neither their connection nor a frame', async () => {
    const watch = await open({ engine: 'flv' })
    await untilFull(watch)
    const asked: string[] = []
    watch.page.on('request', (request: Request) => asked.push(request.url()))
    const seen = observe(watch)
    await drop(3000)
    await pause(FULL_RESERVE_MS + 3000)
    const { states, notices, stallMs } = await seen.stop()
    expect({ states, notices }).toEqual({ states: ['playing'], notices: [null] })
    expect(stallMs).toBeLessThan(STALL_SLACK_MS)
    expect(asked.filter((url) => url.includes('.flv'))).toEqual([])
    await watch.close()
  })

  it('is told when the slate comes to the screen, not before, and so is the return', async () => {
    await set({ slate_after_ms: 500 })
    const watch = await open()
    await untilFull(watch)
    await clock.close()
    await eventually(async () => (await server.room(room.id)).state === 'interrupted', SOON_MS)
    expect((await watch.stats())?.notice).toBeNull()
    await eventually(async () => (await watch.stats())?.notice === 'away', SOON_MS)
    expect((await watch.stats())?.reserveMs).toBeGreaterThan(4000)
    clock = publish()
    await eventually(async () => (await server.room(room.id)).state === 'live', SOON_MS)
    expect((await watch.stats())?.notice).toBe('away')
    await watch.page.getByText('Back live').waitFor({ timeout: SOON_MS })
    expect((await watch.stats())?.state).toBe('playing')
    await eventually(async () => (await watch.stats())?.notice === null, SOON_MS)
    await set({ slate_after_ms: 4000 })
    await watch.close()
  })
})

describe('a viewer who loses his own network', () => {
  it('plays on from his reserve, and neither is told nor asks for a new page', async () => {
    const watch = await open()
    await untilFull(watch)
    const seen = observe(watch)
    await watch.page.context().setOffline(true)
    await pause(3000)
    await watch.page.context().setOffline(false)
    await eventually(async () => ((await watch.stats())?.reserveMs ?? 0) > 6500, SOON_MS)
    const { states, notices, stallMs } = await seen.stop()
    expect({ states, notices }).toEqual({ states: ['playing'], notices: [null] })
    expect(stallMs).toBeLessThan(STALL_SLACK_MS)
    await watch.close()
  })

  it('goes on at the very tag when he watches FLV', async () => {
    const watch = await open({ engine: 'flv' })
    await untilFull(watch)
    const before = await watch.currentTime()
    const seen = observe(watch)
    await watch.page.context().setOffline(true)
    await pause(4000)
    await watch.page.context().setOffline(false)
    await eventually(async () => ((await watch.stats())?.reserveMs ?? 0) > 6500, SOON_MS)
    await pause(FULL_RESERVE_MS)
    const { states, notices, stallMs } = await seen.stop()
    expect({ states, notices }).toEqual({ states: ['playing'], notices: [null] })
    expect(stallMs).toBeLessThan(STALL_SLACK_MS)
    expect(await watch.currentTime()).toBeGreaterThan(before + 10)
    await watch.close()
  })

  it('is told when the reserve is played, and goes on where he was', async () => {
    const watch = await open()
    await untilFull(watch)
    await watch.page.context().setOffline(true)
    await watch.page.getByText('You are offline').waitFor({ timeout: SOON_MS })
    await pause(2000)
    const before = await watch.currentTime()
    await watch.page.context().setOffline(false)
    await eventually(async () => (await watch.stats())?.state === 'playing', SOON_MS)
    await eventually(async () => (await watch.currentTime()) > before + 2, SOON_MS)
    expect(await watch.currentTime()).toBeLessThan(before + 12)
    await watch.close()
  })
})

describe('a viewer whose machine sleeps', () => {
  it('is back at his distance from live within seconds', async () => {
    const watch = await open()
    await untilFull(watch)
    const renderers = await rendererIds()
    for (const id of renderers) process.kill(id, 'SIGSTOP')
    await pause(14_000)
    for (const id of renderers) process.kill(id, 'SIGCONT')
    await eventually(async () => {
      const { latencyMs, state } = (await watch.stats()) ?? {}
      return state === 'playing' && (latencyMs ?? Infinity) < 12_000
    }, SOON_MS / 2)
    await watch.close()
  })
})

describe('a program that ends', () => {
  it('is over for viewers when its window is, if they see the slate by then', async () => {
    await set({ slate_after_ms: 500, reconnect_window_s: 18 })
    const watch = await open()
    const flv = await open({ engine: 'flv' })
    await untilFull(watch)
    await untilPlaying(flv, SOON_MS)
    await clock.close()
    await eventually(async () => (await server.room(room.id)).state === 'ended', SOON_MS)
    for (const each of [watch, flv]) {
      await each.page.getByText('The stream has ended').waitFor({ timeout: SOON_MS })
      expect(await each.stats()).toMatchObject({ state: 'ended', notice: null })
      await each.close()
    }
  })
})

/** The processes of the browser that this test has started. */
async function rendererIds(): Promise<number[]> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
