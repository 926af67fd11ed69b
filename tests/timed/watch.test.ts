/** The watch page in the real browser, with a real publisher whose picture carries the time. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { publishClock } from '../support/clock-picture.ts'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { openWatchPage, untilPlaying, type WatchOptions, type WatchPage } from '../support/watch-page.ts'

const SETTLED_MS = 6000
const SOON_MS = 60_000

let server: HeadwaterProcess
let browser: Browser
let room: MadeRoom
let clock: ReturnType<typeof publishClock>

beforeAll(async () => {
  server = await HeadwaterProcess.start()
  room = await server.createRoom('Clock')
  browser = await launchChromium()
})

afterAll(async () => {
  await browser?.close()
  await clock?.close()
  await server?.close()
})

function open(options: Partial<WatchOptions> = {}): Promise<WatchPage> {
  return openWatchPage(browser, { url: server.url, roomId: room.id, ...options })
}

describe('the watch page', () => {
  it('waits for a stream that is not live yet, and starts by itself', async () => {
    const watch = await open({ mode: 'low' })
    await watch.page.getByText('Not live yet').first().waitFor()
    clock = publishClock({ url: server.publishUrl(room), width: 800, height: 450, bitrateKbps: 900 })
    await untilPlaying(watch, SOON_MS)
    await watch.close()
  })

  it('shows the picture about a second late in low mode, moving and with sound', async () => {
    const watch = await open({ mode: 'low' })
    await untilPlaying(watch)
    await pause(SETTLED_MS)
    const before = { time: await watch.currentTime(), sound: await decodedSound(watch) }
    const ages = await collectAges(watch, 15)
    expect(ages.length).toBeGreaterThan(7)
    // Bounds for a busy machine: the figures are the benchmark's to tell.
    for (const age of ages) expect(age).toBeGreaterThan(300)
    expect(ages.toSorted((a, b) => a - b)[ages.length >> 1]).toBeLessThan(4000)
    expect(await watch.currentTime()).toBeGreaterThan(before.time + 1)
    expect(await decodedSound(watch)).toBeGreaterThan(before.sound)
    expect(watch.errors).toEqual([])
    await watch.close()
  })

  it('stays nine seconds behind in continuity mode, with a reserve of six and without a stall', async () => {
    const watch = await open({ mode: 'continuity' })
    await untilPlaying(watch)
    await pause(SETTLED_MS)
    const before = await watch.stats()
    await pause(10_000)
    const after = await watch.stats()
    expect(after?.latencyMs).toBeGreaterThan(7500)
    expect(after?.latencyMs).toBeLessThan(11_500)
    expect(after?.reserveMs).toBeGreaterThan(6000)
    // A busy machine drops a few frames with nine seconds in the buffer; a starved player shows nothing for longer.
    expect((after?.stallMs ?? 0) - (before?.stallMs ?? 0)).toBeLessThan(1000)
    expect(watch.errors).toEqual([])
    await watch.close()
  })

  it('plays FLV when asked to', async () => {
    const watch = await open({ engine: 'flv' })
    await untilPlaying(watch)
    const before = await watch.currentTime()
    await eventually(async () => (await watch.currentTime()) > before + 2, SOON_MS)
    expect(await watch.stats()).toMatchObject({ engine: 'flv', state: 'playing' })
    await eventually(async () => (await watch.pictureAge()) !== null, SOON_MS)
    await watch.close()
  })

  it('changes the quality without a gap in the picture', async () => {
    const watch = await open({ mode: 'continuity' })
    await untilPlaying(watch)
    await pause(SETTLED_MS)
    const before = await watch.stats()
    const other = before?.rendition === '400p' ? '450p' : '400p'
    await watch.page.mouse.move(300, 200)
    await watch.page.getByRole('button', { name: /^Quality/ }).click()
    await watch.page.getByRole('radio', { name: new RegExp(`^${other}`) }).click()
    await eventually(async () => (await watch.stats())?.rendition === other, SOON_MS)
    await pause(3000)
    const after = await watch.stats()
    expect((after?.stallMs ?? 0) - (before?.stallMs ?? 0)).toBeLessThan(500)
    await watch.close()
  })

  it('says that the streamer is away, and that the stream has ended', async () => {
    const watch = await open({ mode: 'low' })
    await untilPlaying(watch)
    await clock.close()
    await watch.page.getByText('The streamer is reconnecting…').first().waitFor({ timeout: SOON_MS })
    const answer = await server.api('POST', `/api/v1/live/${room.id}/end`)
    expect(answer.status).toBe(200)
    await watch.page.getByText('The stream has ended').first().waitFor({ timeout: SOON_MS })
    expect(await watch.stats()).toMatchObject({ state: 'ended' })
    await watch.close()
  })
})

async function collectAges(watch: WatchPage, count: number): Promise<number[]> {
  const ages: number[] = []
  for (let index = 0; index < count; index++) {
    const age = await watch.pictureAge()
    if (age !== null) ages.push(age)
    await pause(200)
  }
  return ages
}

function decodedSound(watch: WatchPage): Promise<number> {
  return watch.page.evaluate(
    "[...document.querySelectorAll('video')].reduce((sum, video) => sum + (video.webkitAudioDecodedByteCount ?? 0), 0)",
  ) as Promise<number>
}

/** Watching takes time: what is looked at is that nothing happens in it. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
