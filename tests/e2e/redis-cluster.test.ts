/** Origin and transcoder apart on a Redis Cluster: a stream goes out, and goes on when a primary dies. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TrackReader } from '../support/cluster.ts'
import { publishCounter } from '../support/counter-picture.ts'
import { eventually } from '../support/eventually.ts'
import { freePorts } from '../support/free-ports.ts'
import { HeadwaterProcess } from '../support/headwater-process.ts'
import { hasRedisCluster, RedisCluster } from '../support/redis-cluster.ts'

const PARTS = 24
const LIMIT_MS = 90_000
const isThere = hasRedisCluster('roles on a Redis Cluster')

describe.skipIf(!isThere)('a Redis Cluster', () => {
  let redis: RedisCluster
  const processes: HeadwaterProcess[] = []
  beforeAll(async () => void (redis = await RedisCluster.start()))
  afterAll(async () => {
    for (const each of processes.toReversed()) await each.close()
    await redis.close()
  })

  async function start(role: string, env: Record<string, string>): Promise<HeadwaterProcess> {
    const shared = { REDIS_URL: redis.url, CLUSTER_SECRET: 'secret-of-the-cluster-under-test' }
    const made = await HeadwaterProcess.start({ args: ['--role', role], env: { ...shared, ...env } })
    processes.push(made)
    return made
  }

  it('is the store of an origin and a transcoder, also while one of its primaries is replaced', async () => {
    const [internal = 0] = await freePorts(1)
    const origin = await start('origin', { INTERNAL_PORT: `${internal}` })
    const transcoder = await start('transcoder', { ORIGIN_URL: `http://127.0.0.1:${internal}` })
    const room = await origin.createRoom()
    const publisher = publishCounter({ url: origin.publishUrl(room), size: '320x180' })
    const program = await origin.live(room.id)
    const reader = new TrackReader(origin, { room: room.id, program, track: '180p' })
    await reader.untilParts(PARTS)
    expect(await transcoder.metric('headwater_transcoder_programs')).toBe(1)
    await redis.addReplicaFor('headwater:{leases}')
    await redis.killPrimaryOf('headwater:{leases}')
    await eventually(async () => (await storeOf(origin)) !== 'ok', LIMIT_MS)
    await reader.untilParts(PARTS)
    await eventually(async () => (await storeOf(origin)) === 'ok', LIMIT_MS)
    await reader.untilParts(PARTS)
    expect(await transcoder.metric('headwater_transcoder_programs')).toBe(1)
    await publisher.close()
  })
})

async function storeOf(origin: HeadwaterProcess): Promise<unknown> {
  const answer = (await (await fetch(`${origin.url}/readyz`)).json()) as { checks: Record<string, unknown> }
  return answer.checks['store']
}
