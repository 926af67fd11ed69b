/** Two origins on one Redis: the second is refused, and what the first has there stays. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { RedisStore } from '../../runtime/store/redis.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { captureLog } from '../support/log-lines.ts'
import { RedisServer } from '../support/redis-server.ts'

const WAITING = 'waiting for the store'

let redis: RedisServer
let store: RedisStore
beforeAll(async () => {
  redis = await RedisServer.start()
  store = await RedisStore.open({ url: redis.url, logger: captureLog().logger })
})
afterAll(async () => {
  await store.close()
  await redis.kill()
})

const closing: HeadwaterProcess[] = []
afterEach(async () => {
  for (const each of closing.splice(0)) await each.close('SIGKILL')
  await store.delete('origin')
})

async function spawnOrigin(env: Record<string, string> = {}): Promise<HeadwaterProcess> {
  const args = ['--role', 'origin']
  const origin = await HeadwaterProcess.spawn({ args, env: { REDIS_URL: redis.url, ...env } })
  closing.push(origin)
  return origin
}

async function startOrigin(env: Record<string, string> = {}): Promise<HeadwaterProcess> {
  const origin = await spawnOrigin(env)
  await origin.untilReady()
  return origin
}

it('refuses the second, says who has the store, and lets one in beside it by another prefix', async () => {
  const first = await startOrigin()
  const second = await spawnOrigin()
  expect(await second.exited).toBe(1)
  expect(second.output).toContain(`another origin, `)
  expect(second.output).toContain(`(process ${first.child.pid}), has held this store since 20`)
  expect(second.output).toContain('(store_in_use)')
  expect(await second.isReady()).toBe(false)
  expect(await first.isReady()).toBe(true)
  const beside = await startOrigin({ REDIS_PREFIX: 'another' })
  expect(await beside.isReady()).toBe(true)
})

it('gives it back at once to an origin that was killed, and lets another in when that stays away', async () => {
  const first = await startOrigin()
  await first.restart()
  expect(first.output).not.toContain(WAITING)
  await first.close('SIGKILL')
  const other = await startOrigin()
  expect(other.output).toContain(WAITING)
})

it('goes on while Redis is away, and has the store again when it is back, empty', async () => {
  const origin = await startOrigin()
  await redis.kill()
  await new Promise((resolve) => setTimeout(resolve, 12_000)) // longer than a lease: nothing else shows that it outlives it
  expect(await origin.isReady()).toBe(true)
  await redis.restart()
  await eventually(async () => (await store.get('origin').catch(() => null)) !== null)
  expect(origin.child.exitCode).toBeNull()
})

it('ends an origin that stood still until another had the store', async () => {
  const zombie = await startOrigin()
  zombie.child.kill('SIGSTOP')
  const next = await startOrigin()
  zombie.child.kill('SIGCONT')
  expect(await zombie.exited).toBe(1)
  expect(zombie.output).toContain('store_in_use')
  expect(await next.isReady()).toBe(true)
})
