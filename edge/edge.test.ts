import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { Agent, request as send } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../tests/support/eventually.ts'
import type { RunningEdge } from '../tests/support/running-edge.ts'
import { CLUSTER_SECRET, startEdge } from '../tests/support/running-edge.ts'
import { bytes, json, Parked, ScriptedOrigin, type Script } from '../tests/support/scripted-origin.ts'
import { BLOCKING_PLAYLIST_MS, LINGER_MS } from './answer.ts'

const TRACK = '/live/room-1/program01/720p'
const PART = `${TRACK}/12.3.m4s`
const PLAYLIST = `${TRACK}/index.m3u8`
const BODY = randomBytes(200_000)
/** Tests hold answers back for as long as they want. */
const capMs = 60_000

let origin: ScriptedOrigin
let edge: RunningEdge
let clients: Agent
/** The edge's clock, moved by hand. */
let now: number

beforeEach(async () => {
  now = 1_000_000
  clients = new Agent({ connections: null })
  origin = await ScriptedOrigin.start()
  edge = await startEdge({ originUrl: origin.url, capMs, now: () => now })
})

afterEach(async () => {
  await clients.destroy()
  await edge.close()
  await origin.kill()
})

async function get(
  path: string,
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' | 'POST' = 'GET',
) {
  const answer = await send(`${edge.url}${path}`, { dispatcher: clients, headers, method })
  const body = Buffer.from(await answer.body.arrayBuffer())
  return { status: answer.statusCode, headers: answer.headers, body }
}

function getMany(count: number, path: string) {
  return Promise.all(Array.from({ length: count }, () => get(path)))
}

function requests(result: string) {
  return edge.metric(`headwater_edge_requests_total{result="${result}"}`)
}

describe('one fetch for many viewers', () => {
  it('answers 300 who ask for a part not yet made with one request to the origin and the same bytes', async () => {
    const parked = new Parked()
    origin.on(PART, parked.script)
    const answers = getMany(300, PART)
    await eventually(async () => (await edge.metric('headwater_edge_waiting_viewers')) === 300)
    parked.release(bytes(BODY))
    for (const { status, body } of await answers) {
      expect(status).toBe(200)
      expect(body.equals(BODY)).toBe(true)
    }
    expect(origin.count(PART)).toBe(1)
    expect(origin.authorizations).toEqual(new Set([`Bearer ${CLUSTER_SECRET}`]))
    expect(await requests('miss')).toBe(1)
    expect(await requests('coalesced')).toBe(299)
    // And the next one, which they will ask for.
    expect(await edge.metric('headwater_edge_origin_fetches_total{kind="part"}')).toBe(2)
  })

  it('answers a later viewer from the cache', async () => {
    origin.on(PART, bytes(BODY))
    await get(PART)
    const { headers, body } = await get(PART)
    expect(body.equals(BODY)).toBe(true)
    expect(headers).toMatchObject({
      'content-type': 'video/mp4',
      'cache-control': 'public, max-age=3600, immutable',
      'access-control-allow-origin': '*',
    })
    expect(origin.count(PART)).toBe(1)
    expect(await requests('hit')).toBe(1)
  })

  it('harms nobody when the first viewer leaves', async () => {
    const parked = new Parked()
    origin.on(PART, parked.script)
    const leaving = new AbortController()
    const first = send(`${edge.url}${PART}`, { dispatcher: clients, signal: leaving.signal })
    await origin.untilAsked(PART)
    const others = getMany(20, PART)
    leaving.abort()
    await expect(first).rejects.toThrow()
    parked.release(bytes(BODY))
    for (const { body } of await others) expect(body.equals(BODY)).toBe(true)
    expect(origin.count(PART)).toBe(1)
  })

  it('gives up a parked request some time after its last viewer has left, and asks anew after that', async () => {
    await edge.close()
    edge = await startEdge({ originUrl: origin.url, capMs, limits: { graceMs: 20 } })
    const parked = new Parked()
    origin.on(PART, parked.script)
    const leaving = new AbortController()
    const first = send(`${edge.url}${PART}`, { dispatcher: clients, signal: leaving.signal })
    await origin.untilAsked(PART)
    leaving.abort()
    await expect(first).rejects.toThrow()
    await eventually(async () => (await edge.metric('headwater_edge_fills')) === 0)
    parked.release(bytes(BODY))
    expect((await get(PART)).status).toBe(200)
    expect(origin.count(PART)).toBe(2)
  })

  it('hands bytes on while they arrive, to those who come in the middle too', async () => {
    const parked = new Parked()
    origin.on(PART, parked.script)
    const early = send(`${edge.url}${PART}`, { dispatcher: clients })
    await origin.untilAsked(PART)
    const [upstream] = parked.responses
    upstream?.writeHead(200).write(BODY.subarray(0, 1000))
    const earlyBody = (await early).body[Symbol.asyncIterator]()
    expect((await earlyBody.next()).value).toEqual(BODY.subarray(0, 1000))
    const late = await send(`${edge.url}${PART}`, { dispatcher: clients })
    const lateBody = late.body[Symbol.asyncIterator]()
    expect((await lateBody.next()).value).toEqual(BODY.subarray(0, 1000))
    upstream?.end(BODY.subarray(1000, 2000))
    expect((await earlyBody.next()).value).toEqual(BODY.subarray(1000, 2000))
    expect((await lateBody.next()).value).toEqual(BODY.subarray(1000, 2000))
    expect(origin.count(PART)).toBe(1)
  })

  it('joins a segment from the parts it has, without asking', async () => {
    const parts = Array.from({ length: 8 }, () => randomBytes(1000))
    for (const [n, part] of parts.entries()) {
      origin.on(`${TRACK}/12.${n}.m4s`, bytes(part))
      await get(`${TRACK}/12.${n}.m4s`)
    }
    const { body } = await get(`${TRACK}/12.m4s`)
    expect(body.equals(Buffer.concat(parts))).toBe(true)
    expect(origin.count(`${TRACK}/12.m4s`)).toBe(0)
    expect((await get(`${TRACK}/12.m4s`, { range: 'bytes=990-1009' })).body).toEqual(
      Buffer.concat(parts).subarray(990, 1010),
    )
  })
})

describe('playlists', () => {
  const BLOCKING = `${PLAYLIST}?_HLS_msn=12&_HLS_part=3`
  const TEXT = `#EXTM3U\n${'#EXT-X-PART:DURATION=0.26667,URI="12.3.m4s"\n'.repeat(40)}`

  it('parks all viewers of a blocking reload behind one request and keeps its answer for a while', async () => {
    const parked = new Parked()
    origin.on(BLOCKING, parked.script)
    const answers = getMany(50, `${PLAYLIST}?_HLS_part=3&_HLS_msn=12`)
    await origin.untilAsked(BLOCKING)
    parked.release(bytes(TEXT))
    for (const { body } of await answers) expect(body.toString()).toBe(TEXT)
    now += BLOCKING_PLAYLIST_MS - 1
    const { headers } = await get(BLOCKING)
    expect(headers).toMatchObject({
      'content-type': 'application/vnd.apple.mpegurl',
      'cache-control': `public, max-age=${BLOCKING_PLAYLIST_MS / 1000}`,
      age: '17',
    })
    expect(origin.count(BLOCKING)).toBe(1)
    now += 1
    await get(BLOCKING)
    expect(origin.count(BLOCKING)).toBe(2)
  })

  it('lets a plain playlist linger for a moment only', async () => {
    origin.on(PLAYLIST, bytes(TEXT))
    await get(PLAYLIST)
    now += LINGER_MS - 1
    expect((await get(PLAYLIST)).headers['cache-control']).toBe('no-cache')
    expect(origin.count(PLAYLIST)).toBe(1)
    now += 1
    await get(PLAYLIST)
    expect(origin.count(PLAYLIST)).toBe(2)
  })

  it('compresses for those who ask', async () => {
    origin.on(PLAYLIST, bytes(TEXT))
    const packed = await get(PLAYLIST, { 'accept-encoding': 'br, gzip' })
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' })
    expect(gunzipSync(packed.body).toString()).toBe(TEXT)
    expect(packed.body.length).toBeLessThan(TEXT.length / 4)
    const plain = await get(PLAYLIST, { 'accept-encoding': 'gzip;q=0' })
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(plain.body.toString()).toBe(TEXT)
  })
})

describe('errors', () => {
  it('shares an error for a moment, then asks again', async () => {
    origin.on(PART, json(404, 'part_not_found'))
    const answers = await getMany(50, PART)
    for (const { status, body } of answers) {
      expect(status).toBe(404)
      expect(JSON.parse(body.toString())).toMatchObject({ code: 'part_not_found' })
    }
    expect(origin.count(PART)).toBe(1)
    now += LINGER_MS
    origin.on(PART, bytes(BODY))
    expect((await get(PART)).status).toBe(200)
  })

  it('passes on a part that did not come in time', async () => {
    origin.on(PART, json(503, 'part_timeout'))
    const { status, body } = await get(PART)
    expect(status).toBe(503)
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'part_timeout' })
    expect(await requests('error')).toBe(1)
  })

  it.each([401, 302, 500])('does not show viewers what is between origin and edge: %i', async (status) => {
    origin.on(PART, json(status, 'unauthorized'))
    const answer = await get(PART)
    expect(answer.status).toBe(502)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'upstream_unavailable' })
  })

  it('breaks the answer of everyone when the origin dies within a body, and keeps nothing of it', async () => {
    const parked = new Parked()
    origin.on(PART, parked.script)
    const started = [1, 2, 3].map(() => send(`${edge.url}${PART}`, { dispatcher: clients }))
    await origin.untilAsked(PART)
    const [upstream] = parked.responses
    upstream?.writeHead(200, { 'Content-Length': BODY.length }).write(BODY.subarray(0, 50_000))
    const bodies = (await Promise.all(started)).map(({ body }) => body.arrayBuffer())
    const ranged = get(PART, { range: 'bytes=0-9' })
    await eventually(
      async () => (await edge.metric('headwater_edge_sent_bytes_total{pipe="http"}')) >= 150_000,
    )
    upstream?.destroy()
    for (const result of await Promise.allSettled(bodies)) expect(result.status).toBe('rejected')
    expect((await ranged).status).toBe(502)
    now += LINGER_MS
    origin.on(PART, bytes(BODY))
    expect((await get(PART)).body.equals(BODY)).toBe(true)
    expect(origin.count(PART)).toBe(2)
  })

  it('goes on serving what it has while the origin is down', async () => {
    origin
      .on(PART, bytes(BODY))
      .on(PLAYLIST, bytes('#EXTM3U\n'))
      .on('/live/room-1/master.m3u8', bytes('#EXTM3U\n'))
    for (const path of [PART, PLAYLIST, '/live/room-1/master.m3u8']) await get(path)
    await origin.kill()
    now += LINGER_MS
    expect((await get(PART)).body.equals(BODY)).toBe(true)
    expect((await get(PLAYLIST)).status).toBe(200)
    expect((await get('/live/room-1/master.m3u8')).status).toBe(200)
    expect(await requests('stale')).toBe(2)
    expect((await get(`${TRACK}/init-0.mp4`)).status).toBe(502)
    await origin.listen()
    now += LINGER_MS
    origin.on(`${TRACK}/init-0.mp4`, bytes(BODY))
    expect((await get(`${TRACK}/init-0.mp4`)).status).toBe(200)
  })

  it('does not give out a stale playlist for ever', async () => {
    origin.on(PLAYLIST, bytes('#EXTM3U\n'))
    await get(PLAYLIST)
    await origin.kill()
    now += 60_000
    expect((await get(PLAYLIST)).status).toBe(502)
  })

  it('forgets the playlist of a room that has ended', async () => {
    origin.on(PLAYLIST, bytes('#EXTM3U\n'))
    await get(PLAYLIST)
    now += LINGER_MS
    origin.on(PLAYLIST, json(404, 'room_not_live'))
    expect((await get(PLAYLIST)).status).toBe(404)
    await origin.kill()
    now += LINGER_MS
    expect((await get(PLAYLIST)).status).toBe(502)
  })
})

describe('an origin that starts again', () => {
  const BLOCKED = `${PLAYLIST}?_HLS_msn=12&_HLS_part=3`

  it('is waited for by those who wait for a part or a playlist: they get it', async () => {
    origin.on(PART, new Parked().script).on(BLOCKED, new Parked().script)
    const answers = [PART, BLOCKED].map((path) => get(path))
    await Promise.all([origin.untilAsked(PART), origin.untilAsked(BLOCKED)])
    await origin.kill()
    const late = get(`${TRACK}/11.m4s`)
    const starting: Script = (res) => res.writeHead(503, { 'Retry-After': '1' }).end('{}')
    for (const path of [PART, BLOCKED]) origin.on(path, starting)
    origin.on(`${TRACK}/11.m4s`, bytes(BODY))
    await origin.listen()
    expect((await late).body.equals(BODY)).toBe(true)
    await Promise.all([origin.untilAsked(PART, 2), origin.untilAsked(BLOCKED, 2)])
    origin.on(PART, bytes(BODY)).on(BLOCKED, bytes('#EXTM3U\n'))
    const [part, playlist] = await Promise.all(answers)
    expect(part?.body.equals(BODY)).toBe(true)
    expect(playlist?.body.toString()).toBe('#EXTM3U\n')
  })

  it('and stays away is no longer waited for than an origin holds a request: ask again, says the edge', async () => {
    await edge.close()
    edge = await startEdge({ originUrl: origin.url, capMs, awayMs: 300, now: () => now })
    await origin.kill()
    const { status, body } = await get(PART)
    expect(status).toBe(503)
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'part_timeout' })
    await origin.listen()
    origin.on(PART, bytes(BODY))
    now += LINGER_MS
    expect((await get(PART)).status).toBe(200)
  })

  it('and is waited for by nobody any more is not asked again', async () => {
    await edge.close()
    edge = await startEdge({ originUrl: origin.url, capMs, limits: { graceMs: 20 } })
    await origin.kill()
    const leaving = new AbortController()
    const viewer = send(`${edge.url}${PART}`, { dispatcher: clients, signal: leaving.signal })
    await eventually(async () => (await edge.metric('headwater_edge_fills')) === 1)
    leaving.abort()
    await expect(viewer).rejects.toThrow()
    await eventually(async () => (await edge.metric('headwater_edge_fills')) === 0)
  })
})

describe('bounds', () => {
  it('refuses a body larger than any object may be', async () => {
    await edge.close()
    edge = await startEdge({ originUrl: origin.url, capMs, limits: { maxObjectBytes: 10_000 } })
    origin.on(PART, bytes(BODY))
    const playlist = bytes('x'.repeat(20_000))
    origin.on(PLAYLIST, playlist)
    await expect(get(PART)).rejects.toThrow()
    expect((await get(PLAYLIST)).status).toBe(502)
  })

  it('refuses more fetches at once than it may have, and serves the rest', async () => {
    await edge.close()
    edge = await startEdge({ originUrl: origin.url, capMs, limits: { maxFills: 2, maxReaders: 2 } })
    const parked = new Parked()
    for (const n of [0, 1, 2]) origin.on(`${TRACK}/12.${n}.m4s`, parked.script)
    const held = [0, 0, 1].map((n) => get(`${TRACK}/12.${n}.m4s`))
    await origin.untilAsked(`${TRACK}/12.1.m4s`)
    await eventually(async () => (await edge.metric('headwater_edge_fills')) === 2)
    expect((await get(`${TRACK}/12.2.m4s`)).status).toBe(503)
    expect(JSON.parse((await get(`${TRACK}/12.0.m4s`)).body.toString())).toMatchObject({ code: 'not_ready' })
    parked.release(bytes(BODY))
    for (const { status } of await Promise.all(held)) expect(status).toBe(200)
  })

  it('cuts a viewer that does not read, and nobody else', async () => {
    const parked = new Parked()
    origin.on(PART, parked.script)
    const stopped = connect({ port: edge.port, host: '127.0.0.1' })
    stopped.on('error', () => undefined)
    stopped.write(`GET ${PART} HTTP/1.1\r\nHost: edge\r\n\r\n`)
    const good = get(PART)
    await eventually(async () => (await edge.metric('headwater_edge_waiting_viewers')) === 2)
    stopped.pause()
    const body = Buffer.alloc(30 * 1024 * 1024, 'headwater')
    parked.release(bytes(body))
    expect((await good).body.equals(body)).toBe(true)
    const closed = new Promise((resolve) => stopped.once('close', resolve))
    stopped.resume()
    await closed
    expect(stopped.bytesRead).toBeLessThan(body.length)
  })

  it('ends parked requests when it closes', async () => {
    origin.on(PART, new Parked().script)
    const answer = get(PART)
    await origin.untilAsked(PART)
    await edge.edge.close()
    expect((await answer).status).toBe(502)
  })
})

describe('HTTP', () => {
  it('answers HEAD, ranges, preflights and wrong methods', async () => {
    origin.on(PART, bytes(BODY))
    const head = await get(PART, {}, 'HEAD')
    expect(head).toMatchObject({ status: 200, headers: { 'content-length': String(BODY.length) } })
    expect(head.body.length).toBe(0)
    const range = await get(PART, { range: 'bytes=10-19' })
    expect(range).toMatchObject({ status: 206, headers: { 'content-range': `bytes 10-19/${BODY.length}` } })
    expect(range.body.equals(BODY.subarray(10, 20))).toBe(true)
    expect((await get(PART, { range: `bytes=${BODY.length}-` })).status).toBe(416)
    expect((await get(PART, {}, 'POST')).status).toBe(405)
    const preflight = await send(`${edge.url}${PART}`, { method: 'OPTIONS', dispatcher: clients })
    expect(preflight.statusCode).toBe(204)
    expect(preflight.headers['access-control-allow-origin']).toBe('*')
    await preflight.body.dump()
  })

  it('redirects the alias and names audio by its type', async () => {
    expect(await get('/hls/room-1.m3u8')).toMatchObject({
      status: 307,
      headers: { location: '/live/room-1/master.m3u8', 'access-control-allow-origin': '*' },
    })
    const audio = '/live/room-1/program01/audio/init-0.mp4'
    origin.on(audio, bytes('init'))
    expect((await get(audio)).headers['content-type']).toBe('audio/mp4')
  })

  it('asks the origin for nothing that is not a media address', async () => {
    expect((await get('/live/room-1/../../api')).status).toBe(404)
    expect((await get(`${TRACK}/12.9.m4s`)).status).toBe(404)
    expect((await get('/api/v1/live/room-1')).status).toBe(404)
    expect(origin.asked).toEqual([])
  })
})
