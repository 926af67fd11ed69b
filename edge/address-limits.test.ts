import { afterEach, beforeEach, expect, it } from 'vitest'
import { Agent, request as send } from 'undici'
import { eventually } from '../tests/support/eventually.ts'
import { captureLog } from '../tests/support/log-lines.ts'
import { HttpServer } from '../runtime/http/server.ts'
import { Metrics } from '../runtime/metrics.ts'
import type { AddressLimitsOptions } from './address-limits.ts'
import { AddressLimits, householdOf } from './address-limits.ts'

const MEDIA = '/live/room-1/program01/720p/index.m3u8'

let limits: AddressLimits
let server: HttpServer
let clients: Agent
let metrics: Metrics
let now: number
/** Answers that the test holds back. */
let held: (() => void)[]
let isHolding: boolean
let log: ReturnType<typeof captureLog>

async function start(options: Partial<AddressLimitsOptions>): Promise<void> {
  metrics = new Metrics()
  log = captureLog()
  const { logger } = log
  const unbounded = { maxRequests: null, requestsPerSecond: null, trustProxy: true }
  limits = new AddressLimits({ ...unbounded, logger, metrics, now: () => now, ...options })
  server = new HttpServer({ name: 'edge', logger, host: '127.0.0.1', port: 0 })
  server.mount((req, res) => limits.handle(req, res))
  server.mount((_req, res) => {
    if (isHolding) held.push(() => res.end('ok'))
    else res.end('ok')
    return true
  })
  await server.start()
}

beforeEach(() => {
  ;[now, held, isHolding] = [0, [], false]
  clients = new Agent({ connections: null })
})
afterEach(async () => {
  limits.close()
  await clients.destroy()
  await server.close()
})

async function ask(address: string, path = MEDIA) {
  const headers = { 'x-forwarded-for': address }
  const answer = await send(`http://127.0.0.1:${server.port}${path}`, { dispatcher: clients, headers })
  return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
}

it('refuses one request too many at once, tells when to come again, and takes it when another is over', async () => {
  await start({ maxRequests: 3 })
  isHolding = true
  const running = [1, 2, 3].map(() => ask('192.0.2.1'))
  await eventually(() => held.length === 3)
  const refused = await ask('192.0.2.1')
  expect(refused).toMatchObject({
    status: 429,
    headers: { 'retry-after': '1', 'access-control-allow-origin': '*', 'cache-control': 'no-store' },
  })
  expect(JSON.parse(refused.text)).toMatchObject({ code: 'too_many_requests' })
  expect(await metrics.text()).toContain('headwater_edge_refused_total{reason="at_once"} 1')
  isHolding = false
  expect((await ask('192.0.2.2')).status).toBe(200)
  held.pop()?.()
  await eventually(async () => (await ask('192.0.2.1')).status === 200)
  for (const answer of held) answer()
  await Promise.all(running)
})

it('counts a viewer who leaves no longer', async () => {
  await start({ maxRequests: 1 })
  isHolding = true
  const leaving = new AbortController()
  const url = `http://127.0.0.1:${server.port}${MEDIA}`
  const first = send(url, {
    dispatcher: clients,
    signal: leaving.signal,
    headers: { 'x-forwarded-for': '192.0.2.1' },
  })
  await eventually(() => held.length === 1)
  expect((await ask('192.0.2.1')).status).toBe(429)
  leaving.abort()
  await expect(first).rejects.toThrow()
  isHolding = false
  await eventually(async () => (await ask('192.0.2.1')).status === 200)
})

it('lets an address ask as often as it may for ever, and twice that to begin with', async () => {
  await start({ requestsPerSecond: 4 })
  const many = async (count: number) => {
    const answers = await Promise.all(Array.from({ length: count }, () => ask('192.0.2.1')))
    return answers.filter(({ status }) => status === 200).length
  }
  expect(await many(12)).toBe(8)
  expect((await ask('192.0.2.2')).status).toBe(200)
  now += 1000
  expect(await many(12)).toBe(4)
  now += 60_000
  expect(await many(12)).toBe(8)
})

it('leaves alone what is not media', async () => {
  await start({ maxRequests: 1, requestsPerSecond: 1 })
  for (let n = 0; n < 5; n++) expect((await ask('192.0.2.1', '/healthz')).status).toBe(200)
})

it('believes no proxy it was not told of, and says so', async () => {
  await start({ requestsPerSecond: 1, trustProxy: false })
  const answers = await Promise.all([1, 2, 3].map((n) => ask(`192.0.2.${n}`)))
  expect(answers.filter(({ status }) => status === 429)).toHaveLength(1)
  expect(log.text()).toContain('http.trustProxy')
})

it.each([{ requestsPerSecond: 100 }, { maxRequests: 100 }])(
  'remembers nobody longer than it must, and no more than its bound (%o)',
  async (options) => {
    await start({ ...options, maxAddresses: 5 })
    for (let n = 0; n < 20; n++) await ask(`192.0.2.${n}`)
    expect(limits.addresses).toBeLessThanOrEqual(5)
    await ask('192.0.2.19')
    now += 5000
    await ask('192.0.2.99')
    expect(limits.addresses).toBe(1)
  },
)

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
  ['2001:db8::6', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
])('takes %s for %s', (address, household) => {
  expect(householdOf(address)).toBe(household)
})
