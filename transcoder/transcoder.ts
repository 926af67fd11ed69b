/** Takes on programs that want encoding, as far as the machine carries them, and holds a lease on each. */
import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { Config } from '../runtime/config.ts'
import { prepareFfmpeg } from '../runtime/ffmpeg.ts'
import { roomLogger, type Logger } from '../runtime/logger.ts'
import type { Metrics } from '../runtime/metrics.ts'
import type { Lease, Store } from '../runtime/store/store.ts'
import { ClusterCapacity } from './cluster-capacity.ts'
import { admit, estimateCores, noticesOf, PRESETS, type Preset } from './cost.ts'
import { EncoderCpu } from './encoder-cpu.ts'
import { Job, type Admitted } from './job.ts'
import { OriginClient, type EncodingPlan } from './origin-client.ts'

export interface TranscoderOptions {
  store: Store
  config: Config
  originUrl: string
  clusterSecret: string
  logger: Logger
  metrics: Metrics
}

interface Held {
  job: Job
  lease: Lease
  cores: number
  /** Settles when the job is over and the lease given back. */
  over: Promise<void>
}

const JOBS_KEY = 'encoding-jobs'
const JOBS_CHANNEL = 'encoding-jobs'
const recordSchema = z.object({ id: z.string(), roomId: z.string(), programId: z.string() })
/** A node that is gone loses its programs to another after this long. */
const LEASE_MS = 3000
const RENEW_MS = 1000
/** A program left to another transcoder is looked at again after this: if nobody has taken it, it is refused. */
const DECLINED_MS = 5000
const [FASTEST] = PRESETS

export class Transcoder {
  readonly name = 'transcoder'
  readonly #options: TranscoderOptions
  readonly #node = randomBytes(8).toString('hex')
  readonly #held = new Map<string, Held>()
  readonly #taking = new Set<string>()
  #timer: NodeJS.Timeout | null = null
  #unsubscribe: (() => Promise<void>) | null = null
  readonly #cluster: ClusterCapacity
  /** Left to others, and when it may be looked at again. */
  readonly #declined = new Map<string, number>()
  #isTicking = false
  #isClosed = false

  constructor(options: TranscoderOptions) {
    this.#options = options
    this.#cluster = new ClusterCapacity(options.store, this.#node)
    options.metrics.gauge('headwater_transcoder_programs', 'Programs being encoded here.', [], (gauge) =>
      gauge.set(this.#held.size),
    )
    options.metrics.gauge(
      'headwater_transcoder_projected_cores',
      'Cores that the programs here are projected to take.',
      [],
      (gauge) => gauge.set(this.#usedCores()),
    )
    const cpu = new EncoderCpu()
    options.metrics.gauge(
      'headwater_transcoder_encoder_cpu_seconds_total',
      'Processor time the encoders here have used.',
      [],
      (gauge) => gauge.set(cpu.totalSeconds(this.encoderPids)),
    )
  }

  /** Process ids of the encoders that run. */
  get encoderPids(): number[] {
    return [...this.#held.values()].flatMap(({ job }) => job.pid ?? [])
  }

  /** Throws `ffmpeg_missing`. */
  async start(): Promise<void> {
    await prepareFfmpeg()
    this.#unsubscribe = await this.#options.store.subscribe(JOBS_CHANNEL, () => void this.#scan())
    this.#timer = setInterval(() => void this.#tick(), RENEW_MS)
    await this.#scan()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#timer) clearInterval(this.#timer)
    await this.#unsubscribe?.()
    await Promise.all(
      [...this.#held.values()].map(async ({ job, over }) => {
        await job.close()
        await over
      }),
    )
    await this.#cluster.leave()
    // Whoever else is there need not wait for its own next look.
    await this.#options.store.publish(JOBS_CHANNEL, this.#node).catch(() => {})
  }

  async #tick(): Promise<void> {
    if (this.#isTicking) return // the store is slow
    this.#isTicking = true
    await Promise.all([...this.#held.values()].map((held) => this.#renew(held)))
    await this.#cluster.exchange(this.#freeCores())
    await this.#scan()
    this.#isTicking = false
  }

  /** The store being away ends nothing. A lease that ran out meanwhile is taken again, unless another has the job by now. */
  async #renew(held: Held): Promise<void> {
    const { store } = this.#options
    const isOurs = await store.renewLease(held.lease, LEASE_MS).catch(() => true)
    if (isOurs || this.#isClosed || !this.#held.has(held.job.id)) return
    const lease = await store.acquireLease(held.lease.name, this.#node, LEASE_MS).catch(() => held.lease)
    if (lease === null) return void held.job.close()
    held.lease = lease
    held.job.fence = lease.fence
  }

  /** Takes every job that nobody holds. */
  async #scan(): Promise<void> {
    if (this.#isClosed) return
    const records: Record<string, string> = await this.#options.store.hashAll(JOBS_KEY).catch(() => ({}))
    for (const id of this.#declined.keys()) if (!(id in records)) this.#declined.delete(id)
    for (const text of Object.values(records)) {
      const record = parseRecord(text)
      if (!record || this.#held.has(record.id) || this.#taking.has(record.id)) continue
      if (this.#isDeclined(record.id)) continue
      this.#taking.add(record.id)
      await this.#take(record).finally(() => this.#taking.delete(record.id))
    }
  }

  async #take({ id, roomId }: { id: string; roomId: string }): Promise<void> {
    const { store, config, originUrl, clusterSecret, logger } = this.#options
    const lease = await store.acquireLease(`encoding-job:${id}`, this.#node, LEASE_MS).catch(() => null)
    if (!lease || this.#isClosed) return
    const job = new Job({
      id,
      fence: lease.fence,
      origin: new OriginClient(originUrl, clusterSecret),
      ladder: config.ladder,
      limits: config.source,
      logger: roomLogger(logger, roomId),
      admit: (source, renditions, begunWith) => this.#admit(id, { source, renditions }, begunWith),
    })
    const held: Held = { lease, cores: 0, job, over: Promise.resolve() }
    held.over = job.done.then(async () => {
      this.#held.delete(id)
      await store.releaseLease(held.lease).catch(() => false)
      if (this.#declined.has(id)) await store.publish(JOBS_CHANNEL, id).catch(() => {}) // whoever has room need not wait for its own next look
    })
    this.#held.set(id, held)
  }

  #admit(
    id: string,
    { source, renditions }: Pick<EncodingPlan, 'source' | 'renditions'>,
    begunWith: Preset | null,
  ): Admitted | string | null {
    const { preset, cpuLimitPercent } = this.#options.config.ladder
    const cores = availableParallelism()
    const usedCores = this.#usedCores()
    const capacity = { cores, usedCores, limitPercent: cpuLimitPercent }
    const admission = begunWith
      ? { preset: begunWith, cores: estimateCores(source, renditions, begunWith) }
      : admit(source, renditions, { preset, capacity })
    const held = this.#held.get(id)
    if (admission && held) held.cores = admission.cores
    if (admission) return { ...admission, notices: noticesOf(preset, admission.preset) }
    if (this.#cluster.hasRoomElsewhere(estimateCores(source, renditions, FASTEST))) {
      this.#declined.set(id, Date.now() + DECLINED_MS)
      return null
    }
    const used = Math.round((usedCores / cores) * 100)
    return `the server is full: its programs take ${used} % of ${cores} cores and this one would pass ${cpuLimitPercent} %`
  }

  #isDeclined(id: string): boolean {
    const untilMs = this.#declined.get(id)
    if (untilMs === undefined) return false
    if (Date.now() < untilMs) return true
    this.#declined.delete(id)
    return false
  }

  #freeCores(): number {
    return (availableParallelism() * this.#options.config.ladder.cpuLimitPercent) / 100 - this.#usedCores()
  }

  #usedCores(): number {
    return [...this.#held.values()].reduce((sum, { cores }) => sum + cores, 0)
  }
}

/** Null for what another version may have left in the store. */
function parseRecord(text: string): z.infer<typeof recordSchema> | null {
  try {
    return recordSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}
