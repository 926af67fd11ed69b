/** What a viewer in the real browser notices of outages: of his publisher, of the server, of his own network, of the end. */
import type { Browser, Request } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { expectUnnoticed, expectUnstalled, observe, STALL_SLACK_MS } from '../support/observe.ts'
import { FULL_RESERVE_MS, OutageRoom, pause, SOON_MS } from '../support/outage-room.ts'
import { untilReserve } from '../support/watch-page.ts'

/** From the first new part to the moment that the player has it; and what it calls unreachable before its reserve is played. */
const PLAYER_MARGIN_MS = 2500

let server: HeadwaterProcess
let browser: Browser
/** Whose publisher drops; on air afterwards, too. */
let dropping: OutageRoom
/** Whose viewers sleep, and whose publisher stays away. */
let leaving: OutageRoom

beforeAll(async () => {
  server = await HeadwaterProcess.start()
  browser = await launchChromium()
  dropping = new OutageRoom(server, browser)
  leaving = new OutageRoom(server, browser)
})

afterAll(async () => {
  await browser?.close()
  await dropping?.close()
  await server?.close()
})

// Two rooms beside each other, for most of this is waiting for a reserve to be played; within each, one after the other.
// More than two, and it is the machine that viewers notice.
describe.concurrent('a publisher that drops and comes back', () => {
  beforeEach(() => dropping.prepare())

  // One of three seconds is watched frame by frame by the outage suite's short form.
  it.sequential.for([1000, 5000])(
    'is noticed by no viewer, of HLS or of FLV, when it was %i ms',
    async (ms, test) => {
      const pages = await dropping.watchBoth(test)
      const asked: string[] = []
      pages[1]?.page.on('request', (request: Request) => asked.push(request.url()))
      const seen = pages.map(observe)
      await dropping.unpublish()
      await pause(ms)
      dropping.publish()
      await dropping.until({ state: 'live' })
      // the outage comes to the screen by now
      await pause(FULL_RESERVE_MS + 3000)
      for (const each of seen) expectUnnoticed(await each.stop())
      expect(asked.filter((url) => url.includes('.flv'))).toEqual([])
      expect(pages[0]?.errors).toEqual([])
    },
  )

  it.sequential(
    'and leaves a standby, then the slate, in its place is noticed as the slate, without a stall',
    async (test) => {
      const pages = await dropping.watchBoth(test)
      const standby = dropping.publishStandby(test)
      await eventually(async () => (await dropping.findSource('standby'))?.healthy === true, SOON_MS)
      const seen = pages.map(observe)
      await dropping.unpublish()
      await eventually(async () => (await dropping.findSource('standby'))?.active === true, SOON_MS)
      await pause(5000)
      await standby.close()
      await dropping.until({ slate: true })
      dropping.publish()
      await dropping.until({ state: 'live', slate: false })
      await pause(FULL_RESERVE_MS + 5000)
      for (const each of seen) expectUnstalled(await each.stop())
    },
  )
})

describe.concurrent('in a room left by those who were there', () => {
  beforeEach(() => leaving.prepare())
  afterAll(() => leaving.close())

  it.sequential(
    'a viewer whose machine slept is back at his distance from live within seconds',
    async (test) => {
      // A browser to itself: others watch with theirs.
      const sleeper = await launchChromium()
      test.onTestFinished(() => sleeper.close())
      const page = await leaving.watch(test, { browser: sleeper })
      const asleep = await rendererIds(sleeper)
      test.onTestFinished(() => asleep.splice(0).forEach((id) => process.kill(id, 'SIGCONT')))
      for (const id of asleep) process.kill(id, 'SIGSTOP')
      await pause(14_000)
      for (const id of asleep.splice(0)) process.kill(id, 'SIGCONT')
      await eventually(async () => {
        const { latencyMs, state } = (await page.stats()) ?? {}
        return state === 'playing' && (latencyMs ?? Infinity) < 12_000
      }, SOON_MS)
    },
  )

  it.sequential(
    'the slate is told when it comes to the screen, not before, and so is the return',
    async (test) => {
      await leaving.set({ slate_after_ms: 500 })
      const page = await leaving.watch(test)
      await leaving.unpublish()
      await leaving.until({ state: 'interrupted' })
      expect((await page.stats())?.notice).toBeNull()
      await eventually(async () => (await page.stats())?.notice === 'away', SOON_MS)
      expect((await page.stats())?.reserveMs).toBeGreaterThan(4000)
      leaving.publish()
      await leaving.until({ state: 'live' })
      expect((await page.stats())?.notice).toBe('away')
      await page.page.getByText('Back live').waitFor({ timeout: SOON_MS })
      expect((await page.stats())?.state).toBe('playing')
      await eventually(async () => (await page.stats())?.notice === null, SOON_MS)
    },
  )

  it.sequential(
    'a program is over for viewers when its window is, if they see the slate by then',
    async (test) => {
      await leaving.set({ slate_after_ms: 500, reconnect_window_s: 18 })
      const pages = await leaving.watchBoth(test)
      await leaving.unpublish()
      await leaving.until({ state: 'ended' })
      for (const each of pages) {
        await each.page.getByText('The stream has ended').waitFor({ timeout: SOON_MS })
        expect(await each.stats()).toMatchObject({ state: 'ended', notice: null })
      }
    },
  )
})

describe('a viewer who loses his own network', () => {
  beforeAll(async () => {
    await dropping.prepare()
    // Being offline is emulated for HTTP and WebSockets alone: links to peers would carry the stream on, and nothing be shown.
    await dropping.set({ cascade: false })
  })
  afterAll(() => dropping.set({ cascade: null }))

  it.concurrent('plays on from his reserve, and neither is told nor asks for a new page', async (test) => {
    const page = await dropping.watch(test)
    const seen = observe(page)
    await page.page.context().setOffline(true)
    await pause(3000)
    await page.page.context().setOffline(false)
    await untilReserve(page, 6500)
    expectUnnoticed(await seen.stop())
  })

  it.concurrent('goes on at the very tag when he watches FLV', async (test) => {
    const page = await dropping.watch(test, { engine: 'flv' })
    const before = await page.currentTime()
    const seen = observe(page)
    await page.page.context().setOffline(true)
    await pause(4000)
    await page.page.context().setOffline(false)
    await untilReserve(page, 6500)
    await pause(FULL_RESERVE_MS)
    expectUnnoticed(await seen.stop())
    expect(await page.currentTime()).toBeGreaterThan(before + 10)
  })

  it.concurrent('is told when the reserve is played, and goes on where he was', async (test) => {
    const page = await dropping.watch(test)
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

describe('a server that is killed and is there again three seconds later', () => {
  beforeEach(() => dropping.prepare())

  it('is not noticed by who has his reserve', async (test) => {
    const page = await dropping.watch(test)
    await page.page.evaluate('globalThis.isSamePage = true')
    const beforeS = await page.currentTime()
    const { reserveMs = 0 } = (await page.stats()) ?? {}
    const seen = observe(page)
    const killedAtMs = Date.now()
    await dropping.unpublish()
    await server.restart({ awayMs: 1000 })
    dropping.publish()
    await dropping.until({ state: 'live' })
    // On a busy machine the server takes longer to start than any reserve lasts: then that much is missing, and no more.
    const missingMs = Math.max(0, Date.now() - killedAtMs + PLAYER_MARGIN_MS - reserveMs)
    await eventually(async () => (await page.currentTime()) > beforeS + 20, 2 * SOON_MS)
    const { stallMs, lateMs, trace, states } = await seen.stop()
    expect(stallMs, trace).toBeLessThan(STALL_SLACK_MS + lateMs + missingMs)
    expect(missingMs > 0 ? (await page.stats())?.state : states.join(), trace).toBe('playing')
    expect(await page.page.evaluate('globalThis.isSamePage')).toBe(true)
  })
})

/** The processes of a browser. */
async function rendererIds(browser: Browser): Promise<number[]> {
  const session = await browser.newBrowserCDPSession()
  const { processInfo } = await session.send('SystemInfo.getProcessInfo')
  await session.detach()
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id)
}
