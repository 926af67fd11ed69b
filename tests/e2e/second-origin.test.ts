/** Two origins on one Redis: the second is refused, and what the first has there stays. */
import { describe, it, type TestContext } from 'vitest'
import { RedisStore } from '../../runtime/store/redis.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { captureLog } from '../support/log-lines.ts'
import { RedisServer } from '../support/redis-server.ts'

const WAITING = 'waiting for the store'

/** A Redis of its own, and origins on it; all of it ends with the test. */
class Cluster {
  readonly redis: RedisServer
  readonly #origins: HeadwaterProcess[] = []

  private constructor(redis: RedisServer) {
    this.redis = redis
  }

  static async open({ onTestFinished }: TestContext): Promise<Cluster> {
    const cluster = new Cluster(await RedisServer.start())
    onTestFinished(async () => {
      for (const origin of cluster.#origins) await origin.close('SIGKILL')
      await cluster.redis.kill()
    })
    return cluster
  }

  async spawn(env: Record<string, string> = {}): Promise<HeadwaterProcess> {
    const args = ['--role', 'origin']
    const origin = await HeadwaterProcess.spawn({ args, env: { REDIS_URL: this.redis.url, ...env } })
    this.#origins.push(origin)
    return origin
  }

  async start(env: Record<string, string> = {}): Promise<HeadwaterProcess> {
    const origin = await this.spawn(env)
    await origin.untilReady()
    return origin
  }
}

// Side by side: most of it is waiting for a lease to run out.
describe.concurrent('one origin a store', () => {
  it('refuses the second, says who has the store, and lets one in beside it by another prefix', async (test) => {
    const { expect } = test
    const cluster = await Cluster.open(test)
    const first = await cluster.start()
    const second = await cluster.spawn()
    expect(await second.exited).toBe(1)
    expect(second.output).toContain(`another origin, `)
    expect(second.output).toContain(`(process ${first.child.pid}), has held this store since 20`)
    expect(second.output).toContain('(store_in_use)')
    expect(await second.isReady()).toBe(false)
    expect(await first.isReady()).toBe(true)
    const beside = await cluster.start({ REDIS_PREFIX: 'another' })
    expect(await beside.isReady()).toBe(true)
  })

  it('gives it back at once to an origin that was killed, and lets another in when that stays away', async (test) => {
    const { expect } = test
    const cluster = await Cluster.open(test)
    const first = await cluster.start()
    await first.restart()
    expect(first.output).not.toContain(WAITING)
    await first.close('SIGKILL')
    const other = await cluster.start()
    expect(other.output).toContain(WAITING)
  })

  it('goes on while Redis is away, and has the store again when it is back, empty', async (test) => {
    const { expect } = test
    const cluster = await Cluster.open(test)
    const { redis } = cluster
    const origin = await cluster.start()
    await redis.kill()
    await new Promise((resolve) => setTimeout(resolve, 12_000)) // longer than a lease: nothing else shows that it outlives it
    expect(await origin.isReady()).toBe(true)
    await redis.restart()
    const store = await RedisStore.open({ url: redis.url, logger: captureLog().logger })
    test.onTestFinished(() => store.close())
    await eventually(async () => (await store.get('origin').catch(() => null)) !== null)
    expect(origin.child.exitCode).toBeNull()
  })

  it('ends an origin that stood still until another had the store', async (test) => {
    const { expect } = test
    const cluster = await Cluster.open(test)
    const zombie = await cluster.start()
    zombie.child.kill('SIGSTOP')
    const next = await cluster.start()
    zombie.child.kill('SIGCONT')
    expect(await zombie.exited).toBe(1)
    expect(zombie.output).toContain('store_in_use')
    expect(await next.isReady()).toBe(true)
  })
})
