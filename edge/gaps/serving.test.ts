import { Agent, request as send } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunningEdge } from '../../tests/support/running-edge.ts'
import { startEdge, startShield } from '../../tests/support/running-edge.ts'
import { bytes, json, ScriptedOrigin, type Script } from '../../tests/support/scripted-origin.ts'
import { LINGER_MS } from '../answer.ts'
import { GAP_MS } from './gaps.ts'

const TRACK = '/live/room-1/program01/720p'
const PART = `${TRACK}/12.3.m4s`
const PLAYLIST = `${TRACK}/index.m3u8`
const TEXT = [
  '#EXTM3U',
  '#EXT-X-TARGETDURATION:6',
  ...Array.from({ length: 8 }, (_, n) => `#EXT-X-PART:DURATION=0.25000,URI="12.${n}.m4s"`),
  '#EXTINF:2.00000,',
  '12.m4s',
  '#EXT-X-PART:DURATION=0.25000,URI="13.0.m4s"',
  '',
].join('\n')
const BROKEN: Script = (res) => {
  res.writeHead(200, { 'Content-Length': 100 }).write('some')
  setTimeout(() => res.destroy(), 5)
}

let clients: Agent
let origin: ScriptedOrigin
let edge: RunningEdge
let now: number
let others: number

beforeEach(async () => {
  now = 1_000_000
  others = 0
  clients = new Agent({ connections: null })
  origin = await ScriptedOrigin.start()
  origin.on(PLAYLIST, bytes(TEXT))
  edge = await startEdge({ originUrl: origin.url, now: () => now, capMs: 300, awayMs: 300 })
})

afterEach(async () => {
  await clients.destroy()
  await edge.close()
  await origin.kill()
})

async function get(path: string, base = edge.url): Promise<{ status: number; text: string }> {
  // What lingers is over.
  now += LINGER_MS
  const answer = await send(`${base}${path}`, { dispatcher: clients })
  const text = await answer.body.text().catch(() => 'broken off')
  return { status: answer.statusCode, text }
}

/** The origin gives something else meanwhile. */
async function getAnother(): Promise<void> {
  const path = `${TRACK}/${100 + others++}.0.m4s`
  origin.on(path, bytes('other'))
  expect((await get(path)).status).toBe(200)
}

async function fail(times: number): Promise<void> {
  for (let time = 0; time < times; time++) {
    await getAnother()
    await get(PART)
  }
}

describe('an object that its upstream cannot give', () => {
  it.each([
    ['is answered 500', json(500, 'internal_error')],
    ['breaks off', BROKEN],
    ['does not come though it is listed', () => undefined],
  ] satisfies [string, Script][])('three times in a row is a gap: %s', async (_, script) => {
    await get(PLAYLIST)
    origin.on(PART, script)
    await fail(3)
    const { status, text } = await get(PART)
    expect(status).toBe(404)
    expect(JSON.parse(text)).toMatchObject({ code: 'media_gap' })
    expect(origin.count(PART)).toBe(3)
    expect((await get(PLAYLIST)).text).toBe(
      TEXT.replace('URI="12.3.m4s"', 'URI="12.3.m4s",GAP=YES').replace('#EXTINF', '#EXT-X-GAP\n#EXTINF'),
    )
    expect(await edge.metric('headwater_edge_gaps_total{kind="part"}')).toBe(1)
    expect(await edge.metric('headwater_edge_gaps')).toBe(1)
    expect(await edge.metric('headwater_edge_requests_total{result="gap"}')).toBeGreaterThan(0)
  })

  it('is asked for again after a while, and is none any more when it comes', async () => {
    origin.on(PART, json(500, 'internal_error'))
    await fail(3)
    now += GAP_MS
    origin.on(PART, bytes('here'))
    expect(await get(PART)).toEqual({ status: 200, text: 'here' })
    expect((await get(PLAYLIST)).text).toBe(TEXT)
  })

  it('marks playlists that were cached before, each with an entity tag of its own', async () => {
    const blocking = `${PLAYLIST}?_HLS_msn=13&_HLS_part=0`
    origin.on(blocking, bytes(TEXT))
    const before = await send(`${edge.url}${blocking}`, { dispatcher: clients })
    await before.body.dump()
    origin.on(PART, json(500, 'internal_error'))
    await fail(3)
    const after = await send(`${edge.url}${blocking}`, { dispatcher: clients })
    expect(await after.body.text()).toContain('GAP=YES')
    expect(after.headers['etag']).not.toBe(before.headers['etag'])
    expect(origin.count(blocking)).toBe(1)
  })
})

describe('no gap', () => {
  it('is made while the origin is away, nor by its coming back', async () => {
    await getAnother()
    await origin.kill()
    for (let time = 0; time < 4; time++) expect((await get(PART)).status).toBe(503)
    await origin.listen()
    origin.on(PART, bytes('here'))
    expect((await get(PART)).status).toBe(200)
    expect(await edge.metric('headwater_edge_gaps_total{kind="part"}')).toBe(0)
  })

  it.each([
    ['fails in everything', json(500, 'internal_error')],
    ['hangs in everything', () => undefined],
  ] satisfies [string, Script][])('is made by an origin that %s', async (_, script) => {
    await get(PLAYLIST)
    const paths = Array.from({ length: 4 }, (__, n) => `${TRACK}/12.${n}.m4s`)
    for (const path of paths) origin.on(path, script)
    for (let time = 0; time < 4; time++)
      for (const { status } of await Promise.all(paths.map((path) => get(path)))) expect(status).toBe(502)
    expect(await edge.metric('headwater_edge_gaps_total{kind="part"}')).toBe(0)
  })

  it('is made by a gateway that says 502, nor by what is not made yet', async () => {
    const unknown = '/live/room-1/program01/400p/1.0.m4s'
    origin.on(PART, json(502, 'upstream_unavailable')).on(unknown, () => undefined)
    await fail(4)
    for (let time = 0; time < 4; time++) {
      await getAnother()
      expect(JSON.parse((await get(unknown)).text)).toMatchObject({ code: 'part_timeout' })
    }
    expect(await edge.metric('headwater_edge_gaps')).toBe(0)
  })
})

it('a shield tells its edges of a gap, in an answer and in playlists', async () => {
  const shield = await startShield({ originUrl: origin.url, now: () => now })
  const behind = await startEdge({ originUrl: origin.url, shieldUrls: [shield.url], now: () => now })
  origin.on(PART, json(500, 'internal_error'))
  for (let time = 0; time < 3; time++) {
    const path = `${TRACK}/${100 + others++}.0.m4s`
    origin.on(path, bytes('other'))
    for (const each of [path, PART]) await get(each, behind.url)
  }
  const asked = origin.count(PART)
  expect(JSON.parse((await get(PART, behind.url)).text)).toMatchObject({ code: 'media_gap' })
  expect(origin.count(PART)).toBe(asked)
  expect((await get(PLAYLIST, behind.url)).text).toContain('URI="12.3.m4s",GAP=YES')
  await behind.close()
  await shield.close()
})
