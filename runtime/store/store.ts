/** State shared by the processes of a cluster: what every store (memory, Redis) does, and nothing more. */

/** A right one holder has for a time. The fence grows with every lease ever granted, so a late writer is recognised. */
export interface Lease {
  name: string
  holder: string
  fence: number
}

export interface SetOptions {
  /** After this many milliseconds the entry is gone; absent: never. */
  ttlMs?: number
}

/** Called with each message of a channel, in the order of publishing. */
export type MessageListener = (message: string) => void

/** Keys and values are strings; a key holds either a value or a hash. Every method may reject with `store_full` or a connection's fault. */
export interface Store {
  /** Resolves when the store answers. */
  ping(): Promise<void>

  get(key: string): Promise<string | null>
  set(key: string, value: string, options?: SetOptions): Promise<void>
  /** Removes a value or a hash; false when there was none. */
  delete(key: string): Promise<boolean>
  /** Sets `next` (null removes) only while the value is `expected` (null: absent); tells whether it did. */
  compareAndSet(
    key: string,
    expected: string | null,
    next: string | null,
    options?: SetOptions,
  ): Promise<boolean>

  /** A lease nobody else holds, or null. A holder that asks again gets a new fence. */
  acquireLease(name: string, holder: string, ttlMs: number): Promise<Lease | null>
  /** Prolongs a lease; false when it has run out or gone to another. */
  renewLease(lease: Lease, ttlMs: number): Promise<boolean>
  /** Gives a lease back; false when it was no longer held. */
  releaseLease(lease: Lease): Promise<boolean>

  hashGet(key: string, field: string): Promise<string | null>
  hashSet(key: string, field: string, value: string): Promise<void>
  hashDelete(key: string, field: string): Promise<boolean>
  hashAll(key: string): Promise<Record<string, string>>

  publish(channel: string, message: string): Promise<void>
  /** Listens to a channel; resolves when messages published from then on will be heard. Returns the way to stop. */
  subscribe(channel: string, listener: MessageListener): Promise<() => Promise<void>>

  close(): Promise<void>
}
