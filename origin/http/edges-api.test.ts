import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createApp } from '../../runtime/http/app.ts'
import { HttpServer } from '../../runtime/http/server.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { MemoryLiveRooms } from '../../tests/support/memory-live-rooms.ts'
import { Access } from '../room/access.ts'
import { RoomRegistry } from '../room/registry.ts'
import { ViewerTokens } from '../../runtime/viewer-token.ts'
import { ApiGuard } from './api-guard.ts'
import { createApi } from './api.ts'
import { edgesRoutes } from './edges-api.ts'

const EDGES = ['eu', 'us'].map((region) => ({
  node: region,
  url: `https://${region}.test`,
  region,
  load: 0.1,
}))

let server: HttpServer
let roomId: string

beforeEach(async () => {
  const { logger } = captureLog()
  const dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-edges-'))
  const registry = new RoomRegistry({ dataDir, logger, maxRooms: 3 })
  await registry.start()
  const api = createApi({
    registry,
    live: new MemoryLiveRooms(),
    guard: new ApiGuard({
      viewerTokens: new ViewerTokens('secret-of-the-tests'),
      access: new Access({ adminToken: 'an-admin-token-for-tests', rooms: registry }),
    }),
    viewers: () => 0,
    publicUrl: null,
    rtmpPort: () => 1935,
    routes: [edgesRoutes({ directory: { edges: EDGES }, registry, regionHeader: 'X-Region' })],
  })
  server = new HttpServer({ name: 'public', logger, host: '127.0.0.1', port: 0 })
  server.mountApp(createApp({ logger, middleware: [api] }))
  await server.start()
  roomId = (await registry.create({ title: '', streamingMode: 'rtmp' })).room.id
})
afterEach(() => server.close())

async function get(
  address: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/api/v1/live/${address}`, { headers })
  return { status: answer.status, body: await answer.json() }
}

it('names edges of the viewer’s region first, and tells nothing else of them', async () => {
  for (const region of ['eu', 'us']) {
    const { body } = await get(`${roomId}/edges?region=${region}`)
    const named = (body as { data: { edges: object[] } }).data.edges
    expect(named[0]).toEqual({ url: `https://${region}.test`, region })
    expect(named).toHaveLength(2)
  }
  expect((await get(`${roomId}/edges`)).status).toBe(200)
})

async function nearest(query: string, headers: Record<string, string>): Promise<string | undefined> {
  const { body } = await get(`${roomId}/edges${query}`, headers)
  return (body as { data: { edges: { region: string }[] } }).data.edges[0]?.region
}

it('takes a viewer’s region from the proxy that knows where he is, unless he names one', async () => {
  for (const region of ['eu', 'us'])
    expect(await nearest('', { 'x-region': region.toUpperCase() })).toBe(region)
  expect(await nearest('?region=us', { 'x-region': 'eu' })).toBe('us')
})

it('goes without a region where what the proxy says is none', async () => {
  const anywhere = await nearest('', {})
  for (const said of ['', 'E U', 'x'.repeat(33)])
    expect(await nearest('', { 'x-region': said })).toBe(anywhere)
})

it('has none for a room that is not there, or a region that is no name', async () => {
  expect(await get('abcdefghij/edges')).toMatchObject({ status: 404, body: { code: 'room_not_found' } })
  expect(await get(`${roomId}/edges?region=E%20U`)).toMatchObject({
    status: 400,
    body: { code: 'bad_request' },
  })
})
