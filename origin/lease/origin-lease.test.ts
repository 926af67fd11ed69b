import { afterEach, expect, it } from 'vitest'
import type { HeadwaterError } from '../../runtime/errors.ts'
import { MemoryStore } from '../../runtime/store/memory.ts'
import { eventually } from '../../tests/support/eventually.ts'
import { captureLog } from '../../tests/support/log-lines.ts'
import { OriginLease } from './origin-lease.ts'

const LEASE_MS = 1000
const KEY = 'origin'

interface Started {
  lease: OriginLease
  lost: HeadwaterError[]
}

const leases: OriginLease[] = []
afterEach(async () => {
  for (const lease of leases.splice(0)) await lease.close()
})

function create(store: MemoryStore, id: string): Started {
  const lost: HeadwaterError[] = []
  const { logger } = captureLog()
  const onLost = (error: HeadwaterError): void => void lost.push(error)
  const lease = new OriginLease({ store, id, name: `machine of ${id}`, onLost, logger, leaseMs: LEASE_MS })
  leases.push(lease)
  return { lease, lost }
}

async function start(store: MemoryStore, id: string): Promise<Started> {
  const made = create(store, id)
  await made.lease.start()
  return made
}

/** As after kill -9: nothing is given back, nothing is renewed. */
class DeadStore extends MemoryStore {
  isDead = false
  readonly #living: MemoryStore
  constructor(living: MemoryStore) {
    super()
    this.#living = living
  }
  override get(key: string): Promise<string | null> {
    return this.isDead ? Promise.reject(new Error('dead')) : this.#living.get(key)
  }
  override compareAndSet(...change: Parameters<MemoryStore['compareAndSet']>): Promise<boolean> {
    return this.isDead ? Promise.reject(new Error('dead')) : this.#living.compareAndSet(...change)
  }
}

it('refuses a second origin while the first lives, and names the first', async () => {
  const store = new MemoryStore()
  const first = await start(store, 'one')
  const failure: unknown = await start(store, 'two').catch((error: unknown) => error)
  expect(failure).toMatchObject({ code: 'store_in_use' })
  expect(String(failure)).toMatch(/machine of one, has held this store since \d{4}-.*stop it, or give/)
  expect([first.lease.isHeld, first.lost]).toEqual([true, []])
})

it('goes to another as soon as it is given back', async () => {
  const store = new MemoryStore()
  const first = await start(store, 'one')
  const second = start(store, 'two')
  await first.lease.close()
  expect((await second).lease.isHeld).toBe(true)
})

it('of one that was killed goes to its data directory at once, and to another when it has run out', async () => {
  const store = new MemoryStore()
  const dead = new DeadStore(store)
  await start(dead as unknown as MemoryStore, 'one')
  dead.isDead = true
  const startedAt = performance.now()
  const again = new DeadStore(store)
  await start(again as unknown as MemoryStore, 'one')
  expect(performance.now() - startedAt).toBeLessThan(LEASE_MS / 2)
  again.isDead = true
  const diedAt = performance.now()
  await start(store, 'two')
  expect(performance.now() - diedAt).toBeGreaterThan(LEASE_MS / 2)
})

it('tells the older of two with one data directory that it is over, and not the newer', async () => {
  const store = new MemoryStore()
  const older = await start(store, 'one')
  const newer = await start(store, 'one')
  await eventually(() => older.lost.length > 0)
  expect(older.lost[0]?.code).toBe('store_in_use')
  expect([older.lease.isHeld, newer.lease.isHeld, newer.lost]).toEqual([false, true, []])
})

it('is held on to while the store is away, without being sure, and is there again when it comes back empty', async () => {
  const store = new MemoryStore()
  const way = new DeadStore(store)
  const { lease, lost } = await start(way as unknown as MemoryStore, 'one')
  way.isDead = true
  await store.delete(KEY)
  await eventually(() => !lease.isHeld)
  way.isDead = false
  await eventually(() => lease.isHeld)
  expect(JSON.parse((await store.get(KEY)) ?? '')).toMatchObject({ id: 'one' })
  expect(lost).toEqual([])
})

it('ends one that was held up for so long that another has the store by now', async () => {
  const store = new MemoryStore()
  const way = new DeadStore(store)
  const zombie = await start(way as unknown as MemoryStore, 'one')
  way.isDead = true
  await start(store, 'two')
  way.isDead = false
  await eventually(() => zombie.lost.length > 0)
  expect(String(zombie.lost[0])).toContain('machine of two')
  await zombie.lease.close()
  expect(JSON.parse((await store.get(KEY)) ?? '')).toMatchObject({ id: 'two' })
})

it('goes on after a failover to a store that still has the process before it', async () => {
  const store = new MemoryStore()
  await start(store, 'one')
  const before = (await store.get(KEY)) ?? ''
  const { lease, lost } = await start(store, 'one')
  await store.set(KEY, before)
  await eventually(async () => (await store.get(KEY)) !== before)
  expect([lease.isHeld, lost]).toEqual([true, []])
})

it('is not taken from what it cannot read', async () => {
  const store = new MemoryStore()
  await store.set(KEY, 'of the next version')
  await expect(start(store, 'one')).rejects.toMatchObject({ code: 'store_in_use' })
})
