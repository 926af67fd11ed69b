import { describe, expect, it } from 'vitest'
import { describeStoreContract } from '../../tests/contract/store.ts'
import { MemoryStore } from './memory.ts'

describeStoreContract('MemoryStore', async () => {
  let nowMs = 0
  const store = new MemoryStore({ now: () => nowMs })
  return {
    store,
    advance: async (ms) => {
      nowMs += ms
    },
  }
})

describe('MemoryStore', () => {
  it('refuses entries over its bound and takes them again once others have run out', async () => {
    let nowMs = 0
    const store = new MemoryStore({ now: () => nowMs, maxEntries: 3 })
    await store.set('a', '1', { ttlMs: 10 })
    await store.hashSet('h', 'f', '1')
    await expect(store.set('b', '1')).rejects.toMatchObject({ code: 'store_full' })
    await expect(store.acquireLease('l', 'x', 10)).rejects.toMatchObject({ code: 'store_full' })
    nowMs = 10
    await store.set('b', '1')
    expect(await store.get('b')).toBe('1')
  })

  it('refuses values and listeners over their bounds', async () => {
    const store = new MemoryStore({ maxValueCharacters: 4, maxListeners: 1 })
    await expect(store.set('a', '12345')).rejects.toMatchObject({ code: 'store_full' })
    await expect(store.publish('c', '12345')).rejects.toMatchObject({ code: 'store_full' })
    const stop = await store.subscribe('c', () => {})
    await expect(store.subscribe('c', () => {})).rejects.toMatchObject({ code: 'store_full' })
    await stop()
    await store.subscribe('c', () => {})
  })
})
