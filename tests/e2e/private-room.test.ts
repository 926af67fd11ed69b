/** A private room from its studio to its viewers: by link in the browser, by path elsewhere, at the origin and at an edge of another address. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { launchChromium } from '../support/chromium.ts'
import { publishClock } from '../support/clock-picture.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-ports.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { RedisServer } from '../support/redis-server.ts'
import { openWatchPage, untilPlaying } from '../support/watch-page.ts'

const LIMIT_MS = 60_000
const made = z.object({ data: z.object({ token: z.string(), watch_url: z.string(), play_url: z.string() }) })

let redis: RedisServer
let origin: HeadwaterProcess
let edge: HeadwaterProcess
let room: MadeRoom
let browser: Browser
let clock: ReturnType<typeof publishClock>

beforeAll(async () => {
  redis = await RedisServer.start()
  const env = { REDIS_URL: redis.url, CLUSTER_SECRET: 'secret-of-the-cluster-under-test', LOG_LEVEL: 'debug' }
  origin = await HeadwaterProcess.start({ env })
  const [port = 0] = await freePorts(1)
  // Another host than the pages': it is sent no cookie of theirs.
  const own = {
    HTTP_PORT: `${port}`,
    EDGE_PUBLIC_URL: `http://localhost:${port}`,
    ORIGIN_URL: origin.internalUrl,
  }
  edge = await HeadwaterProcess.start({ args: ['--role', 'edge'], env: { ...env, ...own } })
  room = await origin.createRoom('Clock')
  await origin.api('PATCH', `/api/v1/live/${room.id}`, { private: true })
  browser = await launchChromium()
  clock = publishClock({ url: origin.publishUrl(room), width: 320, height: 180 })
  await origin.live(room.id)
})

afterAll(async () => {
  await browser?.close()
  await clock?.close()
  await edge?.close()
  await origin?.close()
  await redis?.kill()
})

async function makeToken(): Promise<z.infer<typeof made>['data']> {
  const answer = await origin.api('POST', `/api/v1/live/${room.id}/viewer-tokens`, { ttl_s: 3600 })
  return made.parse(await answer.json()).data
}

describe('a private room', () => {
  it('is played to no one without a token, who is told so', async () => {
    for (const { url } of [origin, edge])
      for (const path of [`/live/${room.id}/master.m3u8`, `/live/${room.id}/source.flv`])
        expect((await fetch(url + path)).status).toBe(401)
    const watch = await openWatchPage(browser, { url: origin.url, roomId: room.id })
    await watch.page.getByText('This stream is private').waitFor()
    expect((await watch.stats())?.state).toBe('error')
    await watch.close()
  })

  it('is played from an edge to who opens its link, which leaves the address, and again after a reload', async () => {
    const { watch_url, token } = await makeToken()
    const sent = (): Promise<number> => edge.metric('headwater_edge_sent_bytes_total{pipe="http"}')
    const before = await sent()
    const hash = new URL(watch_url).hash
    const watch = await openWatchPage(browser, { url: origin.url, roomId: `${room.id}${hash}`, mode: 'low' })
    await untilPlaying(watch)
    expect(watch.page.url()).toBe(`${origin.url}/watch/${room.id}`)
    await eventually(async () => (await sent()) > before + 50_000, LIMIT_MS)
    await watch.page.reload()
    await untilPlaying(watch)
    expect(await watch.page.evaluate('document.cookie')).toBe('')
    expect((await origin.room(room.id))['viewers']).toBe(1)
    await watch.close()
    for (const { output } of [origin, edge]) expect(output).not.toContain(token)
  })

  it('is played by path to players that send no cookie, playlists, parts and FLV', async () => {
    const { play_url, token } = await makeToken()
    for (const base of [origin.url, edge.url]) {
      const master = new URL(new URL(play_url).pathname, base)
      const playlist = await fetch(master).then((answer) => answer.text())
      const media = new URL(/^[^#\s].*index\.m3u8$/m.exec(playlist)?.[0] ?? '', master)
      expect(media.pathname).toContain(`/t/${token}/live/`)
      const listed = await fetch(media)
      expect(listed.headers.get('cache-control')).toBe('private, no-store')
      // The first of a young program is a gap.
      const segment = [...(await listed.text()).matchAll(/^\d+\.m4s$/gm)].at(-1)?.[0] ?? ''
      expect((await fetch(new URL(segment, media))).status).toBe(200)
      expect((await fetch(new URL(segment, media.href.replace(`/t/${token}`, '')))).status).toBe(401)
      const flv = await fetch(new URL('source.flv', master))
      expect(flv.status).toBe(200)
      await flv.body?.cancel()
    }
  })
})
