/** What a viewer in the real browser notices of outages: of his publisher, of the server, of his own network, of the end. */
import type { Browser, Request } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { publishClock } from '../support/clock-picture.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { expectUnnoticed, expectUnstalled, observe, STALL_SLACK_MS } from '../support/observe.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'
import { openWatchPage, untilPlaying, type WatchOptions, type WatchPage } from '../support/watch-page.ts'

const SOON_MS = 60_000
/** Behind live by the whole of continuity mode's distance, and settled. */
const FULL_RESERVE_MS = 8000
/** From the first new part to the moment that the player has it; and what it calls unreachable before its reserve is played. */
const PLAYER_MARGIN_MS = 2500
/** As different from the clock as a publisher can be. */
const OTHER = { size: '640x360', fps: '25', audioOptions: ['-c:a', 'aac', '-ar', '44100', '-ac', '1'] }

let server: HeadwaterProcess
let browser: Browser
let room: MadeRoom
let clock: ReturnType<typeof publishClock> | null = null
const open: WatchPage[] = []
const standbys: Publisher[] = []
/** Renderers that have been stopped. */
const asleep: number[] = []

function publish(): void {
  clock = publishClock({ url: server.publishUrl(room), width: 320, height: 180, fps: 25, bitrateKbps: 300 })
}

async function unpublish(): Promise<void> {
  await clock?.close()
  clock = null
}

async function set(settings: Record<string, unknown>): Promise<void> {
  const answer = await server.api('PATCH', `/api/v1/live/${room.id}`, settings)
  expect(answer.status).toBe(200)
}

async function watch(options: Partial<WatchOptions> = {}): Promise<WatchPage> {
  const page = await openWatchPage(browser, { url: server.url, roomId: room.id, ...options })
  open.push(page)
  await untilPlaying(page, SOON_MS)
  await eventually(async () => ((await page.stats())?.reserveMs ?? 0) > FULL_RESERVE_MS - 1500, SOON_MS)
  return page
}

/** One of each engine: whatever happens happens to both. */
function watchBoth(): Promise<WatchPage[]> {
  return Promise.all([watch(), watch({ engine: 'flv' })])
}

async function untilRoom(wanted: Record<string, unknown>): Promise<void> {
  let seen: Record<string, unknown> = {}
  const isSo = async (): Promise<boolean> => {
    seen = await server.room(room.id)
    return Object.entries(wanted).every(([name, value]) => seen[name] === value)
  }
  await eventually(isSo, SOON_MS).catch(() => {
    throw new Error(`${JSON.stringify(wanted)} did not come: ${JSON.stringify(seen)}`)
  })
}

async function findSource(kind: string): Promise<{ active: boolean; healthy: boolean } | undefined> {
  const { sources } = (await server.room(room.id)) as unknown as {
    sources: { kind: string; active: boolean; healthy: boolean }[]
  }
  return sources.find((source) => source.kind === kind)
}

beforeAll(async () => {
  server = await HeadwaterProcess.start()
  browser = await launchChromium()
})

/** A room on air, old enough that who joins has all of his reserve; as the test before left it, if that has passed. */
beforeEach(async () => {
  if (!clock || (await server.room(room.id)).state !== 'live') {
    await unpublish()
    room = await server.createRoom('Outages')
    publish()
    await server.live(room.id)
    await pause(FULL_RESERVE_MS + 4000)
  }
  // of itself the slate comes sooner after each outage
  await set({ slate_after_ms: 4000 })
})

afterEach(async () => {
  for (const id of asleep.splice(0)) process.kill(id, 'SIGCONT')
  for (const page of open.splice(0)) await page.close()
  for (const standby of standbys.splice(0)) await standby.close()
})

afterAll(async () => {
  await browser?.close()
  await unpublish()
  await server?.close()
})

describe('a publisher that drops and comes back', () => {
  // One of three seconds is watched frame by frame by the outage suite's short form.
  it.each([1000, 5000])('is noticed by no viewer, of HLS or of FLV, when it was %i ms', async (ms) => {
    const pages = await watchBoth()
    const asked: string[] = []
    pages[1]?.page.on('request', (request: Request) => asked.push(request.url()))
    const seen = pages.map(observe)
    await unpublish()
    await pause(ms)
    publish()
    await untilRoom({ state: 'live' })
    // the outage comes to the screen by now
    await pause(FULL_RESERVE_MS + 3000)
    for (const each of seen) expectUnnoticed(await each.stop())
    expect(asked.filter((url) => url.includes('.flv'))).toEqual([])
    expect(pages[0]?.errors).toEqual([])
  })

  it('and leaves a standby, then the slate, in its place is noticed as the slate, without a stall', async () => {
    const pages = await watchBoth()
    const standby = publishFlashes({ url: server.publishUrl({ key: room.backupKey }), ...OTHER })
    standbys.push(standby)
    await eventually(async () => (await findSource('standby'))?.healthy === true, SOON_MS)
    const seen = pages.map(observe)
    await unpublish()
    await eventually(async () => (await findSource('standby'))?.active === true, SOON_MS)
    await pause(5000)
    await standby.close()
    await untilRoom({ slate: true })
    publish()
    await untilRoom({ state: 'live', slate: false })
    await pause(FULL_RESERVE_MS + 5000)
    for (const each of seen) {
      expectUnstalled(await each.stop())
    }
  })

  it('is told when the slate comes to the screen, not before, and so is the return', async () => {
    await set({ slate_after_ms: 500 })
    const page = await watch()
    await unpublish()
    await untilRoom({ state: 'interrupted' })
    expect((await page.stats())?.notice).toBeNull()
    await eventually(async () => (await page.stats())?.notice === 'away', SOON_MS)
    expect((await page.stats())?.reserveMs).toBeGreaterThan(4000)
    publish()
    await untilRoom({ state: 'live' })
    expect((await page.stats())?.notice).toBe('away')
    await page.page.getByText('Back live').waitFor({ timeout: SOON_MS })
    expect((await page.stats())?.state).toBe('playing')
    await eventually(async () => (await page.stats())?.notice === null, SOON_MS)
  })
})

describe('a server that is killed and is there again three seconds later', () => {
  it('is not noticed by who has his reserve', async () => {
    const page = await watch()
    await page.page.evaluate('globalThis.isSamePage = true')
    const beforeS = await page.currentTime()
    const { reserveMs = 0 } = (await page.stats()) ?? {}
    const seen = observe(page)
    const killedAtMs = Date.now()
    await unpublish()
    await server.restart({ awayMs: 1000 })
    publish()
    await untilRoom({ state: 'live' })
    // On a busy machine the server takes longer to start than any reserve lasts: then that much is missing, and no more.
    const missingMs = Math.max(0, Date.now() - killedAtMs + PLAYER_MARGIN_MS - reserveMs)
    await eventually(async () => (await page.currentTime()) > beforeS + 20, 2 * SOON_MS)
    const { stallMs, lateMs, trace, states } = await seen.stop()
    expect(stallMs, trace).toBeLessThan(STALL_SLACK_MS + lateMs + missingMs)
    expect(missingMs > 0 ? (await page.stats())?.state : states.join(), trace).toBe('playing')
    expect(await page.page.evaluate('globalThis.isSamePage')).toBe(true)
  })
})

describe('a viewer who loses his own network', () => {
  // Being offline is emulated for HTTP and WebSockets alone: links to peers would carry the stream on, and nothing be shown.
  beforeEach(() => set({ cascade: false }))
  afterEach(() => set({ cascade: null }))

  it('plays on from his reserve, and neither is told nor asks for a new page', async () => {
    const page = await watch()
    const seen = observe(page)
    await page.page.context().setOffline(true)
    await pause(3000)
    await page.page.context().setOffline(false)
    await eventually(async () => ((await page.stats())?.reserveMs ?? 0) > 6500, SOON_MS)
    expectUnnoticed(await seen.stop())
  })

  it('goes on at the very tag when he watches FLV', async () => {
    const page = await watch({ engine: 'flv' })
    const before = await page.currentTime()
    const seen = observe(page)
    await page.page.context().setOffline(true)
    await pause(4000)
    await page.page.context().setOffline(false)
    await eventually(async () => ((await page.stats())?.reserveMs ?? 0) > 6500, SOON_MS)
    await pause(FULL_RESERVE_MS)
    expectUnnoticed(await seen.stop())
    expect(await page.currentTime()).toBeGreaterThan(before + 10)
  })

  it('is told when the reserve is played, and goes on where he was', async () => {
    const page = await watch()
    await page.page.context().setOffline(true)
    await page.page.getByText('You are offline').waitFor({ timeout: SOON_MS })
    await pause(2000)
    const before = await page.currentTime()
    await page.page.context().setOffline(false)
    await eventually(async () => (await page.stats())?.state === 'playing', SOON_MS)
    await eventually(async () => (await page.currentTime()) > before + 2, SOON_MS)
    expect(await page.currentTime()).toBeLessThan(before + 12)
  })
})

describe('a viewer whose machine sleeps', () => {
  it('is back at his distance from live within seconds', async () => {
    const page = await watch()
    asleep.push(...(await rendererIds()))
    for (const id of asleep) process.kill(id, 'SIGSTOP')
    await pause(14_000)
    for (const id of asleep.splice(0)) process.kill(id, 'SIGCONT')
    await eventually(async () => {
      const { latencyMs, state } = (await page.stats()) ?? {}
      return state === 'playing' && (latencyMs ?? Infinity) < 12_000
    }, SOON_MS)
  })
})

describe('a program that ends', () => {
  it('is over for viewers when its window is, if they see the slate by then', async () => {
    await set({ slate_after_ms: 500, reconnect_window_s: 18 })
    const pages = await watchBoth()
    await unpublish()
    await untilRoom({ state: 'ended' })
    for (const each of pages) {
      await each.page.getByText('The stream has ended').waitFor({ timeout: SOON_MS })
      expect(await each.stats()).toMatchObject({ state: 'ended', notice: null })
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
