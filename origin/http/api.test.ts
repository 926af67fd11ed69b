import { mkdtemp } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createApp } from '../../runtime/http/app.ts'
import { HttpServer } from '../../runtime/http/server.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import type { CapturedLog } from '../../tests/support/log-lines.ts'
import { MemoryLiveRooms } from '../../tests/support/memory-live-rooms.ts'
import { Access } from '../room/access.ts'
import { FailureLimiter } from '../room/failure-limiter.ts'
import { createPublisherToken } from '../room/keys.ts'
import { RoomRegistry } from '../room/registry.ts'
import { ViewerTokens } from '../../runtime/viewer-token.ts'
import { ApiGuard } from './api-guard.ts'
import { createApi } from './api.ts'

const ADMIN = 'an-admin-token-for-tests'
const MAX_FAILURES = 5

interface Answer {
  status: number
  headers: Headers
  body: { code: number | string; message?: string; data: Record<string, unknown> }
}

let log: CapturedLog
let live: MemoryLiveRooms
let registry: RoomRegistry
let server: HttpServer

beforeEach(async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-api-'))
  log = captureLog()
  live = new MemoryLiveRooms()
  registry = new RoomRegistry({ dataDir, logger: log.logger, maxRooms: 3 })
  const limiter = new FailureLimiter({ maxFailures: MAX_FAILURES })
  const access = new Access({ adminToken: ADMIN, rooms: registry, limiter })
  const api = createApi({
    registry,
    live,
    guard: new ApiGuard({ viewerTokens: new ViewerTokens('secret-of-the-tests'), access, trustProxy: true }),
    viewers: () => 7,
    publicUrl: null,
    rtmpPort: () => 1935,
  })
  server = new HttpServer({ name: 'test', logger: log.logger, host: '127.0.0.1', port: 0 })
  server.mountApp(createApp({ logger: log.logger, middleware: [api] }))
  await registry.start()
  await server.start()
})
afterEach(() => server.close())

describe('POST /api/v1/live/create', () => {
  it('makes a room and shows its secrets this once', async () => {
    const { status, body } = await call('POST', '/live/create', {
      token: ADMIN,
      json: { title: ' My  show ' },
    })
    expect(status).toBe(200)
    const origin = `http://127.0.0.1:${server.port}`
    const roomId = String(body.data['room_id'])
    expect(roomId).toMatch(/^[a-z0-9]{10}$/)
    expect(body).toEqual({
      code: 0,
      data: {
        id: roomId,
        room_id: roomId,
        title: 'My show',
        stream_key: expect.stringMatching(new RegExp(`^${roomId}_[A-Za-z0-9]{24}$`)),
        backup_stream_key: expect.stringMatching(new RegExp(`^${roomId}_[A-Za-z0-9]{24}$`)),
        publisher_token: expect.any(String),
        public_key: registry.get(roomId).publicKey,
        streaming_mode: 'rtmp',
        private: false,
        stream_url: 'rtmp://127.0.0.1:1935/live',
        backup_stream_url: 'rtmp://127.0.0.1:1935/live',
        webrtc_url: null,
        webrtc_play_url: null,
        dash_url: null,
        play_url: `${origin}/live/${roomId}/master.m3u8`,
        flv_url: `${origin}/live/${roomId}/source.flv`,
        watch_url: `${origin}/watch/${roomId}`,
      },
    })
    expect(await registry.findByKey(String(body.data['stream_key']))).toMatchObject({ kind: 'obs' })
    const secret = String(body.data['stream_key']).slice(11)
    for (const path of [`/live/${roomId}`, '/live']) {
      expect(JSON.stringify(await call('GET', path, { token: ADMIN }))).not.toContain(secret)
    }
  })

  it('needs no body and no known field', async () => {
    expect((await call('POST', '/live/create', { token: ADMIN })).body.data['title']).toBe('')
    expect((await call('POST', '/live/create', { token: ADMIN, json: { a: 1 } })).status).toBe(200)
  })

  it('counts the characters of a title as a person does', async () => {
    const create = (title: string) => call('POST', '/live/create', { token: ADMIN, json: { title } })
    expect((await create('👍'.repeat(120))).status).toBe(200)
    expect((await create('a'.repeat(121))).body).toMatchObject({
      code: 'body_invalid',
      message: expect.stringContaining('120'),
    })
  })

  it.each([
    ['{', 400, 'body_invalid'],
    ['[]', 400, 'body_invalid'],
    ['{"title":5}', 400, 'body_invalid'],
    ['{"streaming_mode":"carrier-pigeon"}', 400, 'body_invalid'],
    ['{"streaming_mode":"webrtc"}', 501, 'mode_unavailable'],
    ['{"streaming_mode":"hybrid"}', 501, 'mode_unavailable'],
    [JSON.stringify({ title: 'x'.repeat(17 * 1024) }), 413, 'body_too_large'],
  ])('answers %.40s with %i %s and makes nothing', async (text, status, code) => {
    const answer = await call('POST', '/live/create', { token: ADMIN, text })
    expect([answer.status, answer.body.code]).toEqual([status, code])
    expect(registry.size).toBe(0)
  })

  it('stops at the number of rooms allowed', async () => {
    for (let i = 0; i < 3; i++) await registry.create()
    expect((await call('POST', '/live/create', { token: ADMIN })).body.code).toBe('too_many_rooms')
  })

  it('refuses a Host header that is no host', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { Host: 'x"><script>', Authorization: `Bearer ${ADMIN}` }
      const target = {
        host: '127.0.0.1',
        port: server.port,
        path: '/api/v1/live/create',
        method: 'POST',
        headers,
      }
      request(target, (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      })
        .on('error', reject)
        .end()
    })
    expect(status).toBe(400)
    expect(registry.size).toBe(0)
  })
})

describe('GET /api/v1/live/:room', () => {
  it('shows the public view to anyone, of any origin', async () => {
    const { room } = await registry.create({ title: 'Show' })
    goLive(room.id)
    const { status, headers, body } = await call('GET', `/live/${room.id}`)
    expect(status).toBe(200)
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body.data).toMatchObject({
      room_id: room.id,
      title: 'Show',
      state: 'live',
      program_id: 'program1',
      public_key: room.publicKey,
      started_at: 5000,
      viewers: 7,
      publisher: null,
      refusal: null,
      renditions: [{ name: '720p', width: 1280, height: 720, bitrate_kbps: 1500 }],
    })
    expect(body.data).not.toHaveProperty('stream_url')
  })

  it('shows what the publisher sends to those who manage the room', async () => {
    const { room, publisherToken } = await registry.create()
    goLive(room.id)
    for (const token of [ADMIN, publisherToken]) {
      const { body } = await call('GET', `/live/${room.id}`, { token })
      expect(body.data).toMatchObject({
        stream_url: 'rtmp://127.0.0.1:1935/live',
        publisher: {
          codec_video: 'h264',
          keyframe_interval_ms: 5000,
          audio_sample_rate: 44100,
          warnings: [{ code: 'keyframe_interval', message: 'too long' }],
        },
      })
    }
  })

  it('shows the publisher of another room no more than anyone', async () => {
    const { room } = await registry.create()
    const other = await registry.create()
    goLive(room.id)
    const { body } = await call('GET', `/live/${room.id}`, { token: other.publisherToken })
    expect(body.data['publisher']).toBeNull()
  })

  it.each(['abcdefghij', 'create', 'a', '%2e%2e%2f', 'x'.repeat(65)])(
    'answers 404 to the room %s',
    async (roomId) => {
      const { status, body } = await call('GET', `/live/${roomId}`)
      expect([status, body.code]).toEqual([404, 'room_not_found'])
    },
  )
})

describe('GET /api/v1/live', () => {
  it('lists rooms a page at a time, to the admin alone', async () => {
    const created = [await registry.create(), await registry.create(), await registry.create()]
    const { body } = await call('GET', '/live?limit=1&offset=1&unknown=x', { token: ADMIN })
    expect(body.data['total']).toBe(3)
    expect(body.data['rooms']).toMatchObject([{ room_id: created[1]?.room.id, state: 'idle' }])
    expect((await call('GET', '/live', { token: created[0]?.publisherToken ?? '' })).status).toBe(403)
    expect((await call('GET', '/live?limit=0', { token: ADMIN })).body.code).toBe('bad_request')
  })
})

describe('changes to a room', () => {
  it('ends the running program and leaves the room', async () => {
    const { room, publisherToken } = await registry.create()
    goLive(room.id)
    const { body } = await call('POST', `/live/${room.id}/end`, { token: publisherToken })
    expect(body.data['state']).toBe('ended')
    expect(registry.find(room.id)).toBeDefined()
  })

  it('rotates the key, and the publisher token when asked to', async () => {
    const { room, streamKey, publisherToken } = await registry.create()
    const first = await call('POST', `/live/${room.id}/rotate-key`, { token: publisherToken })
    expect(first.body.data).not.toHaveProperty('publisher_token')
    expect(await registry.findByKey(streamKey)).toBeNull()
    expect(await registry.findByKey(String(first.body.data['stream_key']))).toMatchObject({ kind: 'obs' })
    const json = { rotate_publisher_token: true }
    const second = await call('POST', `/live/${room.id}/rotate-key`, { token: publisherToken, json })
    expect((await call('GET', '/session', { token: publisherToken })).status).toBe(401)
    expect(
      (await call('GET', '/session', { token: String(second.body.data['publisher_token']) })).status,
    ).toBe(200)
  })

  it('rotates the standby key alone when it is named', async () => {
    const { room, streamKey, publisherToken } = await registry.create()
    const json = { which: 'standby' }
    const { body } = await call('POST', `/live/${room.id}/rotate-key`, { token: publisherToken, json })
    expect(body.data).toMatchObject({
      stream_key: null,
      stream_url: 'rtmp://127.0.0.1:1935/live',
      backup_stream_url: 'rtmp://127.0.0.1:1935/live',
    })
    expect(await registry.findByKey(String(body.data['backup_stream_key']))).toMatchObject({
      kind: 'standby',
    })
    expect(await registry.findByKey(streamKey)).toMatchObject({ kind: 'obs' })
  })

  it('changes the settings that are named, within their limits', async () => {
    const { room, publisherToken } = await registry.create({ title: 'before' })
    const patch = (json: unknown) => call('PATCH', `/live/${room.id}`, { token: publisherToken, json })
    const first = await patch({ title: 'after', slate_after_ms: 500, record: true, unknown: 1 })
    const settings = {
      slate_after_ms: 500,
      reconnect_window_s: null,
      record: true,
      slate_language: 'en',
      cascade: null,
      private: false,
    }
    expect(first.body.data).toMatchObject({ title: 'after', settings })
    const second = await patch({
      slate_after_ms: null,
      slate_language: 'zh-CN',
      reconnect_window_s: 0,
      cascade: false,
    })
    expect(second.body.data['settings']).toEqual({
      slate_after_ms: null,
      reconnect_window_s: 0,
      record: true,
      slate_language: 'zh-CN',
      cascade: false,
      private: false,
    })
    const wrong = [
      { slate_after_ms: 499 },
      { slate_after_ms: 30_001 },
      { slate_after_ms: 1000.5 },
      { reconnect_window_s: -1 },
      { reconnect_window_s: 1801 },
      { record: 'yes' },
      { cascade: 1 },
      { slate_language: 'fr' },
      { title: null },
    ]
    for (const json of wrong) {
      const answer = await patch({ record: false, ...json })
      expect([answer.status, answer.body.code], JSON.stringify(json)).toEqual([400, 'body_invalid'])
    }
    expect(registry.get(room.id).settings.record).toBe(true)
    expect((await call('GET', `/live/${room.id}`)).body.data).not.toHaveProperty('settings')
  })

  it('has the standby take over when it is asked to, and only where it is live', async () => {
    const { room, publisherToken } = await registry.create()
    const take = (json: unknown) => call('POST', `/live/${room.id}/takeover`, { token: publisherToken, json })
    expect((await take({ source: 'standby' })).body.code).toBe('room_not_live')
    goLive(room.id)
    expect((await take({ source: 'standby' })).body.code).toBe('source_not_live')
    live.set(room.id, {
      sources: [
        { kind: 'obs', active: true, healthy: true },
        { kind: 'standby', active: false, healthy: true },
      ],
    })
    expect((await take({ source: 'standby' })).status).toBe(200)
    expect(live.takeovers).toEqual([{ roomId: room.id, kind: 'standby' }])
    for (const source of ['slate', 'whip', 5]) expect((await take({ source })).body.code).toBe('body_invalid')
  })

  it('deletes a room and disconnects its publisher', async () => {
    const { room, publisherToken } = await registry.create()
    expect((await call('DELETE', `/live/${room.id}`, { token: publisherToken })).body.code).toBe(0)
    expect(live.dropped).toEqual([room.id])
    expect((await call('GET', `/live/${room.id}`)).status).toBe(404)
    expect((await call('DELETE', `/live/${room.id}`, { token: ADMIN })).body.code).toBe('room_not_found')
  })

  it.each([
    ['POST', '/live/create'],
    ['DELETE', '/live/ROOM'],
    ['POST', '/live/ROOM/end'],
    ['POST', '/live/ROOM/rotate-key'],
    ['POST', '/live/ROOM/takeover'],
    ['PATCH', '/live/ROOM'],
    ['GET', '/live'],
    ['GET', '/session'],
  ])('%s %s does nothing without a token', async (method, template) => {
    const { room } = await registry.create()
    const { status, headers, body } = await call(method, template.replace('ROOM', room.id))
    expect([status, body.code, headers.get('www-authenticate')]).toEqual([401, 'unauthorized', 'Bearer'])
    expect(registry.size).toBe(1)
  })

  it.each([
    'DELETE /live/ROOM',
    'PATCH /live/ROOM',
    'POST /live/ROOM/end',
    'POST /live/ROOM/takeover',
    'POST /live/ROOM/rotate-key',
    'POST /live/create',
  ])(
    '%s is forbidden to the publisher of another room, who does not learn which rooms exist',
    async (line) => {
      const { room } = await registry.create()
      const { publisherToken } = await registry.create()
      const [method = '', template = ''] = line.split(' ')
      for (const roomId of [room.id, 'absent']) {
        const answer = await call(method, template.replace('ROOM', roomId), { token: publisherToken })
        expect([answer.status, answer.body.code]).toEqual([403, 'forbidden'])
      }
      expect(registry.size).toBe(2)
    },
  )
})

describe('tokens', () => {
  it('tell whose they are', async () => {
    const { room, publisherToken } = await registry.create()
    const admin = await call('GET', '/session', { token: ADMIN })
    expect(admin.body.data).toEqual({ role: 'admin', room_id: null })
    const publisher = await call('GET', '/session', { token: publisherToken })
    expect(publisher.body.data).toEqual({ role: 'publisher', room_id: room.id })
  })

  it('are refused where none is needed when they are wrong', async () => {
    const { room } = await registry.create()
    expect((await call('GET', `/live/${room.id}`, { token: 'wrong' })).status).toBe(401)
    const basic = await call('GET', `/live/${room.id}`, {
      headers: { Authorization: 'Basic YWRtaW46YWRtaW4=' },
    })
    expect(basic.status).toBe(401)
  })

  it('are no longer looked at after too many wrong ones from an address', async () => {
    const headers = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.1' }
    for (let i = 0; i < MAX_FAILURES; i++) {
      expect((await call('GET', '/session', { token: `wrong${i}`, headers })).status).toBe(401)
    }
    expect((await call('GET', '/session', { token: ADMIN, headers })).body.code).toBe('too_many_requests')
    const other = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.2' }
    expect((await call('GET', '/session', { token: ADMIN, headers: other })).status).toBe(200)
  })

  it('change nothing when they are wrong, a thousand times, and are hardly looked at', async () => {
    const { room, publisherToken } = await registry.create({ title: 'mine' })
    goLive(room.id)
    const before = [await readRoom(room.id, ADMIN), registry.get(room.id)]
    const verifyToken = vi.spyOn(registry, 'verifyToken')
    const headers = { 'X-Forwarded-For': '198.51.100.7' }
    const methods = [
      ['DELETE', ''],
      ['PATCH', ''],
      ['POST', '/end'],
      ['POST', '/rotate-key'],
      ['POST', '/takeover'],
    ]
    const statuses = new Map<number, number>()
    for (let i = 0; i < 1000; i++) {
      const [method = '', action = ''] = methods[i % methods.length] ?? []
      const token = createPublisherToken(room.id)
      const { status } = await call(method, `/live/${room.id}${action}`, { token, headers, json: {} })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
    expect([...statuses]).toEqual([
      [401, MAX_FAILURES],
      [429, 1000 - MAX_FAILURES],
    ])
    expect(verifyToken).toHaveBeenCalledTimes(MAX_FAILURES)
    expect([await readRoom(room.id, ADMIN), registry.get(room.id)]).toEqual(before)
    // Those who hold the right one, elsewhere, notice nothing.
    expect((await call('GET', '/session', { token: publisherToken })).status).toBe(200)
  })

  it('never reach the log', async () => {
    const created = await call('POST', '/live/create', { token: ADMIN, json: { title: 't' } })
    await call('GET', '/session', { token: 'a-wrong-token' })
    const { stream_key, publisher_token } = created.body.data
    for (const secret of [ADMIN, 'a-wrong-token', String(stream_key), String(publisher_token)]) {
      expect(log.text()).not.toContain(secret)
    }
  })
})

describe('methods', () => {
  it('answers those an address does not have with 405, unknown addresses with 404', async () => {
    const put = await call('PUT', '/live/abcdefghij')
    expect([put.status, put.body.code, put.headers.get('allow')]).toEqual([
      405,
      'method_not_allowed',
      'HEAD, GET, PATCH, DELETE, OPTIONS',
    ])
    expect((await call('GET', '/nothing')).body.code).toBe('not_found')
    expect((await call('GET', '/live/')).body.code).toBe('not_found')
  })

  it('allows other sites to read, not to change', async () => {
    const response = await fetch(`http://127.0.0.1:${server.port}/api/v1/live/x`, { method: 'OPTIONS' })
    expect([response.status, response.headers.get('access-control-allow-methods')]).toEqual([
      204,
      'GET, HEAD, OPTIONS',
    ])
  })
})

async function readRoom(roomId: string, token: string): Promise<unknown> {
  return (await call('GET', `/live/${roomId}`, { token })).body.data
}

function goLive(roomId: string): void {
  live.set(roomId, {
    state: 'live',
    programId: 'program1',
    startedAtMs: 5000,
    source: {
      videoCodec: 'h264',
      audioCodec: 'aac',
      width: 1280,
      height: 720,
      fps: 30,
      bitrateKbps: 2500,
      keyframeIntervalMs: 5000,
      audioSampleRate: 44100,
      audioChannels: 2,
      encoder: 'obs-output',
      warnings: [{ code: 'keyframe_interval', message: 'too long' }],
    },
    renditions: [{ name: '720p', width: 1280, height: 720, bitrateKbps: 1500 }],
  })
}

async function call(
  method: string,
  path: string,
  options: { token?: string; json?: unknown; text?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const body = options.text ?? (options.json === undefined ? null : JSON.stringify(options.json))
  const authorization = options.token === undefined ? {} : { Authorization: `Bearer ${options.token}` }
  const headers = { ...options.headers, ...authorization }
  const response = await fetch(`http://127.0.0.1:${server.port}/api/v1${path}`, { method, body, headers })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  }
}
