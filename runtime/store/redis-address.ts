/** What `REDIS_URL` says: one Redis, or some nodes of a Redis Cluster. */

export interface RedisNode {
  host: string
  port: number
}

export interface RedisAddress {
  /** Nodes to begin with, which know the others; null for a Redis that is no cluster. */
  clusterNodes: RedisNode[] | null
  username: string | null
  password: string | null
  isTls: boolean
  /** Without what is secret. */
  place: string
}

const CLUSTER = /^(rediss?)\+cluster:\/\/(?:([^@/]*)@)?([^@/?#]+)\/?$/
const DEFAULT_PORT = 6379
const MAX_NODES = 32

/** `redis[s]://[user:password@]host[:port][/database]`, or `redis[s]+cluster://[user:password@]host[:port],host[:port]…`; null for anything else. */
export function parseRedisAddress(text: string): RedisAddress | null {
  const cluster = CLUSTER.exec(text)
  return cluster ? parseCluster(cluster) : parseSingle(text)
}

function parseSingle(text: string): RedisAddress | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  if (!['redis:', 'rediss:'].includes(url.protocol)) return null
  return { clusterNodes: null, ...loginOf(url), isTls: url.protocol === 'rediss:', place: url.host }
}

function parseCluster([, scheme = '', login, list = '']: RegExpExecArray): RedisAddress | null {
  const places = list.split(',')
  const [first = ''] = places
  const urls = places
    .filter((place) => URL.canParse(`redis://${place}`))
    .map((place) => new URL(`redis://${place}`))
  const isWhole = urls.length === places.length && urls.every(({ host }) => host !== '')
  if (!isWhole || urls.length > MAX_NODES) return null
  const withLogin = `redis://${login === undefined ? '' : `${login}@`}${first}`
  if (!URL.canParse(withLogin)) return null
  return {
    clusterNodes: urls.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? DEFAULT_PORT : Number(port),
    })),
    ...loginOf(new URL(withLogin)),
    isTls: scheme === 'rediss',
    place: list,
  }
}

function loginOf({ username, password }: URL): { username: string | null; password: string | null } {
  return { username: decode(username), password: decode(password) }
}

function decode(text: string): string | null {
  if (text === '') return null
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
