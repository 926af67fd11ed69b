import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { HttpServer } from '../../runtime/http/server.ts'
import { Metrics } from '../../runtime/metrics.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { MemoryLiveRooms } from '../../tests/support/memory-live-rooms.ts'
import { Access } from '../room/access.ts'
import { RoomRegistry } from '../room/registry.ts'
import type { CreatedRoom } from '../room/registry.ts'
import { ViewerTokens } from '../../runtime/viewer-token.ts'
import { Signalling, SIGNALLING_PATH } from './server.ts'
import type { SignallingOptions } from './server.ts'

const ADMIN = 'an-admin-token-for-tests'

let live: MemoryLiveRooms
let registry: RoomRegistry
let server: HttpServer
let signalling: Signalling
let created: CreatedRoom
let roomId: string
let metrics: Metrics
const log = captureLog()

beforeEach(async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-ws-'))
  live = new MemoryLiveRooms()
  registry = new RoomRegistry({ dataDir, logger: log.logger })
  await registry.start()
  created = await registry.create()
  roomId = created.room.id
  await listen({})
})
afterEach(stop)

describe('Signalling', () => {
  it('answers a hello with the state of the room', async () => {
    live.set(roomId, { state: 'live', programId: 'program1' })
    const viewer = await joined()
    expect(viewer.received).toEqual([
      { type: 'room', state: 'live', program_id: 'program1', since: null, slate: false, at: 1234 },
    ])
  })

  it('tells of every change as it happens, and of the publisher coming and going', async () => {
    const viewer = await joined()
    live.set(roomId, { state: 'live', programId: 'program1' })
    live.set(roomId, { state: 'interrupted' })
    live.set(roomId, { startedAtMs: 5 })
    live.set(roomId, { state: 'starting' })
    live.set(roomId, { state: 'live' })
    live.set(roomId, { state: 'ended' })
    await viewer.count(10)
    expect(viewer.received.map((each) => each['state'] ?? each['type'])).toEqual([
      'idle',
      'live',
      'publisher-interrupted',
      'interrupted',
      'publisher-reconnecting',
      'starting',
      'publisher-reconnected',
      'live',
      'publisher-ended',
      'ended',
    ])
    expect(viewer.received.every((each) => each['at'] === 1234)).toBe(true)
  })

  it('tells who joins during a return of its end', async () => {
    live.set(roomId, { state: 'live', programId: 'program1' })
    live.set(roomId, { state: 'interrupted' })
    live.set(roomId, { state: 'starting' })
    const viewer = await joined()
    live.set(roomId, { state: 'live' })
    await viewer.count(3)
    expect(viewer.received[1]).toMatchObject({ type: 'publisher-reconnected' })
  })

  it('tells a room nothing of another', async () => {
    const other = await registry.create()
    const viewer = await joined()
    live.set(other.room.id, { state: 'live' })
    live.set(roomId, { state: 'starting' })
    await viewer.count(2)
    expect(viewer.received.map((each) => each['state'])).toEqual(['idle', 'starting'])
  })

  it('sends facts to those who manage the room, and to nobody else', async () => {
    live.set(roomId, { state: 'refused', refusal: { code: 'source_refused', message: 'too wide' } })
    const viewer = await joined()
    const studio = await joined({ role: 'publisher', token: created.publisherToken })
    const admin = await joined({ role: 'admin', token: ADMIN })
    await Promise.all([studio.count(4), admin.count(4)])
    const facts = {
      type: 'facts',
      publisher: null,
      refusal: { code: 'source_refused', message: 'too wide' },
      viewers: 1,
    }
    expect(studio.received[1]).toMatchObject(facts)
    expect(admin.received[3]).toMatchObject(facts)
    expect(viewer.received).toHaveLength(1)
  })

  it('counts viewers, not those who manage', async () => {
    const viewer = await joined()
    await joined()
    await joined({ role: 'publisher', token: created.publisherToken })
    expect([signalling.viewers(roomId), signalling.viewers('nobody')]).toEqual([2, 0])
    expect(await metrics.text()).toContain('headwater_viewers 2')
    const studio = await joined({ role: 'publisher', token: created.publisherToken })
    viewer.socket.close()
    await studio.until((each) => each['viewers'] === 1)
    expect(signalling.viewers(roomId)).toBe(1)
  })

  it.each([
    ['another type', '{"type":"bye"}', 4400],
    ['no JSON', '{', 4400],
    ['an unknown role', '{"type":"hello","role":"king","room_id":"abcdefghij"}', 4400],
    ['a room that cannot be', '{"type":"hello","role":"viewer","room_id":"../x"}', 4400],
    ['an unknown room', '{"type":"hello","role":"viewer","room_id":"abcdefghij"}', 4404],
    ['a wrong token', '{"type":"hello","role":"admin","room_id":"ROOM","token":"wrong"}', 4401],
    ['a binary message', Buffer.from([1, 2, 3]), 4400],
    ['a message over 4 KiB', 'x'.repeat(5000), 1009],
  ])('refuses a first message with %s', async (_, message, code) => {
    const client = await connected()
    client.socket.send(typeof message === 'string' ? message.replace('ROOM', roomId) : message)
    expect(await client.closed).toBe(code)
    if (code !== 1009) expect(client.received).toMatchObject([{ type: 'error', code: expect.any(String) }])
    expect(signalling.viewers(roomId)).toBe(0)
  })

  it('refuses the token of another room', async () => {
    const other = await registry.create()
    const client = await connected()
    client.hello({ role: 'publisher', token: other.publisherToken })
    expect(await client.closed).toBe(4403)
  })

  it('refuses a hello for another room than the address names', async () => {
    const client = await connected(`?room_id=another1`)
    client.hello()
    expect(await client.closed).toBe(4400)
  })

  it('closes a client that does not say hello in time', async () => {
    await relisten({ helloTimeoutMs: 20 })
    const client = await connected()
    expect(await client.closed).toBe(4400)
  })

  it('leaves alone what a client says after its hello', async () => {
    const viewer = await joined()
    viewer.socket.send('{"type":"something-newer"}')
    viewer.socket.send('nonsense')
    live.set(roomId, { state: 'starting' })
    await viewer.count(2)
    expect(viewer.socket.readyState).toBe(WebSocket.OPEN)
  })

  it('answers a page that asks whether anybody is there, once a second at most', async () => {
    let nowMs = 1000
    await relisten({ now: () => nowMs })
    const viewer = await joined()
    for (const at of [1000, 1500, 2100]) {
      nowMs = at
      viewer.socket.send('{"type":"ping"}')
      await roundTrip(viewer)
    }
    const pongs = viewer.received.filter((each) => each['type'] === 'pong')
    expect(pongs.map((each) => each['at'])).toEqual([1000, 2100])
  })

  it('ends clients that do not answer pings, and keeps those that do', async () => {
    await relisten({ heartbeatMs: 60 })
    const silent = await connected('', { autoPong: false })
    const viewer = await joined()
    await silent.closed
    const pings = { count: 0 }
    viewer.socket.on('ping', () => (pings.count += 1))
    while (pings.count < 3) await once(viewer.socket, 'ping')
    expect(viewer.socket.readyState).toBe(WebSocket.OPEN)
  })

  it('gives pages of other sites no socket, and those of its own one', async () => {
    await relisten({ publicUrl: 'https://live.example' })
    await expect(connected('', { origin: 'https://evil.example' })).rejects.toThrow('403')
    await expect(connected('', { origin: 'null' })).rejects.toThrow('403')
    await connected('', { origin: 'https://live.example' })
    await connected('', { origin: `http://127.0.0.1:${server.port}` })
  })

  it('takes no more clients than it may', async () => {
    await relisten({ maxClients: 1 })
    const first = await joined()
    await expect(connected()).rejects.toThrow('503')
    first.socket.close()
    await first.closed
  })

  it('closes the clients of a deleted room', async () => {
    const viewer = await joined()
    await registry.delete(roomId)
    expect(await viewer.closed).toBe(4404)
  })

  it('says goodbye when it closes', async () => {
    const viewer = await joined()
    await stop()
    expect(await viewer.closed).toBe(1001)
  })

  it('writes no token to the log', async () => {
    await joined({ role: 'publisher', token: created.publisherToken })
    expect(log.text()).not.toContain(created.publisherToken)
  })
})

describe('reports of viewers', () => {
  const REPORT = { type: 'watch-stats', distance_ms: 9100, stalls: 2, stall_ms: 700, played_ms: 9000 }

  it('are counted over all rooms: distance to live, stalls, time watched', async () => {
    const viewer = await joined()
    viewer.socket.send(JSON.stringify(REPORT))
    await eventually(async () => (await metrics.text()).includes('headwater_viewer_stalls_total 2'))
    const text = await metrics.text()
    expect(text).toContain('headwater_viewer_distance_seconds_bucket{le="8"} 0')
    expect(text).toContain('headwater_viewer_distance_seconds_bucket{le="10"} 1')
    expect(text).toContain('headwater_viewer_stall_seconds_total 0.7')
    expect(text).toContain('headwater_viewer_played_seconds_total 9')
    expect(text).not.toMatch(/headwater_viewer_[a-z_]+\{room/)
  })

  it('count no more than time has passed, nor oftener than players send them, nor what is none', async () => {
    const viewer = await joined()
    for (const wrong of [{ stalls: -1 }, { played_ms: 1e12 }, { distance_ms: 'far' }])
      viewer.socket.send(JSON.stringify({ ...REPORT, ...wrong }))
    viewer.socket.send(JSON.stringify({ ...REPORT, stalls: 1000, stall_ms: 3e6, played_ms: 3e6 }))
    viewer.socket.send(JSON.stringify(REPORT))
    const manager = await joined({ role: 'publisher', token: ADMIN })
    manager.socket.send(JSON.stringify(REPORT))
    await Promise.all([roundTrip(viewer), roundTrip(manager)])
    const text = await metrics.text()
    expect(text).toContain('headwater_viewer_distance_seconds_count 1')
    expect(text).toContain('headwater_viewer_stalls_total 120')
    expect(text).toContain('headwater_viewer_stall_seconds_total 60')
    expect(text).toContain('headwater_viewer_played_seconds_total 60')
  })
})

describe('a private room', () => {
  const tokens = new ViewerTokens('secret-of-the-tests')
  const makePrivate = () => registry.update(roomId, { settings: { isPrivate: true } })

  it('takes a viewer token, by hello or cookie, and refuses who has none', async () => {
    await makePrivate()
    const viewer_token = tokens.sign(roomId, Date.now() + 60_000)
    expect((await joined({ viewer_token })).received[0]).toMatchObject({ type: 'room' })
    const headers = { cookie: `headwater_viewer_${roomId}=${viewer_token}` }
    const byCookie = await connected('', { headers })
    byCookie.hello()
    await byCookie.until(({ type }) => type === 'room')
    for (const [fields, code, closeCode] of [
      [{}, 'viewer_token_required', 4401],
      [{ viewer_token: 'x' }, 'viewer_token_invalid', 4403],
    ] as const) {
      const refused = await connected()
      refused.hello(fields)
      expect(await refused.closed).toBe(closeCode)
      expect(refused.received).toMatchObject([{ type: 'error', code }])
    }
  })

  it('lets go of those without a token when it becomes private, and of nobody else', async () => {
    const open = await joined()
    const entitled = await joined({ viewer_token: tokens.sign(roomId, Date.now() + 60_000) })
    const manager = await joined({ role: 'publisher', token: ADMIN })
    await makePrivate()
    expect(await open.closed).toBe(4401)
    await eventually(() => signalling.viewers(roomId) === 1)
    for (const { socket } of [entitled, manager]) expect(socket.readyState).toBe(WebSocket.OPEN)
  })
})

type Received = Record<string, unknown>

class TestClient {
  readonly received: Received[] = []
  readonly socket: WebSocket
  readonly closed: Promise<number>

  constructor(socket: WebSocket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', resolve))
    socket.on('message', (data) => this.received.push(JSON.parse(String(data)) as Received))
  }

  hello(fields: Received = {}): void {
    this.socket.send(JSON.stringify({ type: 'hello', role: 'viewer', room_id: roomId, ...fields }))
  }

  async count(messages: number): Promise<void> {
    while (this.received.length < messages) await once(this.socket, 'message')
  }

  async until(matches: (message: Received) => boolean): Promise<void> {
    while (!this.received.some(matches)) await once(this.socket, 'message')
  }
}

async function connected(query = '', options: WebSocket.ClientOptions = {}): Promise<TestClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${SIGNALLING_PATH}${query}`, options)
  const client = new TestClient(socket)
  await once(socket, 'open')
  return client
}

async function joined(fields: Received = {}): Promise<TestClient> {
  const client = await connected(`?room_id=${roomId}&role=viewer`)
  client.hello(fields)
  await client.count(1)
  return client
}

async function roundTrip({ socket }: TestClient): Promise<void> {
  const answered = once(socket, 'pong')
  socket.ping()
  await answered
}

async function listen(options: Partial<SignallingOptions>): Promise<void> {
  const access = new Access({ adminToken: ADMIN, rooms: registry })
  metrics = new Metrics()
  const settings = {
    rooms: registry,
    live,
    access,
    viewerTokens: new ViewerTokens('secret-of-the-tests'),
    publicUrl: null,
    logger: log.logger,
    metrics,
    now: () => 1234,
  }
  signalling = new Signalling({ ...settings, factsIntervalMs: 20, ...options })
  server = new HttpServer({ name: 'test', logger: log.logger, host: '127.0.0.1', port: 0, closeGraceMs: 100 })
  server.mountUpgrade(SIGNALLING_PATH, (...handshake) => signalling.upgrade(...handshake))
  signalling.start()
  await server.start()
}

async function relisten(options: Partial<SignallingOptions>): Promise<void> {
  await stop()
  await listen(options)
}

async function stop(): Promise<void> {
  signalling.close()
  await server.close()
}
