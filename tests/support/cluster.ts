/** An origin, transcoders and an edge as processes of their own, with a Redis between them. */
import { z } from 'zod'
import { eventually } from './eventually.ts'
import { freePorts } from './free-ports.ts'
import { HeadwaterProcess, type MadeRoom } from './headwater-process.ts'
import { RedisServer } from './redis-server.ts'
import { TcpProxy } from './tcp-proxy.ts'

const TRANSCODERS = 2
const LIMIT_MS = 60_000
const roomSchema = z.object({
  data: z.object({ refusal: z.object({ code: z.string() }).nullish() }).loose(),
})

interface Parts {
  redis: RedisServer
  wayToRedis: TcpProxy
  origin: HeadwaterProcess
  edge: HeadwaterProcess
  startTranscoder: (env: Record<string, string>) => Promise<HeadwaterProcess>
  startEdge: (env: Record<string, string>) => Promise<HeadwaterProcess>
}

export class Cluster {
  readonly redis: RedisServer
  /** What every process reaches it by. */
  readonly wayToRedis: TcpProxy
  readonly origin: HeadwaterProcess
  readonly transcoders: HeadwaterProcess[]
  readonly edge: HeadwaterProcess
  readonly #startTranscoder: Parts['startTranscoder']
  /** Another edge, whose end is its starter's affair. */
  readonly startEdge: Parts['startEdge']

  private constructor({ redis, wayToRedis, origin, edge, startTranscoder, startEdge }: Parts) {
    this.redis = redis
    this.wayToRedis = wayToRedis
    this.origin = origin
    this.edge = edge
    this.transcoders = []
    this.#startTranscoder = startTranscoder
    this.startEdge = startEdge
  }

  static async start(): Promise<Cluster> {
    const redis = await RedisServer.start()
    const wayToRedis = await TcpProxy.start(() => redis.port)
    const [internal = 0] = await freePorts(1)
    const shared = {
      REDIS_URL: `redis://127.0.0.1:${wayToRedis.port}`,
      CLUSTER_SECRET: 'secret-of-the-cluster-under-test',
    }
    const start = (role: string, env: Record<string, string>): Promise<HeadwaterProcess> =>
      HeadwaterProcess.start({ args: ['--role', role], env: { ...shared, ...env } })
    const origin = await start('origin', { INTERNAL_PORT: `${internal}` })
    const env = { ORIGIN_URL: `http://127.0.0.1:${internal}` }
    const edge = await start('edge', env)
    const cluster = new Cluster({
      redis,
      wayToRedis,
      origin,
      edge,
      startTranscoder: (more) => start('transcoder', { ...env, ...more }),
      startEdge: (more) => start('edge', { ...env, ...more }),
    })
    for (let made = 0; made < TRANSCODERS; made++) await cluster.addTranscoder()
    return cluster
  }

  async addTranscoder(env: Record<string, string> = {}): Promise<HeadwaterProcess> {
    const transcoder = await this.#startTranscoder(env)
    this.transcoders.push(transcoder)
    return transcoder
  }

  /** Ends one, and puts another in its place. */
  async replace(transcoder: HeadwaterProcess, signal: NodeJS.Signals): Promise<void> {
    await this.remove(transcoder, signal)
    await this.addTranscoder()
  }

  async remove(transcoder: HeadwaterProcess, signal: NodeJS.Signals): Promise<void> {
    await transcoder.close(signal)
    this.transcoders.splice(this.transcoders.indexOf(transcoder), 1)
  }

  /** How many programs each transcoder has. */
  programs(): Promise<number[]> {
    return Promise.all(this.transcoders.map((each) => each.metric('headwater_transcoder_programs')))
  }

  /** The transcoder that encodes the one program there is, and one that does not. */
  async roles(): Promise<{ busy: HeadwaterProcess; idle: HeadwaterProcess }> {
    const programs = await this.programs()
    const busy = this.transcoders[programs.indexOf(1)]
    const idle = this.transcoders[programs.indexOf(0)]
    if (!busy || !idle) throw new Error(`transcoders have ${programs.join(' and ')} programs`)
    return { busy, idle }
  }

  async refusalOf(room: MadeRoom): Promise<string | null> {
    const answer = await this.origin.api('GET', `/api/v1/live/${room.id}`)
    return roomSchema.parse(await answer.json()).data.refusal?.code ?? null
  }

  async close(): Promise<void> {
    for (const each of [...this.transcoders, this.edge, this.origin]) {
      each.child.kill('SIGCONT')
      await each.close()
    }
    await this.wayToRedis.close()
    await this.redis.kill()
  }
}

/** One video track as a viewer of the edge reads it. */
export class TrackReader {
  readonly #url: string

  constructor(edge: HeadwaterProcess, address: { room: string; program: string; track: string }) {
    this.#url = `${edge.url}/live/${address.room}/${address.program}/${address.track}`
  }

  /** Running number of the newest part in the playlist; -1 before there is one. */
  async newestPart(): Promise<number> {
    const text = await fetch(`${this.#url}/index.m3u8`).then((answer) => answer.text())
    const last = [...text.matchAll(/#EXT-X-PART:.*URI="(\d+)\.(\d+)\.m4s"/g)].at(-1)
    return last ? Number(last[1]) * 8 + Number(last[2]) : -1
  }

  async untilParts(count: number): Promise<void> {
    const from = await this.newestPart()
    await eventually(async () => (await this.newestPart()) >= from + count, LIMIT_MS)
  }

  /** How long at most nothing new came, from now until so many parts have. */
  async longestGapMs(count: number): Promise<number> {
    const from = await this.newestPart()
    let [newest, atMs, longestMs] = [from, performance.now(), 0]
    await eventually(async () => {
      const part = await this.newestPart()
      if (part === newest) return false
      longestMs = Math.max(longestMs, performance.now() - atMs)
      newest = part
      atMs = performance.now()
      return part >= from + count
    }, LIMIT_MS)
    return longestMs
  }

  /** Init segment and every whole segment in the playlist, one behind the other. */
  async bytes(): Promise<{ bytes: Uint8Array; msns: number[] }> {
    const text = await fetch(`${this.#url}/index.m3u8`).then((answer) => answer.text())
    const msns = [...text.matchAll(/^(\d+)\.m4s$/gm)].map(([, msn]) => Number(msn))
    const chunks: Buffer[] = []
    for (const name of ['init-0.mp4', ...msns.map((msn) => `${msn}.m4s`)]) {
      const answer = await fetch(`${this.#url}/${name}`)
      if (answer.status === 404 && chunks.length === 1) continue // the gap that a program begins with
      if (!answer.ok) throw new Error(`${name}: ${answer.status}`)
      chunks.push(Buffer.from(await answer.arrayBuffer()))
    }
    return { bytes: Buffer.concat(chunks), msns }
  }
}
