/** A whole cluster under viewers in continuity mode, while what stands between them and the origin dies: `npm run bench -- cluster`, in short. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { Audience } from '../support/hls-viewer/audience.ts'
import { PersistentPublisher } from '../support/persistent-publisher.ts'
import { publishCounter } from '../support/counter-picture.ts'
import { ShieldedCluster } from '../support/shielded-cluster.ts'

const VIEWERS = 6
const REDIS_AWAY_MS = 5000
/** Two seconds of picture and sound for each viewer, behind the outage. */
const PARTS_EACH = 16
const LIMIT_MS = 60_000

let cluster: ShieldedCluster
let publisher: PersistentPublisher
let audience: Audience

beforeAll(async () => {
  cluster = await ShieldedCluster.start({ transcoders: 1 })
  const room = await cluster.origin.createRoom()
  const url = cluster.origin.publishUrl(room)
  publisher = new PersistentPublisher(() => publishCounter({ url, size: '426x240' }))
  const program = await cluster.origin.live(room.id)
  audience = await Audience.gather(cluster, { room: room.id, program, count: VIEWERS })
})

afterAll(async () => {
  await audience?.close()
  await publisher?.close()
  await cluster?.close()
})

beforeEach(() => audience.mark())

/** Everybody plays on, with every part, once, and each where the one before it ends. */
async function expectNothingSeen(): Promise<void> {
  const { parts } = audience.figures()
  await eventually(() => audience.figures().parts >= parts + PARTS_EACH * VIEWERS, LIMIT_MS)
  // That they have something to play from, and play it.
  expect(audience.figures().leastReserveMs).toBeGreaterThan(0)
  expect(audience.figures()).toMatchObject({
    stallMs: 0,
    missing: 0,
    conflicting: 0,
    broken: 0,
    wrong: 0,
    remarks: [],
  })
}

describe('viewers in continuity mode', () => {
  it('see nothing of an edge that is killed, and those of it have gone to the other', async () => {
    const [killed] = cluster.edges
    const restarted = killed?.restart({ signal: 'SIGKILL', awayMs: 3000 })
    await eventually(() => audience.viewers.every(({ edge }) => edge !== killed?.url), LIMIT_MS)
    expect(audience.figures().switches).toBeGreaterThanOrEqual(VIEWERS / 2)
    await expectNothingSeen()
    await restarted
  })

  it('see nothing of a shield that is killed', async () => {
    const restarted = (await cluster.busyShield()).restart({ signal: 'SIGKILL', awayMs: 3000 })
    await expectNothingSeen()
    await restarted
  })

  it('see nothing of a Redis that is away', async () => {
    await cluster.redisAway(REDIS_AWAY_MS)
    await expectNothingSeen()
  })
})
