import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { captureLog, type CapturedLog } from '../../tests/support/log-lines.ts'
import { MemoryLiveRooms } from '../../tests/support/memory-live-rooms.ts'
import { createApp } from '../../runtime/http/app.ts'
import { HttpServer } from '../../runtime/http/server.ts'
import { VIEWER_TOKEN_TTL_S, ViewerTokens } from '../../runtime/viewer-token.ts'
import { Access } from '../room/access.ts'
import { RoomRegistry } from '../room/registry.ts'
import { ApiGuard } from './api-guard.ts'
import { createApi } from './api.ts'
import { edgesRoutes } from './edges-api.ts'
import { viewerTokenRoutes } from './viewer-tokens-api.ts'

const ADMIN = 'an-admin-token-for-tests'
const EDGES = [{ node: 'eu', url: 'https://eu.test', region: 'eu', load: 0.1 }]
const tokens = new ViewerTokens('secret-of-the-tests')

let server: HttpServer
let roomId: string
let publisherToken: string
let log: CapturedLog

beforeEach(async () => {
  log = captureLog()
  const { logger } = log
  const dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-viewers-'))
  const registry = new RoomRegistry({ dataDir, logger, maxRooms: 3 })
  await registry.start()
  const access = new Access({ adminToken: ADMIN, rooms: registry })
  const api = createApi({
    registry,
    live: new MemoryLiveRooms(),
    guard: new ApiGuard({ access, viewerTokens: tokens }),
    viewers: () => 0,
    publicUrl: null,
    rtmpPort: () => 1935,
    routes: [
      edgesRoutes({ directory: { edges: EDGES }, registry, regionHeader: null }),
      viewerTokenRoutes({ tokens, registry, publicUrl: null, trustProxy: true }),
    ],
  })
  server = new HttpServer({ name: 'public', logger, host: '127.0.0.1', port: 0 })
  server.mountApp(createApp({ logger, middleware: [api] }))
  await server.start()
  const made = await registry.create({ isPrivate: true })
  roomId = made.room.id
  publisherToken = made.publisherToken
})
afterEach(() => server.close())

interface Asking {
  bearer?: string
  cookie?: string
  json?: unknown
  headers?: Record<string, string>
}

async function ask(method: string, address: string, { bearer, cookie, json, headers }: Asking = {}) {
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/live/${address}`, {
    method,
    headers: {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(cookie === undefined ? {} : { cookie }),
      ...headers,
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  const body = (await answer.json()) as { code: unknown; data: Record<string, unknown> }
  return { status: answer.status, body, cookies: answer.headers.getSetCookie(), headers: answer.headers }
}

function validToken(): string {
  return tokens.sign(roomId, Date.now() + 60_000)
}

describe('a private room', () => {
  it('is shown to who has its viewer token or manages it, and to nobody else', async () => {
    expect(await ask('GET', roomId)).toMatchObject({ status: 401, body: { code: 'viewer_token_required' } })
    const foreign = tokens.sign('another-room', Date.now() + 60_000)
    for (const bearer of [foreign, tokens.sign(roomId, Date.now() - 1000)])
      expect(await ask('GET', roomId, { bearer })).toMatchObject({
        status: 403,
        body: { code: 'viewer_token_invalid' },
      })
    const shown = { status: 200, body: { data: { private: true } } }
    expect(await ask('GET', roomId, { bearer: validToken() })).toMatchObject(shown)
    expect(await ask('GET', roomId, { cookie: `headwater_viewer=${validToken()}` })).toMatchObject(shown)
    for (const bearer of [ADMIN, publisherToken])
      expect(await ask('GET', roomId, { bearer })).toMatchObject(shown)
  })

  it('gives a viewer token no rights over it', async () => {
    const bearer = validToken()
    for (const [method, address] of [
      ['PATCH', roomId],
      ['DELETE', roomId],
      ['POST', `${roomId}/viewer-tokens`],
    ] as const)
      expect((await ask(method, address, { bearer, json: {} })).status).toBe(401)
  })

  it('names edges by addresses that carry the viewer’s token', async () => {
    const token = validToken()
    expect((await ask('GET', `${roomId}/edges`)).status).toBe(401)
    const { body, headers } = await ask('GET', `${roomId}/edges`, { cookie: `headwater_viewer=${token}` })
    expect(body.data['edges']).toEqual([{ url: `https://eu.test/t/${token}`, region: 'eu' }])
    expect(headers.get('cache-control')).toBe('no-store')
    const managed = await ask('GET', `${roomId}/edges`, { bearer: ADMIN })
    expect(managed.body.data['edges']).toEqual([{ url: 'https://eu.test', region: 'eu' }])
  })

  it('can be opened to all, and closed again', async () => {
    const change = (isPrivate: unknown) =>
      ask('PATCH', roomId, { bearer: publisherToken, json: { private: isPrivate } })
    expect((await change(false)).body.data['settings']).toMatchObject({ private: false })
    expect(await ask('GET', roomId)).toMatchObject({ status: 200, body: { data: { private: false } } })
    await change(true)
    expect((await ask('GET', roomId)).status).toBe(401)
    expect((await change('yes')).status).toBe(400)
  })
})

describe('POST …/viewer-tokens', () => {
  it('gives those who manage the room a token, and addresses with it', async () => {
    const { status, body } = await ask('POST', `${roomId}/viewer-tokens`, {
      bearer: publisherToken,
      json: { ttl_s: 600 },
    })
    expect(status).toBe(200)
    const token = String(body.data['token'])
    const expiresAtMs = Number(body.data['expires_at'])
    expect(tokens.check(token, roomId, Date.now())).toBe(expiresAtMs)
    expect(Math.abs(expiresAtMs - Date.now() - 600_000)).toBeLessThan(30_000)
    const origin = `http://127.0.0.1:${server.port}`
    expect(body.data).toMatchObject({
      room_id: roomId,
      watch_url: `${origin}/watch/${roomId}#token=${token}`,
      play_url: `${origin}/t/${token}/live/${roomId}/master.m3u8`,
      flv_url: `${origin}/t/${token}/live/${roomId}/source.flv`,
    })
    expect(log.text()).not.toContain(token)
  })

  it.each([VIEWER_TOKEN_TTL_S.min - 1, VIEWER_TOKEN_TTL_S.max + 1, 90.5, '600'])(
    'refuses %s seconds',
    async (ttl_s) => {
      const answer = await ask('POST', `${roomId}/viewer-tokens`, { bearer: ADMIN, json: { ttl_s } })
      expect(answer).toMatchObject({ status: 400, body: { code: 'body_invalid' } })
    },
  )

  it('is for those who manage the room', async () => {
    expect((await ask('POST', `${roomId}/viewer-tokens`)).status).toBe(401)
    expect((await ask('POST', 'abcdefghij/viewer-tokens', { bearer: publisherToken })).status).toBe(403)
    expect((await ask('POST', 'abcdefghij/viewer-tokens', { bearer: ADMIN })).status).toBe(404)
  })
})

describe('POST …/viewer-session', () => {
  it('trades a token for cookies that no script reads and only the room is sent', async () => {
    const token = validToken()
    const { status, cookies } = await ask('POST', `${roomId}/viewer-session`, { json: { token } })
    expect(status).toBe(200)
    expect(cookies.map((cookie) => cookie.split('; ').slice(0, 2).join(' '))).toEqual([
      `headwater_viewer=${token} Path=/live/${roomId}`,
      `headwater_viewer=${token} Path=/api/v1/live/${roomId}`,
      `headwater_viewer_${roomId}=${token} Path=/api/v1/live/ws`,
    ])
    for (const cookie of cookies) {
      expect(cookie).toMatch(/; Max-Age=(59|60); HttpOnly; SameSite=Strict$/)
    }
    const headers = { 'x-forwarded-proto': 'https' }
    const overTls = await ask('POST', `${roomId}/viewer-session`, { json: { token }, headers })
    expect(overTls.cookies.every((cookie) => cookie.endsWith('; Secure'))).toBe(true)
  })

  it('gives nothing for what is no token of this room', async () => {
    const wrong = await ask('POST', `${roomId}/viewer-session`, { json: { token: 'x' } })
    expect(wrong).toMatchObject({ status: 403, body: { code: 'viewer_token_invalid' }, cookies: [] })
    expect((await ask('POST', `${roomId}/viewer-session`, { json: {} })).status).toBe(400)
  })
})
