/**
 * Publishes to a running `docker compose` by RTMPS, watches in the real browser through nginx, and ends each service in turn, by
 * `docker kill` and as by a crash: `deploy/try-compose.sh` runs it. Prints a line of JSON an outage and a table of them all, and ends
 * with 1 where a bar was missed.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { z } from 'zod'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { PersistentPublisher } from '../support/persistent-publisher.ts'
import { publishFlashes } from '../support/publisher.ts'
import { openWatchPage, type WatchPage } from '../support/watch-page.ts'
import { endWhileWatching, OUTAGE_SCRIPT, type Outage } from './outage.ts'
import { untilScraped } from './scraped.ts'
import { selectServices } from './services.ts'
import { formatTable } from './table.ts'

const { values } = parseArgs({
  options: {
    project: { type: 'string', default: 'headwater-try' },
    services: { type: 'string', default: '' },
    /** When bringing up began, in milliseconds of the clock. */
    began: { type: 'string' },
  },
})
const BASE = 'https://localhost'
const LIVE_LIMIT_MS = 60_000

// The certificate is one of its own.
process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
const token = /^ADMIN_TOKEN=(.+)$/m.exec(readFileSync('.env', 'utf8'))?.[1] ?? ''

async function api(method: string, address: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${BASE}/api/v1/live${address}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return answer.json()
}

async function watchUntilFrame(browser: Browser, roomId: string): Promise<WatchPage> {
  const trusting = {
    newContext: (options) => browser.newContext({ ...options, ignoreHTTPSErrors: true }),
  } as Pick<Browser, 'newContext'> as Browser
  const watch = await openWatchPage(trusting, { url: BASE, roomId, script: OUTAGE_SCRIPT })
  await eventually(async () => typeof (await watch.stats())?.firstFrameMs === 'number', LIVE_LIMIT_MS)
  return watch
}

/** Each outage has a viewer of its own: who joins a program that is not young has all of his reserve at once (docs/player.md). */
async function endEach(browser: Browser, roomId: string): Promise<Outage[]> {
  const { project } = values
  const outages: Outage[] = []
  for (const how of ['crash', 'kill'] as const)
    for (const service of selectServices(values.services)) {
      const watch = await watchUntilFrame(browser, roomId)
      const outage = await endWhileWatching(watch, { project, service, how })
      await watch.close()
      outages.push(outage)
      console.log(JSON.stringify(outage))
    }
  return outages
}

const roomAtMs = Date.now()
const createdSchema = z.object({ data: z.object({ room_id: z.string(), stream_key: z.string() }) })
const { room_id: roomId, stream_key: key } = createdSchema.parse(
  await api('POST', '/create', { title: 'Compose' }),
).data
// By IP address, and so on the port of HTTPS.
const url = `rtmps://127.0.0.1:443/live/${key}`
const publisher = new PersistentPublisher(() => publishFlashes({ url, size: '640x360' }))
const browser = await launchChromium()
try {
  const watch = await watchUntilFrame(browser, roomId)
  const frameAtMs = Date.now()
  const began = Number(values.began ?? roomAtMs)
  console.log(JSON.stringify({ fromNothingMs: frameAtMs - began, fromRoomMs: frameAtMs - roomAtMs }))
  await untilScraped()
  await watch.close()
  const outages = await endEach(browser, roomId)
  console.log(formatTable(outages))
  if (outages.some(({ missed }) => missed.length > 0)) process.exitCode = 1
} finally {
  await browser.close()
  await publisher.close()
}
await api('POST', `/${roomId}/end`)
