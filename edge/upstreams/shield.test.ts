import { randomBytes } from 'node:crypto'
import { Agent, request as send } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../../tests/support/eventually.ts'
import { CLUSTER_SECRET, startEdge, startShield } from '../../tests/support/running-edge.ts'
import type { RunningEdge } from '../../tests/support/running-edge.ts'
import { bytes, json, Parked, ScriptedOrigin, type Script } from '../../tests/support/scripted-origin.ts'
import { LINGER_MS } from '../answer.ts'

const TRACK = '/live/room-1/program01/720p'
const PART = `${TRACK}/12.3.m4s`
const BLOCKED = `${TRACK}/index.m3u8?_HLS_msn=12&_HLS_part=3`
const BODY = randomBytes(200_000)
/** Tests hold answers back for as long as they want. */
const capMs = 60_000

let clients: Agent
let origin: ScriptedOrigin
let now: number
const closing: (() => Promise<void>)[] = []

beforeEach(async () => {
  now = 1_000_000
  clients = new Agent({ connections: null })
  origin = await ScriptedOrigin.start()
  closing.push(
    () => clients.destroy(),
    () => origin.kill(),
  )
})

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function get(url: string, headers: Record<string, string> = {}) {
  const answer = await send(url, { dispatcher: clients, headers })
  const body = Buffer.from(await answer.body.arrayBuffer())
  return { status: answer.statusCode, headers: answer.headers, body }
}

async function edgeOf(...shieldUrls: string[]): Promise<RunningEdge> {
  const edge = await startEdge({ originUrl: origin.url, shieldUrls, now: () => now, capMs })
  closing.push(() => edge.close())
  return edge
}

async function scripted(): Promise<ScriptedOrigin> {
  const shield = await ScriptedOrigin.start()
  closing.push(() => shield.kill())
  return shield
}

describe('a shield', () => {
  let shield: RunningEdge
  beforeEach(async () => {
    shield = await startShield({ originUrl: origin.url, now: () => now, capMs })
    closing.push(() => shield.close())
  })

  it('asks the origin once for what the viewers of two edges ask at once', async () => {
    const parked = new Parked()
    origin.on(PART, parked.script)
    const edges = await Promise.all([edgeOf(shield.url), edgeOf(shield.url)])
    const answers = edges.flatMap(({ url }) => Array.from({ length: 150 }, () => get(`${url}${PART}`)))
    for (const edge of edges)
      await eventually(async () => (await edge.metric('headwater_edge_waiting_viewers')) === 150)
    await eventually(async () => (await shield.metric('headwater_edge_waiting_viewers')) === 2)
    parked.release(bytes(BODY))
    for (const { status, body } of await Promise.all(answers)) {
      expect(status).toBe(200)
      expect(body.equals(BODY)).toBe(true)
    }
    expect(origin.count(PART)).toBe(1)
  })

  it('passes on what the origin says, refusals too', async () => {
    const edge = await edgeOf(shield.url)
    origin.on(PART, json(404, 'part_not_found')).on(BLOCKED, json(503, 'part_timeout'))
    for (const [path, status, code] of [
      [PART, 404, 'part_not_found'],
      [BLOCKED, 503, 'part_timeout'],
    ] as const) {
      const refused = await get(`${edge.url}${path}`)
      expect(refused.status).toBe(status)
      expect(JSON.parse(refused.body.toString())).toMatchObject({ code })
      expect(origin.count(path)).toBe(1)
    }
  })

  it.each([{}, { authorization: 'Bearer wrong' }])(
    'answers nobody without the secret: %o',
    async (headers) => {
      const { status } = await get(`${shield.url}/internal/media${PART}`, headers as Record<string, string>)
      expect(status).toBe(401)
      expect(origin.asked).toEqual([])
    },
  )

  it('has media only, at the addresses of an origin', async () => {
    const authorization = `Bearer ${CLUSTER_SECRET}`
    for (const path of ['/internal/media/hls/room-1.m3u8', '/internal/media/etc', PART])
      expect((await get(`${shield.url}${path}`, { authorization })).status).toBe(404)
    expect(origin.asked).toEqual([])
  })

  it('that is full is passed by', async () => {
    const full = await startShield({ originUrl: origin.url, limits: { maxFills: 0 } })
    closing.push(() => full.close())
    origin.on(PART, bytes(BODY))
    expect((await get(`${(await edgeOf(full.url)).url}${PART}`)).status).toBe(200)
  })
})

describe('an edge whose shield is dead', () => {
  it('asks the origin, and the shield again when it is back', async () => {
    const shield = await scripted()
    const edge = await edgeOf(shield.url)
    await shield.kill()
    origin.on(PART, bytes(BODY))
    expect((await get(`${edge.url}${PART}`)).body.equals(BODY)).toBe(true)
    expect(await edge.metric('headwater_edge_failovers_total')).toBe(1)
    await shield.listen()
    shield.on(`${TRACK}/12.4.m4s`, bytes(BODY))
    await eventually(async () => {
      now += LINGER_MS
      return (await get(`${edge.url}${TRACK}/12.4.m4s`)).status === 200
    })
    expect(shield.count(`${TRACK}/12.4.m4s`)).toBe(1)
  })

  it.each([401, 500, 502])('or answers %i asks the origin', async (status) => {
    const shield = await scripted()
    shield.on(PART, json(status, 'whatever'))
    origin.on(PART, bytes(BODY))
    expect((await get(`${(await edgeOf(shield.url)).url}${PART}`)).body.equals(BODY)).toBe(true)
  })

  it('asks the other shield before the origin', async () => {
    const shields = [await scripted(), await scripted()]
    for (const each of shields) each.on(PART, bytes(BODY)).on(`${TRACK}/12.4.m4s`, bytes(BODY))
    const edge = await edgeOf(...shields.map(({ url }) => url))
    await get(`${edge.url}${PART}`)
    const first = shields.find((each) => each.count(PART) === 1)
    await first?.kill()
    expect((await get(`${edge.url}${TRACK}/12.4.m4s`)).status).toBe(200)
    expect(origin.asked).toEqual([])
  })

  it('says so when the origin is dead, too', async () => {
    const shield = await scripted()
    const edge = await edgeOf(shield.url)
    await Promise.all([shield.kill(), origin.kill()])
    expect((await get(`${edge.url}${TRACK}/init-0.mp4`)).status).toBe(502)
  })
})

describe('a shield that dies in the middle', () => {
  it('of a body harms nobody: the origin gives the rest', async () => {
    const shield = await scripted()
    const edge = await edgeOf(shield.url)
    const parked = new Parked()
    shield.on(PART, parked.script)
    origin.on(PART, bytes(BODY))
    const answers = Array.from({ length: 20 }, () => get(`${edge.url}${PART}`))
    await shield.untilAsked(PART)
    await eventually(async () => (await edge.metric('headwater_edge_waiting_viewers')) === 20)
    const [begun] = parked.responses
    begun?.writeHead(200, { 'Content-Length': BODY.length }).write(BODY.subarray(0, 70_000))
    await eventually(
      async () => (await edge.metric('headwater_edge_sent_bytes_total{pipe="http"}')) === 20 * 70_000,
    )
    await shield.kill()
    for (const { body } of await Promise.all(answers)) expect(body.equals(BODY)).toBe(true)
    expect(origin.count(PART)).toBe(1)
    expect((await get(`${edge.url}${PART}`)).body.equals(BODY)).toBe(true)
  })

  it('of a playlist is followed by the whole of another', async () => {
    const shield = await scripted()
    const broken: Script = (res) => {
      res.writeHead(200, { 'Content-Length': 100 }).write('#EXTM3U\n#OLD')
      setTimeout(() => res.destroy(), 10)
    }
    shield.on(BLOCKED, broken)
    origin.on(BLOCKED, bytes('#EXTM3U\n#NEW\n'))
    const { body } = await get(`${(await edgeOf(shield.url)).url}${BLOCKED}`)
    expect(body.toString()).toBe('#EXTM3U\n#NEW\n')
  })

  it('while requests are parked has them parked at the origin', async () => {
    const shield = await scripted()
    shield.on(PART, new Parked().script).on(BLOCKED, new Parked().script)
    origin.on(PART, bytes(BODY)).on(BLOCKED, bytes('#EXTM3U\n'))
    const edge = await edgeOf(shield.url)
    const answers = [PART, BLOCKED].map((path) => get(`${edge.url}${path}`))
    await Promise.all([PART, BLOCKED].map((path) => shield.untilAsked(path)))
    await shield.kill()
    for (const { status } of await Promise.all(answers)) expect(status).toBe(200)
  })

  it('is not continued by another object', async () => {
    const shield = await scripted()
    const edge = await edgeOf(shield.url)
    const parked = new Parked()
    shield.on(PART, parked.script)
    origin.on(PART, bytes(BODY.subarray(0, 150_000)))
    const viewer = get(`${edge.url}${PART}`)
    await shield.untilAsked(PART)
    const [begun] = parked.responses
    begun?.writeHead(200, { 'Content-Length': BODY.length }).write(BODY.subarray(0, 70_000))
    await eventually(
      async () => (await edge.metric('headwater_edge_sent_bytes_total{pipe="http"}')) === 70_000,
    )
    await shield.kill()
    await expect(viewer).rejects.toThrow()
  })
})
