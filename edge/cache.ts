/** Whole answers by address, least recently used out first, bounded in bytes. Alone knows lru-cache. */

import { LRUCache } from 'lru-cache'
import type { Answer, Lifetime } from './answer.ts'

export interface CacheOptions {
  maxBytes: number
  now: () => number
}

export interface CachedAnswer {
  answer: Answer
  ageMs: number
}

interface Entry {
  answer: Answer
  storedAt: number
  freshUntil: number
  usableUntil: number
}

// What an entry costs beside its body: key, entry, list nodes.
const ENTRY_OVERHEAD_BYTES = 512

export class Cache {
  readonly #entries: LRUCache<string, Entry>
  readonly #now: () => number

  constructor(options: CacheOptions) {
    this.#now = options.now
    this.#entries = new LRUCache({
      maxSize: options.maxBytes,
      sizeCalculation: (entry, key) => entry.answer.bytes + key.length + ENTRY_OVERHEAD_BYTES,
    })
  }

  /** Bytes held, with what the entries themselves cost. */
  get bytes(): number {
    return this.#entries.calculatedSize
  }

  findFresh(key: string): CachedAnswer | undefined {
    const entry = this.#entries.get(key)
    const now = this.#now()
    if (entry === undefined || now >= entry.freshUntil) return undefined
    return { answer: entry.answer, ageMs: now - entry.storedAt }
  }

  /** An answer past its time that may still be given out while the origin cannot be asked. */
  findStale(key: string): CachedAnswer | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const now = this.#now()
    if (now < entry.usableUntil) return { answer: entry.answer, ageMs: now - entry.storedAt }
    this.#entries.delete(key)
    return undefined
  }

  /** An answer larger than the whole cache is not kept. */
  store(key: string, answer: Answer, lifetime: Lifetime): void {
    const now = this.#now()
    const freshUntil = now + lifetime.freshMs
    this.#entries.set(key, { answer, storedAt: now, freshUntil, usableUntil: freshUntil + lifetime.staleMs })
  }

  /** Makes a stale answer fresh for a moment, so that not everyone who is given it asks again. */
  extend(key: string, byMs: number): void {
    const entry = this.#entries.peek(key)
    if (entry !== undefined) entry.freshUntil = this.#now() + byMs
  }

  clear(): void {
    this.#entries.clear()
  }
}
