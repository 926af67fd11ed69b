/** The rules every store keeps; run by each implementation's own test. */

import { describe, expect, it } from 'vitest'
import type { Store } from '../../runtime/store/store.ts'

export interface StoreHarness {
  store: Store
  /** Lets time pass for expiry: by a clock handed in, or by waiting where the clock is another process's. */
  advance(ms: number): Promise<void>
  /** Multiplies the times to live, where `advance` waits as many times as long. */
  scale?: number
}

export interface ContractOptions {
  /** For a store that answers late: its tests run at once, those in which times to live matter not at all. */
  isSlow?: boolean
}

/** Runs the contract against stores made by `open`; each test has a fresh one. */
export function describeStoreContract(
  name: string,
  open: () => Promise<StoreHarness>,
  { isSlow = false }: ContractOptions = {},
): void {
  const rule = (title: string, holds: (harness: Required<StoreHarness>) => Promise<void>): void =>
    it(title, async () => {
      const harness = await open()
      await holds({ scale: 1, ...harness }).finally(() => harness.store.close())
    })
  const timed: typeof rule = isSlow ? () => {} : rule
  const describeAll = isSlow ? describe.concurrent : describe

  describeAll(`${name} keeps the store's contract`, () => {
    rule('returns what was set, and null for what was not', async ({ store }) => {
      await store.set('a', '1')
      expect(await store.get('a')).toBe('1')
      expect(await store.get('b')).toBeNull()
    })

    timed('forgets a value after its time to live, and not before', async ({ store, advance, scale }) => {
      await store.set('a', '1', { ttlMs: 200 * scale })
      await advance(50)
      expect(await store.get('a')).toBe('1')
      await advance(200)
      expect(await store.get('a')).toBeNull()
    })

    timed('drops an earlier time to live when set without one', async ({ store, advance, scale }) => {
      await store.set('a', '1', { ttlMs: 100 * scale })
      await store.set('a', '2')
      await advance(200)
      expect(await store.get('a')).toBe('2')
    })

    rule('says whether a delete removed something', async ({ store }) => {
      await store.set('a', '1')
      expect(await store.delete('a')).toBe(true)
      expect(await store.delete('a')).toBe(false)
    })

    rule('swaps only the expected value', async ({ store }) => {
      expect(await store.compareAndSet('a', 'x', '1')).toBe(false)
      expect(await store.compareAndSet('a', null, '1')).toBe(true)
      expect(await store.compareAndSet('a', null, '2')).toBe(false)
      expect(await store.compareAndSet('a', '1', '2')).toBe(true)
      expect(await store.get('a')).toBe('2')
      expect(await store.compareAndSet('a', '2', null)).toBe(true)
      expect(await store.get('a')).toBeNull()
    })

    rule('lets one of many swap from the same value', async ({ store }) => {
      await store.set('a', '0')
      const swaps = await Promise.all(
        Array.from({ length: 20 }, (_, i) => store.compareAndSet('a', '0', `${i + 1}`)),
      )
      expect(swaps.filter(Boolean)).toHaveLength(1)
    })

    rule('gives a lease to one holder at a time', async ({ store, scale }) => {
      const lease = await store.acquireLease('l', 'one', 1000 * scale)
      expect(lease).toMatchObject({ name: 'l', holder: 'one' })
      expect(await store.acquireLease('l', 'two', 1000 * scale)).toBeNull()
    })

    timed(
      'gives each lease a higher fence, also after release and expiry',
      async ({ store, advance, scale }) => {
        const first = await store.acquireLease('l', 'one', 1000 * scale)
        expect(first !== null && (await store.releaseLease(first))).toBe(true)
        const second = await store.acquireLease('l', 'two', 100 * scale)
        await advance(200)
        const third = await store.acquireLease('l', 'three', 1000 * scale)
        const again = await store.acquireLease('l', 'three', 1000 * scale)
        const fences = [first, second, third, again].map((lease) => lease?.fence ?? -1)
        expect(fences).toEqual(fences.toSorted((a, b) => a - b))
        expect(new Set(fences).size).toBe(4)
      },
    )

    timed('renews a held lease and refuses a lost one', async ({ store, advance, scale }) => {
      const lease = (await store.acquireLease('l', 'one', 200 * scale)) ?? expect.fail('no lease')
      await advance(100)
      expect(await store.renewLease(lease, 300 * scale)).toBe(true)
      await advance(200)
      expect(await store.acquireLease('l', 'two', 1000 * scale)).toBeNull()
      await advance(300)
      expect(await store.renewLease(lease, 1000 * scale)).toBe(false)
      expect(await store.acquireLease('l', 'two', 1000 * scale)).not.toBeNull()
      expect(await store.renewLease(lease, 1000 * scale)).toBe(false)
      expect(await store.releaseLease(lease)).toBe(false)
    })

    rule('keeps the fields of a hash apart', async ({ store }) => {
      await store.hashSet('h', 'a', '1')
      await store.hashSet('h', 'b', '2')
      await store.hashSet('h', 'a', '3')
      expect(await store.hashGet('h', 'a')).toBe('3')
      expect(await store.hashGet('h', 'c')).toBeNull()
      expect(await store.hashAll('h')).toEqual({ a: '3', b: '2' })
      expect(await store.hashDelete('h', 'a')).toBe(true)
      expect(await store.hashDelete('h', 'a')).toBe(false)
      expect(await store.delete('h')).toBe(true)
      expect(await store.hashAll('h')).toEqual({})
    })

    rule(
      'brings messages to every listener of the channel, in order, until it stops',
      async ({ store, advance }) => {
        const heard: string[] = []
        const stop = await store.subscribe('c', (message) => heard.push(`1:${message}`))
        let hearLast = (): void => {}
        const last = new Promise<void>((resolve) => (hearLast = resolve))
        await store.subscribe('c', (message) => {
          heard.push(`2:${message}`)
          if (message === 'z') hearLast()
        })
        await store.subscribe('other', (message) => heard.push(`other:${message}`))
        await store.publish('c', 'a')
        await store.publish('c', 'b')
        // In a cluster a message may still be on its way between the nodes.
        for (let tries = 0; tries < 1000 && heard.length < 4; tries++) await advance(1)
        await stop()
        await store.publish('c', 'z')
        await last
        expect(heard.filter((each) => each.startsWith('1'))).toEqual(['1:a', '1:b'])
        expect(heard.filter((each) => each.startsWith('2'))).toEqual(['2:a', '2:b', '2:z'])
        expect(heard).toHaveLength(5)
      },
    )
  })
}
