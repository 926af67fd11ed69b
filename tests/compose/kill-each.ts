/**
 * Publishes to a running `docker compose` by RTMPS, watches in the real browser through nginx, and kills each service in turn:
 * `deploy/try-compose.sh` runs it. Prints a line of JSON a service, and ends with 1 where the picture stood still.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Browser } from 'playwright-core'
import { z } from 'zod'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'
import { openWatchPage, type SeenStats, type WatchPage } from '../support/watch-page.ts'

const { values } = parseArgs({
  options: {
    project: { type: 'string', default: 'headwater-try' },
    services: { type: 'string', default: '' },
  },
})
const BASE = 'https://localhost'
const LIVE_LIMIT_MS = 60_000
/** How long a service is away before its operator starts it again. */
const AWAY_MS = 3000
const WATCH_MS = 20_000
/** Nine seconds are held in continuity mode; a kill begins with nearly all of them there. */
const FULL_RESERVE_MS = 7500
const SAMPLE_MS = 200

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

/** Publishes as OBS does: comes back a second after its connection is lost. */
class PersistentPublisher {
  readonly #url: string
  #current: Publisher | null = null
  #isClosed = false

  constructor(url: string) {
    this.#url = url
    void this.#run()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#current?.close()
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      this.#current = publishFlashes({ url: this.#url, size: '640x360' })
      await this.#current.exited
      await delay(1000)
    }
  }
}

interface Outcome {
  service: string
  leastReserveMs: number
  stallMs: number
  state: string
}

async function killWhileWatching(watch: WatchPage, service: string): Promise<Outcome> {
  await eventually(async () => (await statsOf(watch)).reserveMs > FULL_RESERVE_MS, LIVE_LIMIT_MS).catch(
    async () => {
      throw new Error(`no reserve to begin with: ${(await statsOf(watch)).reserveMs} ms`)
    },
  )
  const before = await statsOf(watch)
  const container = `${values.project}_${service}_1`
  docker('kill', container)
  let [last, leastReserveMs] = [before, before.reserveMs]
  const endsAtMs = Date.now() + WATCH_MS
  const startsAtMs = Date.now() + AWAY_MS
  for (let isAway = true; Date.now() < endsAtMs; await delay(SAMPLE_MS)) {
    if (isAway && Date.now() > startsAtMs) {
      docker('start', container)
      isAway = false
    }
    last = await statsOf(watch)
    leastReserveMs = Math.min(leastReserveMs, last.reserveMs)
  }
  const stallMs = last.stallMs - before.stallMs
  return {
    service,
    leastReserveMs: Math.round(leastReserveMs),
    stallMs: Math.round(stallMs),
    state: last.state,
  }
}

async function statsOf(watch: WatchPage): Promise<SeenStats> {
  const stats = await watch.stats()
  if (stats === null) throw new Error('the page says nothing of its player')
  return stats
}

function docker(...args: string[]): void {
  execFileSync('docker', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

const startedAtMs = Date.now()
const createdSchema = z.object({ data: z.object({ room_id: z.string(), stream_key: z.string() }) })
const { room_id: roomId, stream_key: key } = createdSchema.parse(
  await api('POST', '/create', { title: 'Compose' }),
).data
// By IP address, and so on the port of HTTPS.
const publisher = new PersistentPublisher(`rtmps://127.0.0.1:443/live/${key}`)
const browser = await launchChromium()
const trusting = {
  newContext: (options) => browser.newContext({ ...options, ignoreHTTPSErrors: true }),
} as Pick<Browser, 'newContext'> as Browser
const watch = await openWatchPage(trusting, { url: BASE, roomId })
await eventually(async () => typeof (await watch.stats())?.firstFrameMs === 'number', LIVE_LIMIT_MS)
console.log(JSON.stringify({ firstFrameAfterMs: Date.now() - startedAtMs }))

const services =
  values.services === ''
    ? ['coturn', 'prometheus', 'redis', 'edge-1', 'edge-2', 'transcoder', 'origin', 'nginx']
    : values.services.split(',')
const outcomes: Outcome[] = []
for (const service of services) {
  const outcome = await killWhileWatching(watch, service).catch((error: unknown) => ({
    ...{ service, leastReserveMs: 0, stallMs: -1 },
    state: String(error),
  }))
  outcomes.push(outcome)
  console.log(JSON.stringify(outcome))
}
await watch.close()
await browser.close()
await publisher.close()
await api('POST', `/${roomId}/end`)
process.exitCode = outcomes.every(({ stallMs }) => stallMs === 0) ? 0 : 1
