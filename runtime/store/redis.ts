/** The store of a cluster, in Redis 5 or newer, or a Redis Cluster. Whatever Redis does not answer in time fails: nobody waits for it. */
import { HeadwaterError } from '../errors.ts'
import type { Logger } from '../logger.ts'
import { parseRedisAddress } from './redis-address.ts'
import { createRedisClients, type RedisClient, type RedisClients } from './redis-clients.ts'
import { ACQUIRE_LEASE, COMPARE_AND_SET, PUBLISH, RELEASE_LEASE, RENEW_LEASE } from './redis-scripts.ts'
import type { Lease, MessageListener, SetOptions, Store } from './store.ts'

export interface RedisStoreOptions {
  /** As `parseRedisAddress` reads it. In no message and no log line. */
  url: string
  logger: Logger
  /** Begins every key and channel, so that several clusters can share a Redis. */
  prefix?: string
  /** A command without an answer fails after this. */
  timeoutMs?: number
  /** How long `open` waits for Redis. */
  openWithinMs?: number
}

const PREFIX = 'headwater'
const TIMEOUT_MS = 1000
const OPEN_WITHIN_MS = 10_000
/** A connection on which so many commands in a row got no answer is given up. */
const MAX_SILENT_COMMANDS = 5
const MAX_VALUE_CHARACTERS = 1_048_576
const MAX_LISTENERS = 10_000

export class RedisStore implements Store {
  readonly #options: RedisStoreOptions
  readonly #commands: RedisClient
  readonly #subscriber: RedisClients['subscriber']
  readonly #place: string
  readonly #listeners = new Map<string, Set<MessageListener>>()
  #listenerCount = 0
  #silentCommands = 0
  #isAway = false
  #isClosed = false

  private constructor(options: RedisStoreOptions) {
    this.#options = options
    const { url, timeoutMs = TIMEOUT_MS } = options
    const address = parseRedisAddress(url)
    if (address === null) throw new HeadwaterError('config_invalid', 'the address of Redis cannot be read')
    this.#place = address.place
    const { commands, subscriber } = createRedisClients({ url, address, timeoutMs })
    this.#commands = commands
    this.#subscriber = subscriber
    for (const client of [this.#commands, this.#subscriber])
      client.on('error', (error) => this.#lost(error.message))
    this.#commands.on('close', () => {
      this.#lost('the connection ended')
      // One that is silent, or leads to a former primary, tells nothing of it itself.
      if (!this.#isClosed && this.#subscriber.status === 'ready') this.#subscriber.disconnect(true)
    })
    this.#commands.on('ready', () => this.#found())
    this.#subscriber.on('message', (channel: string, message: string) => this.#hear(channel, message))
  }

  /** Connects. Throws `store_unavailable` when Redis does not answer within `openWithinMs`. */
  static async open(options: RedisStoreOptions): Promise<RedisStore> {
    const store = new RedisStore(options)
    const ready = [store.#commands, store.#subscriber].map(untilReady)
    const withinMs = options.openWithinMs ?? OPEN_WITHIN_MS
    if (await settlesWithin(Promise.all(ready), withinMs)) return store
    await store.close()
    throw new HeadwaterError(
      'store_unavailable',
      `Redis at ${store.#place} did not answer within ${withinMs} ms`,
    )
  }

  /** Of what is kept: a cluster's nodes answer a PING also while they answer nothing else. */
  async ping(): Promise<void> {
    await this.#ask(() => this.#commands.exists(this.#fenceKey()))
  }

  get(key: string): Promise<string | null> {
    return this.#ask(() => this.#commands.get(this.#key(key)))
  }

  async set(key: string, value: string, { ttlMs }: SetOptions = {}): Promise<void> {
    checkSize(value)
    const name = this.#key(key)
    await this.#ask(() =>
      ttlMs === undefined
        ? this.#commands.set(name, value)
        : this.#commands.set(name, value, 'PX', whole(ttlMs)),
    )
  }

  async delete(key: string): Promise<boolean> {
    return (await this.#ask(() => this.#commands.del(this.#key(key)))) > 0
  }

  async compareAndSet(
    key: string,
    expected: string | null,
    next: string | null,
    { ttlMs }: SetOptions = {},
  ): Promise<boolean> {
    if (next !== null) checkSize(next)
    const values = [...maybe(expected), ...maybe(next), ttlMs === undefined ? '' : `${whole(ttlMs)}`]
    return (await this.#run(COMPARE_AND_SET, [this.#key(key)], values)) === 1
  }

  async acquireLease(name: string, holder: string, ttlMs: number): Promise<Lease | null> {
    const keys = [this.#leaseKey(name), this.#fenceKey()]
    const fence = await this.#run(ACQUIRE_LEASE, keys, [holder, `${whole(ttlMs)}`])
    return typeof fence === 'string' ? { name, holder, fence: Number(fence) } : null
  }

  async renewLease(lease: Lease, ttlMs: number): Promise<boolean> {
    const values = [`${lease.fence}:${lease.holder}`, `${whole(ttlMs)}`]
    return (await this.#run(RENEW_LEASE, [this.#leaseKey(lease.name)], values)) === 1
  }

  async releaseLease(lease: Lease): Promise<boolean> {
    return (
      (await this.#run(RELEASE_LEASE, [this.#leaseKey(lease.name)], [`${lease.fence}:${lease.holder}`])) === 1
    )
  }

  hashGet(key: string, field: string): Promise<string | null> {
    return this.#ask(() => this.#commands.hget(this.#key(key), field))
  }

  async hashSet(key: string, field: string, value: string): Promise<void> {
    checkSize(value)
    await this.#ask(() => this.#commands.hset(this.#key(key), field, value))
  }

  async hashDelete(key: string, field: string): Promise<boolean> {
    return (await this.#ask(() => this.#commands.hdel(this.#key(key), field))) > 0
  }

  hashAll(key: string): Promise<Record<string, string>> {
    return this.#ask(() => this.#commands.hgetall(this.#key(key)))
  }

  async publish(channel: string, message: string): Promise<void> {
    checkSize(message)
    await this.#run(PUBLISH, [this.#key(channel)], [message])
  }

  /** Messages published while the connection is lost are not heard: whoever listens looks for itself now and then. */
  async subscribe(channel: string, listener: MessageListener): Promise<() => Promise<void>> {
    if (this.#listenerCount >= MAX_LISTENERS)
      throw new HeadwaterError('store_full', `the store holds no more than ${MAX_LISTENERS} listeners`)
    const name = this.#key(channel)
    const own: MessageListener = (message) => listener(message)
    await this.#ask(() => this.#subscriber.subscribe(name))
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners.add(own))
    this.#listenerCount++
    return async () => {
      if (!listeners.delete(own)) return
      this.#listenerCount--
      if (listeners.size > 0) return
      this.#listeners.delete(name)
      await this.#ask(() => this.#subscriber.unsubscribe(name)).catch(() => 0) // gone with its connection anyway
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#listeners.clear()
    for (const client of [this.#commands, this.#subscriber]) client.disconnect()
  }

  #run(script: string, keys: string[], values: string[]): Promise<unknown> {
    return this.#ask(() => this.#commands.eval(script, keys.length, ...keys, ...values))
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      const answer = await command()
      this.#silentCommands = 0
      return answer
    } catch (cause) {
      throw this.#failure(cause)
    }
  }

  #failure(cause: unknown): HeadwaterError {
    const message = cause instanceof Error ? cause.message : String(cause)
    if (message.startsWith('OOM')) return new HeadwaterError('store_full', 'Redis is full', { cause })
    if (message.includes('timed out') && ++this.#silentCommands >= MAX_SILENT_COMMANDS) {
      this.#silentCommands = 0
      this.#commands.disconnect(true)
    }
    return new HeadwaterError('store_unavailable', `Redis at ${this.#place}: ${message}`, {
      cause,
    })
  }

  #hear(channel: string, message: string): void {
    for (const listener of [...(this.#listeners.get(channel) ?? [])]) listener(message)
  }

  #lost(problem: string): void {
    if (this.#isAway || this.#isClosed) return
    this.#isAway = true
    this.#options.logger.warn({ problem }, 'Redis is away: what plays goes on without it')
  }

  #found(): void {
    if (this.#isAway) this.#options.logger.info('Redis is back')
    this.#isAway = false
  }

  #key(key: string): string {
    return `${this.#options.prefix ?? PREFIX}:${key}`
  }

  // One hash tag: a cluster keeps what a script touches on one node.
  #leaseKey(name: string): string {
    return this.#key(`{leases}:${name}`)
  }

  #fenceKey(): string {
    return this.#key('{leases}')
  }
}

function untilReady(client: RedisClient): Promise<void> {
  return new Promise((resolve) => {
    client.once('ready', () => resolve())
    client.connect().catch(() => {}) // it goes on trying by itself
  })
}

async function settlesWithin(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), limitMs)))
  const isDone = await Promise.race([promise.then(() => true as const), timeout])
  clearTimeout(timer)
  return isDone
}

function checkSize(value: string): void {
  if (value.length > MAX_VALUE_CHARACTERS)
    throw new HeadwaterError(
      'store_full',
      `the store holds no more than ${MAX_VALUE_CHARACTERS} characters a value`,
    )
}

/** Whether there is a value, and the value. */
function maybe(value: string | null): [string, string] {
  return value === null ? ['0', ''] : ['1', value]
}

function whole(ms: number): number {
  return Math.max(1, Math.round(ms))
}
