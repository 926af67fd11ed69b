/** An edge of two processes: one is killed and replaced, the other serves on; told to end, both do, and neither outlives its parent. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readEdges } from '../../runtime/store/edge-list.ts'
import { RedisStore } from '../../runtime/store/redis.ts'
import { publishCounter } from '../support/counter-picture.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-ports.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { captureLog } from '../support/log-lines.ts'
import { RedisServer } from '../support/redis-server.ts'
import type { Publisher } from '../support/publisher.ts'

const LIMIT_MS = 60_000

let origin: HeadwaterProcess
let publisher: Publisher
let master: string

beforeAll(async () => {
  origin = await HeadwaterProcess.start()
  const room = await origin.createRoom()
  publisher = publishCounter({ url: origin.publishUrl(room), size: '320x180' })
  await origin.live(room.id)
  master = `/live/${room.id}/master.m3u8`
})
afterAll(async () => {
  await publisher?.close()
  await origin?.close()
})

/** The first of two ports in a row that nobody has. */
async function freePair(): Promise<number> {
  for (let tries = 0; tries < 20; tries++) {
    const [first = 0] = await freePorts(1)
    if (await isFree(first + 1)) return first
  }
  throw new Error('no two ports in a row are free')
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

async function startWorkers(
  more: (port: number) => Record<string, string> = () => ({}),
): Promise<{ edge: HeadwaterProcess; urls: string[]; pids: () => number[] }> {
  const first = await freePair()
  const env = {
    ...more(first),
    HTTP_PORT: `${first}`,
    ORIGIN_URL: origin.internalUrl,
    CLUSTER_SECRET: await clusterSecret(),
  }
  const edge = await HeadwaterProcess.start({ args: ['--role', 'edge', '--workers', '2'], env })
  const urls = [first, first + 1].map((port) => `http://127.0.0.1:${port}`)
  for (const url of urls) await eventually(() => isServing(url), LIMIT_MS)
  const pids = (): number[] => {
    const started = new Map<number, number>()
    for (const [, worker, pid] of edge.output.matchAll(/"worker":(\d),"pid":(\d+),"msg":"worker started"/g))
      started.set(Number(worker), Number(pid))
    return [0, 1].map((worker) => started.get(worker) ?? 0)
  }
  return { edge, urls, pids }
}

async function clusterSecret(): Promise<string> {
  return (await readFile(`${origin.dataDir}/cluster-secret`, 'utf8')).trim()
}

function isServing(url = ''): Promise<boolean> {
  return fetch(url + master).then(
    async (answer) => answer.ok && (await answer.text()).startsWith('#EXTM3U'),
    () => false,
  )
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

it('replaces a worker that is killed while the other serves on, and ends both when it is told to', async () => {
  const { edge, urls, pids } = await startWorkers()
  const [first = 0, second = 0] = pids()
  expect([isAlive(first), isAlive(second)]).toEqual([true, true])
  const failed: number[] = []
  process.kill(second, 'SIGKILL')
  await eventually(async () => {
    if (!(await isServing(urls[0]))) failed.push(Date.now())
    return pids()[1] !== second && (await isServing(urls[1]))
  }, LIMIT_MS)
  expect(failed).toEqual([])
  expect(pids()[0]).toBe(first)
  const all = pids()
  edge.child.kill('SIGTERM')
  expect(await edge.exited).toBe(0)
  expect(all.map(isAlive)).toEqual([false, false])
  expect(edge.output).not.toContain('slow to close')
  await edge.close()
})

it('is one edge to viewers, and serves on with all workers while it drains', async () => {
  const redis = await RedisServer.start()
  const folder = await mkdtemp(join(tmpdir(), 'headwater-workers-'))
  const file = join(folder, 'headwater.yaml')
  await writeFile(file, 'edge: { publicUrl: https://near.test, drainSeconds: 2 }\n')
  const store = await RedisStore.open({ url: redis.url, logger: captureLog().logger })
  const { edge, urls } = await startWorkers(() => ({ REDIS_URL: redis.url, HEADWATER_CONFIG: file }))
  const named = async (): Promise<string[]> => (await readEdges(store)).map(({ url }) => url)
  await eventually(async () => (await named()).length > 0, LIMIT_MS)
  expect(await named()).toEqual(['https://near.test'])
  edge.child.kill('SIGTERM')
  await eventually(async () => (await named()).length === 0, LIMIT_MS)
  expect(await Promise.all(urls.map(isServing))).toEqual([true, true])
  expect(await edge.exited).toBe(0)
  await edge.close()
  await store.close()
  await redis.kill()
  await rm(folder, { recursive: true })
})

it('leaves no worker behind when it is killed itself', async () => {
  const { edge, pids } = await startWorkers()
  edge.child.kill('SIGKILL')
  await eventually(() => !pids().some(isAlive), LIMIT_MS)
  await edge.close()
})
