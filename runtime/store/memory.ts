/** The store of a single process: plain maps, bounded, with the clock handed in. */

import { HeadwaterError } from '../errors.ts'
import type { Lease, MessageListener, SetOptions, Store } from './store.ts'

export interface MemoryStoreOptions {
  /** Milliseconds, of any origin; never goes back. */
  now?: () => number
  /** Keys, leases and hash fields together. */
  maxEntries?: number
  maxValueCharacters?: number
  maxListeners?: number
}

type Hash = Map<string, string>
interface Entry {
  value: string | Hash
  expiresAt: number
}
interface HeldLease extends Lease {
  expiresAt: number
}

const MAX_ENTRIES = 100_000
const MAX_VALUE_CHARACTERS = 1_048_576
const MAX_LISTENERS = 10_000

/** A store that lives and dies with its process. */
export class MemoryStore implements Store {
  readonly #now: () => number
  readonly #maxEntries: number
  readonly #maxValueCharacters: number
  readonly #maxListeners: number
  readonly #entries = new Map<string, Entry>()
  readonly #leases = new Map<string, HeldLease>()
  readonly #listeners = new Map<string, Set<MessageListener>>()
  #listenerCount = 0
  #fieldCount = 0
  #lastFence = 0

  constructor(options: MemoryStoreOptions = {}) {
    this.#now = options.now ?? (() => performance.now())
    this.#maxEntries = options.maxEntries ?? MAX_ENTRIES
    this.#maxValueCharacters = options.maxValueCharacters ?? MAX_VALUE_CHARACTERS
    this.#maxListeners = options.maxListeners ?? MAX_LISTENERS
  }

  async ping(): Promise<void> {}

  async get(key: string): Promise<string | null> {
    return this.#value(key)
  }

  async set(key: string, value: string, options: SetOptions = {}): Promise<void> {
    this.#write(key, value, options)
  }

  async delete(key: string): Promise<boolean> {
    return this.#remove(key)
  }

  async compareAndSet(
    key: string,
    expected: string | null,
    next: string | null,
    options: SetOptions = {},
  ): Promise<boolean> {
    if (this.#value(key) !== expected) return false
    if (next === null) this.#remove(key)
    else this.#write(key, next, options)
    return true
  }

  async acquireLease(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    const held = this.#heldLease(name)
    if (held !== undefined && held.holder !== holder) return null
    if (held === undefined) this.#makeRoom(1)
    const lease = { name, holder, fence: ++this.#lastFence }
    this.#leases.set(name, { ...lease, expiresAt: this.#now() + ttlMs })
    return lease
  }

  async renewLease(lease: Lease, ttlMs: number): Promise<boolean> {
    const held = this.#heldLease(lease.name)
    if (held?.fence !== lease.fence) return false
    held.expiresAt = this.#now() + ttlMs
    return true
  }

  async releaseLease(lease: Lease): Promise<boolean> {
    return this.#heldLease(lease.name)?.fence === lease.fence && this.#leases.delete(lease.name)
  }

  async hashGet(key: string, field: string): Promise<string | null> {
    return this.#hash(key)?.get(field) ?? null
  }

  async hashSet(key: string, field: string, value: string): Promise<void> {
    this.#checkSize(value)
    const hash = this.#hash(key) ?? this.#createHash(key)
    if (!hash.has(field)) {
      this.#makeRoom(1)
      this.#fieldCount += 1
    }
    hash.set(field, value)
  }

  async hashDelete(key: string, field: string): Promise<boolean> {
    const hash = this.#hash(key)
    if (hash?.delete(field) !== true) return false
    this.#fieldCount -= 1
    if (hash.size === 0) this.#entries.delete(key)
    return true
  }

  async hashAll(key: string): Promise<Record<string, string>> {
    return Object.fromEntries(this.#hash(key) ?? [])
  }

  async publish(channel: string, message: string): Promise<void> {
    this.#checkSize(message)
    // After the current call, as a message that came over a network would: a publisher never runs its listeners.
    queueMicrotask(() => {
      for (const listener of this.#listeners.get(channel) ?? []) listener(message)
    })
  }

  async subscribe(channel: string, listener: MessageListener): Promise<() => Promise<void>> {
    if (this.#listenerCount >= this.#maxListeners) throw full(`${this.#maxListeners} listeners`)
    // Wrapped, so that one function given twice is heard twice and taken out once.
    const own: MessageListener = (message) => listener(message)
    const listeners = this.#listeners.get(channel) ?? new Set()
    this.#listeners.set(channel, listeners.add(own))
    this.#listenerCount += 1
    return async () => {
      if (!listeners.delete(own)) return
      this.#listenerCount -= 1
      if (listeners.size === 0) this.#listeners.delete(channel)
    }
  }

  async close(): Promise<void> {
    this.#entries.clear()
    this.#leases.clear()
    for (const listeners of this.#listeners.values()) listeners.clear()
    this.#listeners.clear()
    this.#fieldCount = 0
    this.#listenerCount = 0
  }

  #value(key: string): string | null {
    const value = this.#live(key)?.value
    return typeof value === 'string' ? value : null
  }

  #hash(key: string): Hash | undefined {
    const value = this.#live(key)?.value
    return value instanceof Map ? value : undefined
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry !== undefined && entry.expiresAt <= this.#now()) {
      this.#remove(key)
      return undefined
    }
    return entry
  }

  #heldLease(name: string): HeldLease | undefined {
    const held = this.#leases.get(name)
    if (held === undefined || held.expiresAt > this.#now()) return held
    this.#leases.delete(name)
    return undefined
  }

  #write(key: string, value: string, options: SetOptions): void {
    this.#checkSize(value)
    this.#remove(key)
    this.#makeRoom(1)
    const expiresAt = options.ttlMs === undefined ? Infinity : this.#now() + options.ttlMs
    this.#entries.set(key, { value, expiresAt })
  }

  #createHash(key: string): Hash {
    this.#remove(key)
    this.#makeRoom(2)
    const hash: Hash = new Map()
    this.#entries.set(key, { value: hash, expiresAt: Infinity })
    return hash
  }

  #remove(key: string): boolean {
    const entry = this.#entries.get(key)
    if (entry?.value instanceof Map) this.#fieldCount -= entry.value.size
    const wasLive = entry !== undefined && entry.expiresAt > this.#now()
    this.#entries.delete(key)
    return wasLive
  }

  // What has run out is swept only when room is needed: no timer to own.
  #makeRoom(count: number): void {
    if (this.#size() + count <= this.#maxEntries) return
    const now = this.#now()
    for (const [key, entry] of this.#entries) if (entry.expiresAt <= now) this.#remove(key)
    for (const [name, lease] of this.#leases) if (lease.expiresAt <= now) this.#leases.delete(name)
    if (this.#size() + count > this.#maxEntries) throw full(`${this.#maxEntries} entries`)
  }

  #size(): number {
    return this.#entries.size + this.#leases.size + this.#fieldCount
  }

  #checkSize(value: string): void {
    if (value.length > this.#maxValueCharacters) throw full(`${this.#maxValueCharacters} characters a value`)
  }
}

function full(limit: string): HeadwaterError {
  return new HeadwaterError('store_full', `the store holds no more than ${limit}`)
}
