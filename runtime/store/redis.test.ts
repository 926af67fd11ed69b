import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { describeStoreContract } from '../../tests/contract/store.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { captureLog, type CapturedLog } from '../../tests/support/log-lines.ts'
import { RedisServer } from '../../tests/support/redis-server.ts'
import { RedisStore } from './redis.ts'

let redis: RedisServer
beforeAll(async () => void (redis = await RedisServer.start()))
afterAll(() => redis.kill())

let made = 0
const open: RedisStore[] = []
async function openStore(prefix = `test-${++made}`): Promise<{ store: RedisStore; log: CapturedLog }> {
  const log = captureLog()
  const store = await RedisStore.open({ url: redis.url, logger: log.logger, prefix, timeoutMs: 300 })
  open.push(store)
  return { store, log }
}
afterEach(async () => {
  for (const store of open.splice(0)) await store.close()
})

describeStoreContract('RedisStore', async () => {
  const { store } = await openStore()
  // Its clock is another process's, and this machine may be busy: all times longer.
  return { store, advance: (ms) => sleep(ms * 3), scale: 3 }
})

describe('RedisStore', () => {
  it('is one store for several processes, apart from those of another prefix', async () => {
    const [{ store: one }, { store: two }, { store: other }] = [
      await openStore('shared'),
      await openStore('shared'),
      await openStore('other'),
    ]
    const heard: string[] = []
    await two.subscribe('c', (message) => heard.push(message))
    await one.set('a', '1')
    await one.publish('c', 'hello')
    await other.publish('c', 'not for you')
    expect(await two.get('a')).toBe('1')
    expect(await other.get('a')).toBeNull()
    expect(await one.acquireLease('l', 'one', 5000)).not.toBeNull()
    expect(await two.acquireLease('l', 'two', 5000)).toBeNull()
    expect(await other.acquireLease('l', 'two', 5000)).not.toBeNull()
    await eventually(() => heard.length > 0)
    expect(heard).toEqual(['hello'])
  })

  it('fails soon while Redis hangs, and works again as soon as it does', async () => {
    const { store } = await openStore()
    redis.signal('SIGSTOP')
    const startedAt = performance.now()
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(performance.now() - startedAt).toBeLessThan(3000)
    redis.signal('SIGCONT')
    await eventually(() =>
      store.set('a', '1').then(
        () => true,
        () => false,
      ),
    )
    expect(await store.get('a')).toBe('1')
  })

  it('fails at once while Redis is gone; then it hears messages again, and fences have grown', async () => {
    const { store, log } = await openStore()
    const heard: string[] = []
    await store.subscribe('c', (message) => heard.push(message))
    const before = await store.acquireLease('l', 'one', 60_000)
    await redis.kill()
    await eventually(() =>
      store.ping().then(
        () => false,
        () => true,
      ),
    )
    const startedAt = performance.now()
    await expect(store.hashAll('h')).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(performance.now() - startedAt).toBeLessThan(250)
    await redis.restart()
    await eventually(() =>
      store.ping().then(
        () => true,
        () => false,
      ),
    )
    const after = await store.acquireLease('l', 'two', 60_000)
    expect(after?.fence).toBeGreaterThan(before?.fence ?? Infinity)
    await eventually(async () => {
      await store.publish('c', 'again').catch(() => {})
      return heard.includes('again')
    })
    expect(log.text()).toContain('Redis is away')
    expect(log.text()).toContain('Redis is back')
  })

  it('does not open without Redis, and keeps its address to itself', async () => {
    const url = 'redis://user:hunter2@127.0.0.1:1'
    const opening = RedisStore.open({ url, logger: captureLog().logger, openWithinMs: 300 })
    const failure: unknown = await opening.catch((error: unknown) => error)
    expect(failure).toMatchObject({ code: 'store_unavailable' })
    expect(String(failure)).toContain('127.0.0.1:1')
    expect(String(failure)).not.toContain('hunter2')
  })

  it('refuses values over its bound', async () => {
    const { store } = await openStore()
    await expect(store.set('a', 'x'.repeat(2 ** 20 + 1))).rejects.toMatchObject({ code: 'store_full' })
  })
})
