/** Viewers in the real browser who carry a real stream to each other: origin, edge and its root in one process. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { publishClock } from '../support/clock-picture.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { expectUnnoticed, observe } from '../support/observe.ts'
import { CASCADE_METER, parseReading, READ_METER } from '../support/viewer/cascade-meter.ts'
import { openWatchPage, untilPlaying, type SeenStats, type WatchPage } from '../support/watch-page.ts'

const SOON_MS = 20_000

let server: HeadwaterProcess
let browser: Browser
let room: MadeRoom
let clock: ReturnType<typeof publishClock>

function publish(): ReturnType<typeof publishClock> {
  return publishClock({ url: server.publishUrl(room), width: 320, height: 180, fps: 25, bitrateKbps: 300 })
}

function open(sharing: Record<string, unknown> = {}): Promise<WatchPage> {
  return openWatchPage(browser, { url: server.url, roomId: room.id, sharing, script: CASCADE_METER })
}

async function seen(watch: WatchPage): Promise<SeenStats> {
  const stats = await watch.stats()
  if (!stats) throw new Error('the page says nothing')
  return stats
}

async function lostParents({ page }: WatchPage): Promise<{ parent: string; why: string }[]> {
  return parseReading(await page.evaluate<string>(READ_METER)).lost
}

async function until(watch: WatchPage, holds: (stats: SeenStats) => boolean): Promise<SeenStats> {
  let stats = await seen(watch)
  await eventually(async () => holds((stats = await seen(watch))), SOON_MS).catch(() => {
    throw new Error(`not so: ${holds}\n${JSON.stringify(stats)}`)
  })
  return stats
}

const isFed = ({ pipe }: SeenStats): boolean => pipe === 'cascade'

beforeAll(async () => {
  server = await HeadwaterProcess.start()
  room = await server.createRoom('Cascade')
  browser = await launchChromium()
  clock = publish()
  await server.live(room.id)
  // who joins a young program has no reserve yet
  await pause(8000)
})

afterAll(async () => {
  await browser?.close()
  await clock?.close()
  await server?.close()
})

describe('viewers who carry the stream to each other', () => {
  const viewers: WatchPage[] = []
  const names: (string | null)[] = []

  it('are fed by peers behind a first frame over HTTP, and HTTP rests', async () => {
    const first = await open()
    viewers.push(first)
    await untilPlaying(first)
    const { bytes: atFirst, peerId } = await until(first, isFed)
    names.push(peerId)
    // what HTTP was asked for before still comes
    const fed = await until(first, ({ bytes }) => bytes.cascade > atFirst.cascade + 20_000)
    const time = await first.currentTime()
    const later = await until(first, ({ bytes }) => bytes.cascade > fed.bytes.cascade + 60_000)
    expect(later.bytes.http - fed.bytes.http).toBeLessThan(0.1 * (later.bytes.cascade - fed.bytes.cascade))
    expect(later.parents.length).toBeGreaterThan(0)
    expect(await first.currentTime()).toBeGreaterThan(time + 1)
    expect(later.rejectedParts).toBe(0)
    expect(first.errors).toEqual([])
  })

  it('have other viewers and the root for parents', async () => {
    for (let more = 0; more < 2; more++) {
      const next = await open()
      viewers.push(next)
      await untilPlaying(next)
      names.push((await until(next, isFed)).peerId)
    }
    const [first, second, third] = await Promise.all(viewers.map(seen))
    const ofViewers = [second, third].flatMap((stats) => stats?.parents.map(({ id }) => id) ?? [])
    expect(ofViewers.some((id) => names.includes(id))).toBe(true)
    for (const stats of [first, second, third])
      expect(stats?.parents.every(({ rttMs, loss }) => (rttMs ?? 0) < 1000 && loss < 0.5)).toBe(true)
    await eventually(async () => (await Promise.all(viewers.map(seen))).some(({ bytes }) => bytes.sent > 0))
  })

  it('do not notice when one that they hang from closes its page: it says good-bye', async () => {
    const parents = (await Promise.all(viewers.map(seen))).flatMap((stats) =>
      stats.parents.map(({ id }) => id),
    )
    const at = names.findIndex((name) => name !== null && parents.includes(name))
    expect(at).toBeGreaterThanOrEqual(0)
    const [gone] = viewers.splice(at, 1)
    const [name] = names.splice(at, 1)
    const before = await Promise.all(viewers.map(seen))
    const observed = viewers.map((watch) => observe(watch))
    // the coordinator is told of it by the children
    await gone?.page.evaluate('WebSocket.prototype.send = () => undefined')
    await gone?.page.close()
    for (const [index, watch] of viewers.entries()) {
      const bytes = before[index]?.bytes.cascade ?? 0
      await until(watch, ({ parents: now }) => now.every(({ id }) => id !== name))
      await until(watch, (now) => isFed(now) && now.bytes.cascade > bytes + 40_000)
    }
    for (const each of observed) expectUnnoticed(await each.stop())
    const lost = (await Promise.all(viewers.map(lostParents))).flat().filter(({ parent }) => parent === name)
    expect(lost.length).toBeGreaterThan(0)
    expect(lost.filter(({ why }) => why !== 'bye' && why !== 'closed')).toEqual([])
    await gone?.close()
  })

  it('keep to HTTP while the publisher is away, and come back by themselves', async () => {
    const observed = viewers.map((watch) => observe(watch))
    await clock.close()
    for (const watch of viewers) await until(watch, ({ pipe }) => pipe === 'http')
    clock = publish()
    for (const watch of viewers) {
      await until(watch, isFed)
      expect(watch.errors).toEqual([])
    }
    for (const each of observed) expectUnnoticed(await each.stop())
  })

  it('leave the others alone when they want no peers, and take part again when they do', async () => {
    const [watch] = viewers
    if (!watch) throw new Error('nobody watches')
    await watch.page.mouse.move(300, 200)
    await watch.page.getByRole('button', { name: 'Settings' }).first().click()
    await watch.page.getByLabel('Take part').uncheck()
    const alone = await until(watch, ({ pipe, peerId }) => pipe === 'http' && peerId === null)
    const later = await until(watch, ({ bytes }) => bytes.http > alone.bytes.http + 30_000)
    expect(later.bytes.cascade).toBe(alone.bytes.cascade)
    await watch.page.getByLabel('Take part').check()
    await until(watch, isFed)
  })

  it('are told once that watching uploads', async () => {
    const [watch] = viewers
    const note = watch?.page.getByRole('note')
    expect(await note?.innerText()).toContain('Watching also uploads')
    await note?.getByRole('button', { name: 'OK' }).click()
    expect(await note?.count()).toBe(0)
  })
})

describe('a viewer who wants no peers', () => {
  it('watches over HTTP from the start', async () => {
    const watch = await open({ peers: false })
    await untilPlaying(watch)
    const before = await seen(watch)
    const after = await until(watch, ({ bytes }) => bytes.http > before.bytes.http + 60_000)
    expect(after).toMatchObject({ pipe: 'http', peerId: null, parents: [] })
    expect(after.bytes.cascade).toBe(0)
    expect(watch.errors).toEqual([])
    await watch.close()
  })
})

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
