import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { describeStoreContract } from '../../tests/contract/store.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { RedisServer } from '../../tests/support/redis-server.ts'
import { TcpProxy } from '../../tests/support/tcp-proxy.ts'
import { RedisStore } from './redis.ts'

const SLOW_MS = 300

let redis: RedisServer
beforeAll(async () => void (redis = await RedisServer.start()))
afterAll(() => redis.kill())

let made = 0
function openStore(proxy: TcpProxy, timeoutMs = 1000): Promise<RedisStore> {
  const url = `redis://127.0.0.1:${proxy.port}`
  return RedisStore.open({ url, logger: captureLog().logger, prefix: `slow-${++made}`, timeoutMs })
}

describe.concurrent('a Redis that answers 300 ms late', () => {
  let proxy: TcpProxy
  beforeAll(async () => {
    proxy = await TcpProxy.start(() => redis.port)
    proxy.answerDelayMs = SLOW_MS
  })
  afterAll(() => proxy.close())

  const open = async () => ({
    store: await openStore(proxy),
    advance: (ms: number) => sleep(ms * 2 * SLOW_MS),
  })
  describeStoreContract('RedisStore', open, { isSlow: true })
})

describe.concurrent('RedisStore', () => {
  it('gives up connections that swallow everything, and hears and asks by new ones', async () => {
    const proxy = await TcpProxy.start(() => redis.port)
    const store = await openStore(proxy, 150)
    const heard: string[] = []
    await store.subscribe('c', (message) => heard.push(message))
    await store.set('a', '1')
    proxy.freeze()
    await expect(store.get('a')).rejects.toMatchObject({ code: 'store_unavailable' })
    await eventually(async () => (await store.get('a').catch(() => null)) === '1')
    await untilHeard(store, heard)
    await store.close()
    await proxy.close()
  })

  it('goes over to another Redis when the one it has becomes a replica, and asks and hears there', async () => {
    const [former, next] = [await RedisServer.start(), await RedisServer.start()]
    let target = former
    const proxy = await TcpProxy.start(() => target.port)
    const store = await openStore(proxy)
    const heard: string[] = []
    await store.subscribe('c', (message) => heard.push(message))
    const before = (await store.acquireLease('l', 'one', 60_000)) ?? expect.fail('no lease')
    target = next
    await demote(former, next)
    // Nothing but a script: that is what a transcoder renews by.
    await eventually(async () => (await store.renewLease(before, 60_000).catch(() => null)) === false)
    const after = await store.acquireLease('l', 'two', 60_000)
    expect(after?.fence).toBeGreaterThan(before.fence)
    await untilHeard(store, heard)
    await store.close()
    await proxy.close()
    await former.kill()
    await next.kill()
  })
})

async function untilHeard(store: RedisStore, heard: string[]): Promise<void> {
  await eventually(async () => {
    await store.publish('c', 'again').catch(() => {})
    return heard.includes('again')
  })
}

async function demote(former: RedisServer, next: RedisServer): Promise<void> {
  const socket = connect(former.port, '127.0.0.1')
  socket.write(`REPLICAOF 127.0.0.1 ${next.port}\r\n`)
  await once(socket, 'data')
  socket.destroy()
}
