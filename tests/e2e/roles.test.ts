/** Origin, transcoders and edge as processes of their own on Redis: any of the replaceable ones dies, and viewers see nothing. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { RedisStore } from '../../runtime/store/redis.ts'
import { Cluster, TrackReader } from '../support/cluster.ts'
import { publishCounter, readCounters } from '../support/counter-picture.ts'
import { eventually } from '../support/eventually.ts'
import { captureLog } from '../support/log-lines.ts'
import type { Publisher } from '../support/publisher.ts'

/** What continuity viewers hold. */
const RESERVE_MS = 9000
/** Six seconds: twice a lease. */
const PARTS = 24
const LIMIT_MS = 90_000

let cluster: Cluster
beforeAll(async () => void (cluster = await Cluster.start()))
afterAll(() => cluster.close())

const publishers: Publisher[] = []
const rooms: string[] = []
afterEach(async () => {
  cluster.wayToRedis.answerDelayMs = 0
  for (const room of rooms.splice(0)) await cluster.origin.api('POST', `/api/v1/live/${room}/end`)
  for (const publisher of publishers.splice(0)) await publisher.close()
  await eventually(async () => (await cluster.programs()).every((programs) => programs === 0), LIMIT_MS)
})

/** A program on air, as a viewer of the edge reads it. */
async function goLive(): Promise<TrackReader> {
  const { origin, edge } = cluster
  const room = await origin.createRoom()
  rooms.push(room.id)
  publishers.push(publishCounter({ url: origin.publishUrl(room), size: '426x240' }))
  const program = await origin.live(room.id)
  const reader = new TrackReader(edge, { room: room.id, program, track: '240p' })
  await reader.untilParts(PARTS)
  return reader
}

/** Every frame from the playlist's first segment to its last, once and in order. */
async function expectEveryFrame(reader: TrackReader): Promise<void> {
  const { bytes, msns } = await reader.bytes()
  expect(msns).toEqual(msns.map((_, index) => (msns[0] ?? 0) + index))
  const { counters, complaints } = await readCounters(bytes)
  expect(complaints).toBe('')
  expect(counters.length).toBeGreaterThan(PARTS * 7)
  expect(counters).toEqual(counters.map((_, index) => (counters[0] ?? 0) + index))
}

function report(what: string, figures: unknown): void {
  if (process.env['HEADWATER_FIGURES']) console.info(what, figures)
}

describe('a transcoder', () => {
  it('that is held up loses its program to another, and does no harm when it goes on', async () => {
    const reader = await goLive()
    const { busy, idle } = await cluster.roles()
    busy.child.kill('SIGSTOP')
    const gapMs = await reader.longestGapMs(PARTS)
    report('transcoder held up', { gapMs })
    expect(gapMs).toBeLessThan(RESERVE_MS)
    expect(await idle.metric('headwater_transcoder_programs')).toBe(1)
    busy.child.kill('SIGCONT')
    await eventually(async () => (await busy.metric('headwater_transcoder_programs')) === 0, LIMIT_MS)
    await reader.untilParts(PARTS)
    expect(await idle.metric('headwater_transcoder_programs')).toBe(1)
    await expectEveryFrame(reader)
  })

  it.each([
    ['stopped hands its program over', 'SIGTERM'],
    ['killed is followed by another after its lease', 'SIGKILL'],
  ] as [string, NodeJS.Signals][])('that is %s: numbers go on, no frame is lost', async (what, signal) => {
    const reader = await goLive()
    const { busy } = await cluster.roles()
    busy.child.kill(signal)
    const gapMs = await reader.longestGapMs(PARTS)
    report(what, { gapMs })
    expect(gapMs).toBeLessThan(RESERVE_MS)
    await reader.untilParts(PARTS)
    await expectEveryFrame(reader)
    await cluster.replace(busy, signal)
  })

  it('that is full leaves a program to one that is not', async () => {
    const others = [...cluster.transcoders]
    const folder = await mkdtemp(join(tmpdir(), 'headwater-full-'))
    const file = join(folder, 'headwater.yaml')
    await writeFile(file, 'ladder: { cpuLimitPercent: 1 }\n')
    const full = await cluster.addTranscoder({ HEADWATER_CONFIG: file })
    await untilAllAreKnown(others.length + 1)
    for (const other of others) other.child.kill('SIGSTOP') // so that the full one is the first to look
    const room = await cluster.origin.createRoom()
    rooms.push(room.id)
    publishers.push(publishCounter({ url: cluster.origin.publishUrl(room), size: '320x180' }))
    await eventually(() => full.output.includes('no room here'), LIMIT_MS)
    for (const other of others) other.child.kill('SIGCONT')
    await cluster.origin.live(room.id)
    expect(await full.metric('headwater_transcoder_programs')).toBe(0)
    await cluster.remove(full, 'SIGTERM')
    await rm(folder, { recursive: true })
  })
})

/** Resolves when so many transcoders have said what room they have, and each has read of the others. */
async function untilAllAreKnown(count: number): Promise<void> {
  const store = await RedisStore.open({ url: cluster.redis.url, logger: captureLog().logger })
  await eventually(async () => Object.keys(await store.hashAll('transcoders')).length === count, LIMIT_MS)
  await store.close()
}

describe('an edge that viewers reach directly', () => {
  it('is named by the API as long as it is there, and serves on while it drains', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'headwater-drain-'))
    const file = join(folder, 'headwater.yaml')
    await writeFile(file, 'edge: { publicUrl: https://near.test, region: near, drainSeconds: 2 }\n')
    const edge = await cluster.startEdge({ HEADWATER_CONFIG: file })
    const room = await cluster.origin.createRoom()
    const named = async (): Promise<unknown> => {
      const answer = await cluster.origin.api('GET', `/api/v1/live/${room.id}/edges?region=near`)
      return ((await answer.json()) as { data: { edges: unknown } }).data.edges
    }
    const isNamed = async (): Promise<boolean> => JSON.stringify(await named()).includes('near.test')
    await eventually(isNamed)
    expect(await named()).toEqual([{ url: 'https://near.test', region: 'near' }])
    edge.child.kill('SIGTERM')
    await eventually(async () => !(await isNamed()))
    expect((await fetch(`${edge.url}/healthz`)).status).toBe(200)
    expect(await edge.isReady()).toBe(false)
    expect(await edge.exited).toBe(0)
    await edge.close()
    await rm(folder, { recursive: true })
  })
})

describe('Redis', () => {
  it('that is slow, mute, then gone ends nothing; new streams are refused until it is back', async () => {
    cluster.wayToRedis.answerDelayMs = 300
    const reader = await goLive()
    const { busy } = await cluster.roles()
    cluster.wayToRedis.freeze()
    const muteGapMs = await reader.longestGapMs(PARTS / 2)
    expect(await cluster.origin.isReady()).toBe(true)
    cluster.wayToRedis.answerDelayMs = 0
    await cluster.redis.kill()
    const gapMs = Math.max(muteGapMs, await reader.longestGapMs(PARTS))
    report('Redis gone', { gapMs })
    expect(await busy.metric('headwater_transcoder_programs')).toBe(1)
    const room = await cluster.origin.createRoom()
    const refused = publishCounter({ url: cluster.origin.publishUrl(room), size: '320x180' })
    publishers.push(refused)
    expect(await refused.exited).not.toBe(0)
    expect(await cluster.refusalOf(room)).toBe('encoding_unavailable')
    await cluster.redis.restart()
    const other = await cluster.origin.createRoom()
    rooms.push(other.id)
    await eventually(async () => {
      const publisher = publishCounter({ url: cluster.origin.publishUrl(other), size: '320x180' })
      publishers.push(publisher)
      return cluster.origin.live(other.id).then(
        () => true,
        () => false,
      )
    }, LIMIT_MS)
    await reader.untilParts(PARTS)
    await expectEveryFrame(reader)
    expect(gapMs).toBeLessThan(RESERVE_MS / 3)
  })
})
