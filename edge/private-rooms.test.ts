import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../tests/support/eventually.ts'
import { CLUSTER_SECRET, startEdge, startShield, type RunningEdge } from '../tests/support/running-edge.ts'
import { bytes, json, Parked, ScriptedOrigin } from '../tests/support/scripted-origin.ts'
import { ViewerTokens } from '../runtime/viewer-token.ts'
import { DUE_MS } from './room-gate.ts'

const ROOM = 'room-1'
const PART = `/live/${ROOM}/program01/720p/7.3.m4s`
const NEXT = `/live/${ROOM}/program01/720p/7.4.m4s`
const SEGMENT = `/live/${ROOM}/program01/720p/7.m4s`
const PLAYLIST = `/live/${ROOM}/program01/720p/index.m3u8`
const MASTER = `/live/${ROOM}/master.m3u8`
const FLV = `/live/${ROOM}/source.flv`
/** As the origin is asked for it. */
const FLV_ASKED = `${FLV}?behind=10`
const BODY = 'the bytes of a part'
const tokens = new ViewerTokens(CLUSTER_SECRET)

let origin: ScriptedOrigin
let edge: RunningEdge
const closing: (() => Promise<void>)[] = []

beforeEach(async () => {
  origin = await ScriptedOrigin.start()
  origin.access = 'private'
  for (const path of [PART, PLAYLIST, MASTER]) origin.on(path, bytes(BODY))
  edge = await startEdge({ originUrl: origin.url })
  closing.push(
    () => edge.close(),
    () => origin.kill(),
  )
})
afterEach(async () => {
  vi.useRealTimers()
  for (const close of closing.splice(0)) await close()
})

function validToken(room = ROOM): string {
  return tokens.sign(room, Date.now() + 60_000)
}

async function get(path: string, headers: Record<string, string> = {}, at = edge) {
  const answer = await fetch(at.url + path, { headers, redirect: 'manual' })
  const text = await answer.text()
  const code = answer.ok || text === '' ? null : (JSON.parse(text) as { code: string }).code
  return { status: answer.status, text, code, headers: answer.headers }
}

describe('an edge, for a private room', () => {
  it.each(['cookie', 'bearer', 'path'])(
    'lets in by %s, and lets no proxy keep what it gives',
    async (how) => {
      const token = validToken()
      const headers: Record<string, string> =
        how === 'cookie'
          ? { cookie: `headwater_viewer=${token}` }
          : how === 'bearer'
            ? { authorization: `Bearer ${token}` }
            : {}
      for (const path of [MASTER, PLAYLIST, PART, PART]) {
        const answer = await get(how === 'path' ? `/t/${token}${path}` : path, headers)
        expect([answer.status, answer.text]).toEqual([200, BODY])
        expect(answer.headers.get('cache-control')).toBe('private, no-store')
        expect(answer.headers.get('x-accel-expires')).toBeNull()
      }
      expect(origin.count(PART)).toBe(1)
    },
  )

  it('gives nothing without a token: not while it does not know the room, not out of its cache, and asks nobody', async () => {
    for (const path of [PART, PLAYLIST, MASTER])
      expect(await get(path)).toMatchObject({ status: 401, code: 'viewer_token_required' })
    await get(`/t/${validToken()}${PART}`)
    // Who may watch will ask for the next one.
    await eventually(() => origin.count(NEXT) === 1)
    const asked = origin.asked.length
    for (const path of [PART, `/live/${ROOM}/program01/720p/8.0.m4s`, FLV]) {
      expect(await get(path)).toMatchObject({ status: 401, code: 'viewer_token_required' })
      const other = validToken('room-2')
      expect(await get(`/t/${other}${path}`)).toMatchObject({ status: 403, code: 'viewer_token_invalid' })
      expect((await get(path, { cookie: 'headwater_viewer=x' })).status).toBe(403)
    }
    expect(origin.asked).toHaveLength(asked)
  })

  it('lets nobody read along who came before it was known, while the body is still arriving', async () => {
    const parked = new Parked()
    origin.on(PART, parked.script)
    const answers = [get(PART), get(`/t/${validToken()}${PART}`)]
    await eventually(async () => (await edge.metric('headwater_edge_waiting_viewers')) === 2)
    parked.release(bytes(BODY))
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([401, 200])
  })

  it('refuses all where the origin does not say whose the room is', async () => {
    origin.access = null
    for (const path of [PART, PLAYLIST, MASTER])
      expect(await get(path)).toMatchObject({ status: 502, code: 'upstream_unavailable' })
    origin.on(FLV_ASKED, bytes('FLV'))
    expect(await get(FLV)).toMatchObject({ status: 502, code: 'upstream_unavailable' })
    origin.on('/live/absent/master.m3u8', json(404, 'room_not_found'))
    expect(await get('/live/absent/master.m3u8')).toMatchObject({ status: 404, code: 'room_not_found' })
  })

  it('leads an alias on with the token it was asked with', async () => {
    const answer = await get(`/t/abc/hls/${ROOM}.m3u8`)
    expect([answer.status, answer.headers.get('location')]).toEqual([307, `/t/abc${MASTER}`])
  })

  it('gives its FLV until the token runs out, and none without', async () => {
    origin.on(
      FLV_ASKED,
      (res) => void res.writeHead(200).write(Buffer.from('FLV\x01\x05\0\0\0\x09\0\0\0\0', 'binary')),
    )
    expect((await get(FLV)).status).toBe(401)
    const short = tokens.sign(ROOM, Date.now() + 3000)
    const answer = await fetch(`${edge.url}/t/${short}${FLV}`)
    expect(answer.status).toBe(200)
    await answer.arrayBuffer().catch(() => null)
    expect(tokens.isValid(short, ROOM, Date.now())).toBe(false)
  })
})

describe('a room that becomes private', () => {
  beforeEach(() => void (origin.access = 'public'))

  it('is closed by the next answer of the origin, with all that is in the cache', async () => {
    const open = await get(PART)
    expect(open.headers.get('cache-control')).toContain('immutable')
    expect(open.headers.get('x-accel-expires')).toBe('60')
    origin.access = 'private'
    await new Promise((resolve) => setTimeout(resolve, 120)) // playlists linger for 100 ms
    await get(PLAYLIST)
    expect((await get(PART)).status).toBe(401)
    expect((await get(`/t/${validToken()}${PART}`)).status).toBe(200)
  })

  it('is closed soon where nothing but the cache was asked', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    origin.on(SEGMENT, bytes(BODY))
    await get(SEGMENT)
    origin.access = 'private'
    expect((await get(SEGMENT)).status).toBe(200)
    vi.setSystemTime(Date.now() + DUE_MS)
    await get(SEGMENT)
    await eventually(async () => (await get(SEGMENT)).status === 401)
  })

  it('ends the FLV of who has no token', async () => {
    origin.on(
      FLV_ASKED,
      (res) => void res.writeHead(200).write(Buffer.from('FLV\x01\x05\0\0\0\x09\0\0\0\0', 'binary')),
    )
    const answer = await fetch(edge.url + FLV)
    expect(answer.status).toBe(200)
    const ended = answer.arrayBuffer().then(
      () => true,
      () => true,
    )
    origin.access = 'private'
    await get(PLAYLIST)
    expect(await ended).toBe(true)
  })
})

describe('a shield', () => {
  it.each(['public', 'private'] as const)('tells edges that a room is %s', async (access) => {
    origin.access = access
    const shield = await startShield({ originUrl: origin.url })
    const behind = await startEdge({ originUrl: 'http://127.0.0.1:9', shieldUrls: [shield.url] })
    closing.unshift(
      () => behind.close(),
      () => shield.close(),
    )
    expect((await get(PART, {}, behind)).status).toBe(access === 'public' ? 200 : 401)
    expect((await get(`/t/${validToken()}${PART}`, {}, behind)).status).toBe(200)
  })
})
