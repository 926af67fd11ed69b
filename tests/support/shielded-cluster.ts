/** All roles as processes of their own: origin, transcoders, shields, edges that viewers reach directly, and a Redis between them. */
import path from 'node:path'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'
import { HeadwaterProcess } from './headwater-process.ts'
import { RedisServer } from './redis-server.ts'
import { RequestCounter } from './request-counter.ts'
import { TcpProxy } from './tcp-proxy.ts'

export interface ShieldedClusterOptions {
  transcoders?: number
  shields?: number
  edges?: number
}

const CONFIG = path.join(import.meta.dirname, 'shielded-cluster.yaml')
const SECRET = 'secret-of-the-cluster-under-test'
const LIMIT_MS = 60_000

export class ShieldedCluster {
  redis!: RedisServer
  /** What every process reaches Redis by. */
  wayToRedis!: TcpProxy
  /** What shields and edges reach the origin by. */
  wayToOrigin!: RequestCounter
  origin!: HeadwaterProcess
  transcoders: HeadwaterProcess[] = []
  shields: HeadwaterProcess[] = []
  edges: HeadwaterProcess[] = []
  readonly #options: Required<ShieldedClusterOptions>

  private constructor(options: ShieldedClusterOptions) {
    this.#options = { transcoders: 2, shields: 2, edges: 2, ...options }
  }

  static async start(options: ShieldedClusterOptions = {}): Promise<ShieldedCluster> {
    const cluster = new ShieldedCluster(options)
    try {
      await cluster.#start()
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  /** Every process of it by name. */
  get processes(): Map<string, HeadwaterProcess> {
    const named = (name: string, list: HeadwaterProcess[]): [string, HeadwaterProcess][] =>
      list.map((each, index) => [`${name}-${index + 1}`, each])
    return new Map([
      ['origin', this.origin],
      ...named('transcoder', this.transcoders),
      ...named('shield', this.shields),
      ...named('edge', this.edges),
    ])
  }

  /** The transcoder that encodes the one program there is. Throws where there is none. */
  async busyTranscoder(): Promise<HeadwaterProcess> {
    for (const each of this.transcoders)
      if ((await each.metric('headwater_transcoder_programs')) > 0) return each
    throw new Error('no transcoder has a program')
  }

  /** The shield that fetches most of what is watched: the one whose death is felt. */
  async busyShield(): Promise<HeadwaterProcess> {
    const fetches = await Promise.all(
      this.shields.map((each) => each.metric('headwater_edge_origin_fetches_total{kind="part"}')),
    )
    const busy = this.shields[fetches.indexOf(Math.max(...fetches))]
    if (!busy) throw new Error('there is no shield')
    return busy
  }

  /** Redis, as everybody reaches it, comes back empty. */
  async redisAway(awayMs: number): Promise<void> {
    await this.redis.kill()
    await new Promise((resolve) => setTimeout(resolve, awayMs))
    await this.redis.restart()
  }

  async close(): Promise<void> {
    for (const each of [...this.edges, ...this.shields, ...this.transcoders, this.origin]) {
      each?.child.kill('SIGCONT')
      await each?.close()
    }
    await this.wayToOrigin?.close()
    await this.wayToRedis?.close()
    await this.redis?.kill()
  }

  async #start(): Promise<void> {
    const { transcoders, shields, edges } = this.#options
    this.redis = await RedisServer.start()
    this.wayToRedis = await TcpProxy.start(() => this.redis.port)
    const env = {
      HEADWATER_CONFIG: CONFIG,
      REDIS_URL: `redis://127.0.0.1:${this.wayToRedis.port}`,
      CLUSTER_SECRET: SECRET,
    }
    this.origin = await HeadwaterProcess.start({ args: ['--role', 'origin'], env })
    this.wayToOrigin = await RequestCounter.start(Number(new URL(this.origin.internalUrl).port))
    const many = (count: number, start: (index: number) => Promise<HeadwaterProcess>) =>
      Promise.all(Array.from({ length: count }, (_, index) => start(index)))
    this.transcoders = await many(transcoders, () =>
      HeadwaterProcess.start({
        args: ['--role', 'transcoder'],
        env: { ...env, ORIGIN_URL: this.origin.internalUrl },
      }),
    )
    const shieldPorts = await freePorts(shields)
    const SHIELD_URLS = shieldPorts.map((port) => `http://127.0.0.1:${port}`).join(',')
    const front = { ...env, ORIGIN_URL: this.wayToOrigin.url, SHIELD_URLS }
    this.shields = await many(shields, (index) =>
      HeadwaterProcess.start({
        args: ['--role', 'edge', '--shield'],
        env: { ...front, INTERNAL_PORT: `${shieldPorts[index]}` },
      }),
    )
    const edgePorts = await freePorts(edges)
    this.edges = await many(edges, (index) => {
      const port = edgePorts[index]
      const own = { HTTP_PORT: `${port}`, EDGE_PUBLIC_URL: `http://127.0.0.1:${port}` }
      return HeadwaterProcess.start({ args: ['--role', 'edge'], env: { ...front, ...own } })
    })
    await this.#untilEdgesAreNamed()
  }

  async #untilEdgesAreNamed(): Promise<void> {
    const { id } = await this.origin.createRoom('edges')
    await eventually(
      async () => (await namedEdges(this.origin.url, id)).length === this.edges.length,
      LIMIT_MS,
    )
  }
}

/** What the API says of which edges to ask, best first. Rejects where it does not answer in time. */
export async function namedEdges(apiUrl: string, room: string, limitMs = 1000): Promise<string[]> {
  const signal = AbortSignal.timeout(limitMs)
  const answer = await fetch(`${apiUrl}/api/v1/live/${room}/edges`, { signal })
  const body = (await answer.json()) as { data?: { edges?: { url: string }[] } }
  return (body.data?.edges ?? []).map(({ url }) => url)
}
