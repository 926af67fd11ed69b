import { afterEach, describe, expect, it, vi } from 'vitest'
import { MemoryStore } from '../runtime/store/memory.ts'
import { ClusterCapacity } from './cluster-capacity.ts'

afterEach(() => void vi.useRealTimers())

describe('the capacity of a cluster', () => {
  it('is what the other transcoders have said, not one’s own', async () => {
    const store = new MemoryStore()
    const [full, free] = [new ClusterCapacity(store, 'full'), new ClusterCapacity(store, 'free')]
    await free.exchange(3)
    await full.exchange(0.1)
    expect(full.hasRoomElsewhere(2)).toBe(true)
    expect(full.hasRoomElsewhere(4)).toBe(false)
    await free.exchange(3)
    expect(free.hasRoomElsewhere(0.2)).toBe(false)
  })

  it('counts nobody who has left or fallen silent', async () => {
    vi.useFakeTimers()
    const store = new MemoryStore()
    const [one, two, three] = ['one', 'two', 'three'].map((node) => new ClusterCapacity(store, node))
    await one?.exchange(3)
    await two?.exchange(3)
    await two?.leave()
    await three?.exchange(0)
    expect(three?.hasRoomElsewhere(1)).toBe(true)
    vi.advanceTimersByTime(30_000)
    await three?.exchange(0)
    expect(three?.hasRoomElsewhere(1)).toBe(false)
    expect(Object.keys(await store.hashAll('transcoders'))).toEqual(['three'])
  })

  it('is what it was while the store is away or holds what nobody understands', async () => {
    const store = new MemoryStore()
    await store.hashSet('transcoders', 'other', 'not JSON')
    const capacity = new ClusterCapacity(store, 'one')
    await capacity.exchange(1)
    expect(capacity.hasRoomElsewhere(0)).toBe(false)
  })
})
