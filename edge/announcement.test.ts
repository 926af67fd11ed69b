import { afterEach, expect, it } from 'vitest'
import { EDGE_GONE_AFTER_MS, readEdges } from '../runtime/store/edge-list.ts'
import { MemoryStore } from '../runtime/store/memory.ts'
import { eventually } from '../tests/support/eventually.ts'
import { captureLog } from '../tests/support/log-lines.ts'
import { Announcement, type AnnouncementOptions } from './announcement.ts'

const MEGABYTE = 1e6
let announcement: Announcement
afterEach(() => announcement.close())

function open(store: MemoryStore, options: Partial<AnnouncementOptions> = {}): void {
  announcement = new Announcement({
    openStore: async () => store,
    ...{ node: 'one', url: 'https://one.test', region: 'eu', capacityMbps: 100 },
    sentBytes: async () => 0,
    drainMs: 0,
    logger: captureLog().logger,
    intervalMs: 10,
    ...options,
  })
  announcement.start()
}

async function read(store: MemoryStore): Promise<string[]> {
  return (await readEdges(store)).map(({ url }) => url)
}

it('says where the edge is and how much of what it can send it sends', async () => {
  const store = new MemoryStore()
  const startMs = performance.now()
  // 6.25 MB a second are half of 100 Mbit/s.
  open(store, { sentBytes: async () => ((performance.now() - startMs) / 1000) * 6.25 * MEGABYTE })
  await eventually(async () => ((await readEdges(store))[0]?.load ?? 0) > 0)
  const [edge] = await readEdges(store)
  expect(edge).toMatchObject({ node: 'one', url: 'https://one.test', region: 'eu' })
  expect(edge?.load).toBeGreaterThan(0.4)
  expect(edge?.load).toBeLessThan(0.6)
})

it('is named no more while it drains, and serves until that is over', async () => {
  const store = new MemoryStore()
  open(store, { drainMs: 300 })
  await eventually(async () => (await read(store)).length === 1)
  const startMs = performance.now()
  const closed = announcement.close()
  expect(announcement.isDraining).toBe(true)
  await eventually(async () => (await read(store)).length === 0, 250)
  await closed
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(295)
})

it('goes on trying for a store that is away', async () => {
  const store = new MemoryStore()
  let tries = 0
  open(store, {
    openStore: async () => {
      if (++tries < 3) throw new Error('away')
      return store
    },
  })
  await eventually(async () => (await read(store)).length === 1)
  expect(tries).toBe(3)
})

it('is cleared by whoever reads the list when it has said nothing for long', async () => {
  const store = new MemoryStore()
  open(store)
  await eventually(async () => (await read(store)).length === 1)
  await store.hashSet('edges', 'two', 'not JSON')
  expect(await readEdges(store, Date.now() + EDGE_GONE_AFTER_MS + 1000)).toEqual([])
})
