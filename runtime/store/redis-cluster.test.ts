import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { describeStoreContract } from '../../tests/contract/store.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { hasRedisCluster, RedisCluster } from '../../tests/support/redis-cluster.ts'
import { RedisStore } from './redis.ts'

const LIMIT_MS = 60_000
const TIMEOUT_MS = 300
const isThere = hasRedisCluster('the store on a Redis Cluster')

describe.skipIf(!isThere)('on a Redis Cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => void (cluster = await RedisCluster.start()), LIMIT_MS)
  afterAll(() => cluster.close())

  let made = 0
  const open: RedisStore[] = []
  async function openStore(prefix = `test-${++made}`): Promise<RedisStore> {
    const { logger } = captureLog()
    const store = await RedisStore.open({ url: cluster.url, logger, prefix, timeoutMs: TIMEOUT_MS })
    open.push(store)
    return store
  }
  afterEach(async () => {
    for (const store of open.splice(0)) await store.close()
  })

  describeStoreContract('RedisStore', async () => ({
    store: await openStore(),
    advance: (ms) => sleep(ms * 3),
    scale: 3,
  }))

  it('keeps keys on every node, and finds each', async () => {
    const [one, two] = [await openStore('spread'), await openStore('spread')]
    const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`)
    for (const key of keys) await one.set(key, key)
    for (const key of keys) expect(await two.get(key)).toBe(key)
  })

  it(
    'goes on with a replica when a primary dies: leases, fences, messages',
    async () => {
      const prefix = 'failover'
      const store = await openStore(prefix)
      const heard: string[] = []
      await store.subscribe('c', (message) => heard.push(message))
      const before = (await store.acquireLease('l', 'one', 60_000)) ?? expect.fail('no lease')
      await cluster.addReplicaFor(`${prefix}:{leases}`)
      await cluster.killPrimaryOf(`${prefix}:{leases}`)
      const startedAt = performance.now()
      await expect(store.renewLease(before, 60_000)).rejects.toMatchObject({ code: 'store_unavailable' })
      expect(performance.now() - startedAt).toBeLessThan(10 * TIMEOUT_MS)
      await eventually(() => answers(store), LIMIT_MS)
      await eventually(async () => (await store.renewLease(before, 60_000).catch(() => false)) === true)
      // Once it answers, connections to what was there before may still close.
      let fence = 0
      await eventually(async () => {
        const after = await store.acquireLease('l', 'one', 60_000).catch(() => null)
        fence = after?.fence ?? 0
        return after !== null
      })
      expect(fence).toBeGreaterThan(before.fence)
      await untilHeard(store, heard)
    },
    2 * LIMIT_MS,
  )

  it(
    'comes back after all of it was away, and hears messages again',
    async () => {
      const store = await openStore()
      const heard: string[] = []
      await store.subscribe('c', (message) => heard.push(message))
      await cluster.kill()
      await eventually(async () => !(await answers(store)))
      await cluster.restart()
      await eventually(() => answers(store), LIMIT_MS)
      await untilHeard(store, heard)
    },
    2 * LIMIT_MS,
  )
})

function answers(store: RedisStore): Promise<boolean> {
  return store.ping().then(
    () => true,
    () => false,
  )
}

async function untilHeard(store: RedisStore, heard: string[]): Promise<void> {
  await eventually(async () => {
    await store.publish('c', 'again').catch(() => {})
    return heard.includes('again')
  })
}
