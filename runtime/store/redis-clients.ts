/** The only file that knows ioredis: connections to one Redis, or to a cluster of them. Whatever is not answered in time fails: nobody waits for it. */
import { Cluster, Redis } from 'ioredis'
import type { RedisAddress, RedisNode } from './redis-address.ts'

export interface RedisClients {
  commands: RedisClient
  /** A connection that subscribes can do nothing else. */
  subscriber: Redis
}

export type RedisClient = Redis | Cluster

export interface RedisClientsOptions {
  url: string
  address: RedisAddress
  /** A command without an answer fails after this. */
  timeoutMs: number
}

const CONNECT_TIMEOUT_MS = 2000
/** Nothing for so long where something is asked every few seconds: the other end may be gone without a word. */
const SOCKET_TIMEOUT_MS = 15_000
const RETRY_STEP_MS = 100
const MAX_RETRY_MS = 1000
/** How soon it is known which node has what, after a failover that no answer told of. */
const REFRESH_MS = 1000
const MAX_REDIRECTIONS = 4

/** They connect when they are told to, and come back by themselves. */
export function createRedisClients({ url, address, timeoutMs }: RedisClientsOptions): RedisClients {
  const settings = settingsOf(timeoutMs)
  if (address.clusterNodes !== null) return createOfCluster(address.clusterNodes, { address, settings })
  const single = {
    ...settings,
    // After a failover the old primary takes no writes: its address leads to the new one.
    // (Redis before 7 puts a script's error into another one.)
    reconnectOnError: (error: Error) => error.message.includes('READONLY'),
  }
  return {
    commands: new Redis(url, { ...single, socketTimeout: SOCKET_TIMEOUT_MS }),
    subscriber: new Redis(url, single),
  }
}

type Settings = ReturnType<typeof settingsOf>

function settingsOf(timeoutMs: number) {
  return {
    protocol: 2 as const,
    lazyConnect: true,
    connectionName: 'headwater',
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: timeoutMs,
    keepAlive: 5000,
    // Nothing is kept for later: what was asked while Redis was away has lost its meaning when it is back.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: true,
    retryStrategy,
  }
}

function createOfCluster(
  seeds: RedisNode[],
  { address, settings }: { address: RedisAddress; settings: Settings },
): RedisClients {
  const { username, password, isTls } = address
  const login = { ...(username === null ? {} : { username }), ...(password === null ? {} : { password }) }
  const reach = { ...login, ...(isTls ? { tls: {} } : {}) }
  const commands = new Cluster(seeds, {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryStrategy,
    slotsRefreshInterval: REFRESH_MS,
    slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    maxRedirections: MAX_REDIRECTIONS,
    // What cannot be answered now fails now, as with one Redis.
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    // Certificates are of names: those given are not turned into numbers.
    ...(isTls ? { dnsLookup: (host, found) => found(null, host) } : {}),
    redisOptions: { ...settings, ...reach },
  })
  // Every node hears all messages. (The cluster's own subscriber tries again without a pause while nobody answers.)
  const subscriber = new Redis({
    ...settings,
    ...reach,
    ...seeds[0],
    retryStrategy: (times) => {
      Object.assign(subscriber.options, nextNode(seeds, commands, times))
      return retryStrategy(times)
    },
  })
  return { commands, subscriber }
}

/** The nodes that are known, one after the other. */
function nextNode(seeds: RedisNode[], commands: Cluster, times: number): RedisNode | undefined {
  const found = commands.nodes().map(({ options }) => ({ host: options.host ?? '', port: options.port ?? 0 }))
  const known = [...found, ...seeds]
  return known[times % known.length]
}

function retryStrategy(times: number): number {
  return Math.min(times * RETRY_STEP_MS, MAX_RETRY_MS)
}
