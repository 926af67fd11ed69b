import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request as send } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RunningEdge } from '../../tests/support/running-edge.ts'
import { CLUSTER_SECRET, startShield } from '../../tests/support/running-edge.ts'
import { freePorts } from '../../tests/support/free-ports.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { bytes, json, Parked, ScriptedOrigin } from '../../tests/support/scripted-origin.ts'
import { MemoryStore } from '../../runtime/store/memory.ts'
import type { Store } from '../../runtime/store/store.ts'
import { TOKEN_MS } from './fetch-bucket.ts'

const TRACK = '/live/room-1/program01/720p'
const PART = `${TRACK}/12.3.m4s`
const BODY = Buffer.alloc(100_000, 'headwater')

let clients: Agent
let origin: ScriptedOrigin
let store: MemoryStore
let shields: RunningEdge[]

beforeEach(async () => {
  clients = new Agent({ connections: null })
  origin = await ScriptedOrigin.start()
  store = new MemoryStore()
  shields = []
})

afterEach(async () => {
  await clients.destroy()
  for (const each of shields) await each.close()
  await origin.kill()
})

/** Two that know each other's addresses, unless told otherwise. */
async function startShields(openStore: () => Promise<Store>, { areKnown = true } = {}): Promise<void> {
  const ports = await freePorts(2)
  const urls = ports.map((port) => `http://127.0.0.1:${port}`)
  for (const [n, port] of ports.entries()) {
    const shieldStore = { openStore, ownUrl: () => urls[n] ?? '', shieldUrls: areKnown ? urls : [] }
    shields.push(await startShield({ originUrl: origin.url, shieldStore, capMs: 30_000 }, port))
  }
}

/** The same store, whose answers come late, or not. */
function troubled(answer: <T>(made: Promise<T>) => Promise<T>): Store {
  const { compareAndSet, get: read, close } = store
  return {
    compareAndSet: (...args: Parameters<Store['compareAndSet']>) => answer(compareAndSet.apply(store, args)),
    get: (key: string) => answer(read.call(store, key)),
    close: () => close.call(store),
  } as unknown as Store
}

const takings = (shield: RunningEdge | undefined, result: string): Promise<number> | undefined =>
  shield?.metric(`headwater_edge_bucket_total{result="${result}"}`)

async function get(shield: RunningEdge | undefined, path = PART) {
  const answer = await send(`${shield?.url}/internal/media${path}`, {
    dispatcher: clients,
    headers: { authorization: `Bearer ${CLUSTER_SECRET}` },
  })
  return { status: answer.statusCode, body: Buffer.from(await answer.body.arrayBuffer()) }
}

describe('two shields with a store', () => {
  it('ask the origin once between them for what both are asked in one moment', async () => {
    await startShields(async () => store)
    const parked = new Parked()
    origin.on(PART, parked.script)
    const answers = [get(shields[0])]
    await origin.untilAsked(PART)
    answers.push(get(shields[1]))
    await eventually(async () => (await shields[0]?.metric('headwater_edge_waiting_viewers')) === 2)
    parked.release(bytes(BODY))
    for (const { status, body } of await Promise.all(answers)) {
      expect(status).toBe(200)
      expect(body.equals(BODY)).toBe(true)
    }
    expect(origin.count(PART)).toBe(1)
    expect(await takings(shields[0], 'taken')).toBe(1)
    expect(await takings(shields[1], 'peer')).toBe(1)
  })

  it('ask the origin, too, when the one that has the token is gone, or cannot give', async () => {
    await startShields(async () => store)
    origin.on(PART, bytes(BODY))
    await get(shields[0])
    await shields.shift()?.close()
    expect((await get(shields[0])).body.equals(BODY)).toBe(true)
    expect(origin.count(PART)).toBe(2)
  })

  it('ask the origin beside one that has the token and is silent', async () => {
    await startShields(async () => store)
    origin.on(PART, new Parked().script)
    void get(shields[0]).catch(() => undefined)
    await origin.untilAsked(PART)
    origin.on(PART, bytes(BODY))
    expect((await get(shields[1])).body.equals(BODY)).toBe(true)
  })

  it('ask once a second for what the origin does not give', async () => {
    await startShields(async () => store)
    origin.on(PART, json(500, 'internal_error'))
    const beganAtMs = performance.now()
    for (let time = 0; time < 3; time++) {
      expect((await get(shields[0])).status).toBe(502)
      await delay(150) // What lingers is over.
    }
    expect(performance.now() - beganAtMs).toBeGreaterThan(2 * TOKEN_MS)
    expect(origin.count(PART)).toBe(3)
    expect(await takings(shields[0], 'waited')).toBe(2)
  })

  it('do not wait for one whose address they do not know', async () => {
    await startShields(async () => store, { areKnown: false })
    origin.on(PART, bytes(BODY))
    for (const each of shields) expect((await get(each)).status).toBe(200)
    expect(origin.count(PART)).toBe(2)
  })

  it('take no token for what is another thing a moment later', async () => {
    await startShields(async () => store)
    const playlist = `${TRACK}/index.m3u8`
    origin.on(playlist, bytes('#EXTM3U\n'))
    await get(shields[0], playlist)
    expect(await store.get(`fetch:${playlist}`)).toBeNull()
  })
})

describe('a store that', () => {
  it.each([
    ['fails', <T>(made: Promise<T>) => made.then((): T => Promise.reject(new Error('away')) as T)],
    ['is slow', <T>(made: Promise<T>) => delay(2000).then(() => made)],
    ['never answers', <T>(_: Promise<T>) => new Promise<T>(() => undefined)],
  ])('%s holds nobody up', async (_, answer) => {
    await startShields(async () => troubled(answer))
    const paths = Array.from({ length: 20 }, (__, n) => `${TRACK}/${n}.0.m4s`)
    for (const path of paths) origin.on(path, bytes(BODY))
    const beganAtMs = performance.now()
    for (const path of paths) expect((await get(shields[0], path)).status).toBe(200)
    // Each would have waited 50 ms, had the first not told that it is in vain.
    expect(performance.now() - beganAtMs).toBeLessThan(1500)
    expect(await takings(shields[0], 'open')).toBe(20)
  })

  it('is opened too late is closed', async () => {
    let open: (opened: Store) => void = () => undefined
    let isClosed = false
    const opened = { close: async () => void (isClosed = true) } as unknown as Store
    await startShields(() => new Promise((resolve) => (open = resolve)))
    await shields.pop()?.close()
    open(opened)
    await eventually(() => isClosed)
  })

  it('cannot be opened is not needed, and used once it is there', async () => {
    let isThere = false
    await startShields(() => (isThere ? Promise.resolve(store) : Promise.reject(new Error('away'))))
    origin.on(PART, bytes(BODY))
    expect((await get(shields[0])).status).toBe(200)
    isThere = true
    let n = 0
    await eventually(async () => {
      const path = `${TRACK}/${100 + n++}.0.m4s`
      origin.on(path, bytes(BODY))
      await get(shields[0], path)
      return (await takings(shields[0], 'taken')) === 1
    })
  })
})
