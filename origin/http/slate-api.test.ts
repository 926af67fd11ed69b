import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createApp } from '../../runtime/http/app.ts'
import { HttpServer } from '../../runtime/http/server.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { MemoryLiveRooms } from '../../tests/support/memory-live-rooms.ts'
import { makeFile } from '../../tests/support/slate-files.ts'
import { Access } from '../room/access.ts'
import { RoomRegistry } from '../room/registry.ts'
import { Slates } from '../slate/slates.ts'
import { ViewerTokens } from '../../runtime/viewer-token.ts'
import { ApiGuard } from './api-guard.ts'
import { createApi } from './api.ts'
import { slateRoutes } from './slate-api.ts'

const ADMIN = 'an-admin-token-for-tests'
const MAX_UPLOAD_BYTES = 100_000
const BUILT_IN = {
  kind: 'built-in',
  language: 'en',
  type: null,
  bytes: null,
  made_at: null,
  max_upload_bytes: MAX_UPLOAD_BYTES,
}

let dataDir: string
let registry: RoomRegistry
let slates: Slates
let server: HttpServer

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-slate-api-'))
  const { logger } = captureLog()
  registry = new RoomRegistry({ dataDir, logger })
  slates = new Slates({ dataDir, rooms: registry, logger, now: () => 5000 })
  const api = createApi({
    registry,
    live: new MemoryLiveRooms(),
    guard: new ApiGuard({
      viewerTokens: new ViewerTokens('secret-of-the-tests'),
      access: new Access({ adminToken: ADMIN, rooms: registry }),
    }),
    viewers: () => 0,
    publicUrl: null,
    rtmpPort: () => 1935,
    routes: [slateRoutes({ slates, registry, maxUploadBytes: MAX_UPLOAD_BYTES })],
  })
  server = new HttpServer({ name: 'test', logger, host: '127.0.0.1', port: 0 })
  server.mountApp(createApp({ logger, middleware: [api] }))
  await registry.start()
  await slates.start()
  await server.start()
})
afterEach(async () => {
  await server.close()
  await slates.close()
  await rm(dataDir, { recursive: true, force: true })
})

it(
  'takes a picture, shows what it was made of and goes back to the built-in one',
  { timeout: 60_000 },
  async () => {
    const { room, publisherToken } = await registry.create()
    const url = `/live/${room.id}/slate`
    expect(await json(await call('GET', url, publisherToken))).toEqual({ code: 0, data: BUILT_IN })
    const shipped = await call('GET', `${url}/preview`, publisherToken)
    expect(shipped.headers.get('content-type')).toBe('image/png')

    const bytes = await makeFile('a.png', 'color=red:s=64x36', { video: ['-frames:v', '1'] })
    const put = await call('PUT', url, publisherToken, bytes)
    const data = {
      ...BUILT_IN,
      kind: 'picture',
      language: null,
      type: 'png',
      bytes: bytes.length,
      made_at: 5000,
    }
    expect(await json(put)).toEqual({ code: 0, data })
    expect(await json(await call('GET', url, ADMIN))).toEqual({ code: 0, data })
    const preview = await call('GET', `${url}/preview`, publisherToken)
    expect(preview.headers.get('content-type')).toBe('image/jpeg')
    expect(Buffer.from(await preview.arrayBuffer()).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]))

    expect(await json(await call('DELETE', url, publisherToken))).toEqual({ code: 0, data: BUILT_IN })
  },
)

it.each(['GET /slate', 'GET /slate/preview', 'PUT /slate', 'DELETE /slate'])(
  '%s is for those who manage the room alone',
  async (line) => {
    const [method = '', rest = ''] = line.split(' ')
    const { room } = await registry.create()
    const other = await registry.create()
    const body = method === 'PUT' ? Buffer.from('x') : null
    expect((await call(method, `/live/${room.id}${rest}`, null, body)).status).toBe(401)
    expect((await call(method, `/live/${room.id}${rest}`, other.publisherToken, body)).status).toBe(403)
    expect((await call(method, `/live/absent${rest}`, ADMIN, body)).status).toBe(404)
  },
)

it('refuses what is too large before it has come, and what is no slate', async () => {
  const { room } = await registry.create()
  const put = (body: Buffer) => call('PUT', `/live/${room.id}/slate`, ADMIN, body)
  const large = await put(Buffer.alloc(MAX_UPLOAD_BYTES + 1))
  expect([large.status, await json(large)]).toMatchObject([413, { code: 'body_too_large' }])
  const svg = await put(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'))
  expect([svg.status, await json(svg)]).toMatchObject([415, { code: 'slate_unsupported' }])
})

function call(
  method: string,
  url: string,
  token: string | null,
  body: Buffer | null = null,
): Promise<Response> {
  const headers = token === null ? {} : { Authorization: `Bearer ${token}` }
  return fetch(`http://127.0.0.1:${server.port}/api/v1${url}`, {
    method,
    body: body as BodyInit | null,
    headers,
  })
}

async function json(response: Response): Promise<unknown> {
  return response.json()
}
