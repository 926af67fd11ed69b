/**
 * Whole answers by address, bounded in bytes: the last seconds of running tracks are held as long as they are that, of all else
 * what was asked for longest ago goes first.
 */

import { LRUCache } from 'lru-cache'
import type { Answer, Lifetime } from './answer.ts'
import { LiveWindow } from './live-window.ts'

export interface CacheOptions {
  maxBytes: number
  now: () => number
  /** The least that live objects may have, also where `maxBytes` is smaller. */
  minLiveBytes?: number
}

export interface CachedAnswer {
  answer: Answer
  ageMs: number
}

interface Entry {
  answer: Answer
  /** With what it costs beside its body. */
  bytes: number
  storedAt: number
  freshUntil: number
  usableUntil: number
}

// What an entry costs beside its body: key, entry, list nodes.
const ENTRY_OVERHEAD_BYTES = 512
/** Ten seconds of a dozen ladders. */
const MIN_LIVE_BYTES = 64 * 1024 * 1024
/** Of `maxBytes`: what live objects may have where that is more, and what is left to all else whatever they have. */
const LIVE_SHARE = 0.5
const REST_SHARE = 0.25

export class Cache {
  readonly #maxBytes: number
  readonly #maxLiveBytes: number
  readonly #window = new LiveWindow()
  readonly #live = new Map<string, Entry>()
  readonly #rest: LRUCache<string, Entry>
  readonly #now: () => number
  #liveBytes = 0

  constructor({ maxBytes, now, minLiveBytes = MIN_LIVE_BYTES }: CacheOptions) {
    this.#now = now
    this.#maxBytes = maxBytes
    this.#maxLiveBytes = Math.max(minLiveBytes, maxBytes * LIVE_SHARE)
    this.#rest = new LRUCache({ maxSize: maxBytes, sizeCalculation: (entry) => entry.bytes })
  }

  /** Bytes held, with what the entries themselves cost. */
  get bytes(): number {
    return this.#liveBytes + this.#rest.calculatedSize
  }

  findFresh(key: string): CachedAnswer | undefined {
    const entry = this.#live.get(key) ?? this.#rest.get(key)
    const now = this.#now()
    if (entry === undefined || now >= entry.freshUntil) return undefined
    return { answer: entry.answer, ageMs: now - entry.storedAt }
  }

  /** An answer past its time that may still be given out while the origin cannot be asked. */
  findStale(key: string): CachedAnswer | undefined {
    const entry = this.#live.get(key) ?? this.#rest.get(key)
    if (entry === undefined) return undefined
    const now = this.#now()
    if (now < entry.usableUntil) return { answer: entry.answer, ageMs: now - entry.storedAt }
    this.#takeLive(key)
    this.#rest.delete(key)
    return undefined
  }

  /** An answer larger than the whole cache is not kept. */
  store(key: string, answer: Answer, lifetime: Lifetime): void {
    const now = this.#now()
    const freshUntil = now + lifetime.freshMs
    const bytes = answer.bytes + key.length + ENTRY_OVERHEAD_BYTES
    const entry = { answer, bytes, storedAt: now, freshUntil, usableUntil: freshUntil + lifetime.staleMs }
    this.#takeLive(key)
    this.#rest.delete(key)
    if (answer.status === 200 && this.#placeLive(key, now)) {
      this.#live.set(key, entry)
      this.#liveBytes += bytes
      this.#boundLive()
    } else this.#rest.set(key, entry)
    this.#trim()
  }

  /** Makes a stale answer fresh for a moment, so that not everyone who is given it asks again. */
  extend(key: string, byMs: number): void {
    const entry = this.#live.get(key) ?? this.#rest.peek(key)
    if (entry !== undefined) entry.freshUntil = this.#now() + byMs
  }

  clear(): void {
    this.#window.clear()
    this.#live.clear()
    this.#liveBytes = 0
    this.#rest.clear()
  }

  /** Tells whether it is live; what no longer is becomes one of all others. */
  #placeLive(key: string, now: number): boolean {
    const { isLive, left } = this.#window.place(key, now)
    for (const each of left) this.#demote(each)
    return isLive
  }

  #boundLive(): void {
    while (this.#liveBytes > this.#maxLiveBytes) {
      const oldest = this.#window.dropOldest()
      if (oldest === null) return
      this.#demote(oldest)
    }
  }

  #demote(key: string): void {
    const entry = this.#takeLive(key)
    if (entry !== undefined) this.#rest.set(key, entry)
  }

  #takeLive(key: string): Entry | undefined {
    const entry = this.#live.get(key)
    if (entry === undefined) return undefined
    this.#live.delete(key)
    this.#liveBytes -= entry.bytes
    return entry
  }

  #trim(): void {
    const bound = Math.max(this.#maxBytes - this.#liveBytes, this.#maxBytes * REST_SHARE)
    while (this.#rest.calculatedSize > bound && this.#rest.pop() !== undefined);
  }
}
