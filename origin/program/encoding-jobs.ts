/** The programs that want encoding, as transcoders see them: announced in the store, told apart by fencing numbers. */
import { randomBytes } from 'node:crypto'
import { availableParallelism, loadavg } from 'node:os'
import { PARTS_PER_SECOND } from '../../media/part.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { Counter, Metrics } from '../../runtime/metrics.ts'
import { secretsMatch } from '../../runtime/secrets.ts'
import type { Store } from '../../runtime/store/store.ts'
import { EncoderWatch, TICK_MS } from './encoder-watch.ts'
import type { EncodingPlan } from './encoding-plan.ts'
import type { Program } from './program.ts'

export const JOBS_KEY = 'encoding-jobs'
export const JOBS_CHANNEL = 'encoding-jobs'

/** What a transcoder reads in the store. */
export interface JobRecord {
  id: string
  roomId: string
  programId: string
}

/** What an encoder is told when it starts. */
export interface EncoderStart {
  /** The first part it must make. */
  firstPart: number
  intakeToken: string
}

export interface Encoder {
  fence: number
  token: string
  /** Ends its intake: a newer encoder has taken over, it hangs, or the job has ended. */
  abort: AbortController
  /** Is told of each frame it brings. */
  watch: EncoderWatch
}

export interface EncodingJobsOptions {
  store: Store
  logger: Logger
  metrics: Metrics
  /** Whether the store is certainly this origin's: only then is what it does not know of taken out. */
  isOrigin: () => boolean
}

interface Job {
  program: Program
  encoder: Encoder | null
  /** Feeds that are being read, by the fence of their reader. */
  feeds: Map<() => void, number>
  /** When encoders were last found hanging. */
  hungAtMs: number[]
  unfollow: () => void
}

const TOKEN_BYTES = 24
/** An encoder that follows others that hung within this time has twice as long for each of them but the first. */
const HUNG_MEMORY_MS = 60_000
const MAX_HUNG_COUNTED = 5
/** Load average by cores: from there on limits grow with it. */
const OVERLOADED_FROM = 3
/** How soon a store that has forgotten everything knows again what there is to encode. */
const ANNOUNCE_MS = 3000

export class EncodingJobs {
  readonly #store: Store
  readonly #logger: Logger
  readonly #isOrigin: () => boolean
  readonly #hung: Counter
  readonly #jobs = new Map<string, Job>()
  #timer: NodeJS.Timeout | null = null
  #announceTimer: NodeJS.Timeout | null = null

  constructor({ store, logger, metrics, isOrigin }: EncodingJobsOptions) {
    this.#isOrigin = isOrigin
    this.#store = store
    this.#logger = logger
    this.#hung = metrics.counter(
      'headwater_encoders_hung_total',
      'Encoders that lived, brought nothing, and were replaced.',
    )
  }

  /** From now on the store says what there is to encode, also after it was away or has lost everything. */
  startAnnouncing(): void {
    this.#announceTimer ??= setInterval(() => void this.#announce().catch(() => {}), ANNOUNCE_MS)
  }

  stopAnnouncing(): void {
    if (this.#announceTimer) clearInterval(this.#announceTimer)
    this.#announceTimer = null
  }

  /** Announces a program to the transcoders; its id is the job's. Throws `store_unavailable`: it is announced later. */
  async open(program: Program): Promise<void> {
    const job: Job = { program, encoder: null, feeds: new Map(), hungAtMs: [], unfollow: () => {} }
    job.unfollow = program.videoLog.follow((tag) => job.encoder?.watch.placed(tag.timestampMs))
    this.#jobs.set(program.id, job)
    this.#timer ??= setInterval(() => this.#lookForHung(), TICK_MS)
    await this.#store.hashSet(JOBS_KEY, program.id, recordOf(program))
    await this.#store.publish(JOBS_CHANNEL, program.id)
  }

  /** Never rejects: what the store does not hear now it hears later. */
  async close(programId: string): Promise<void> {
    const job = this.#jobs.get(programId)
    if (!job) return
    this.#jobs.delete(programId)
    job.unfollow()
    job.encoder?.abort.abort()
    if (this.#jobs.size === 0) this.#stopLooking()
    await this.#store.hashDelete(JOBS_KEY, programId).catch(() => false)
    await this.#store.publish(JOBS_CHANNEL, programId).catch(() => {})
  }

  /** Throws `job_not_found`. */
  get(id: string): Program {
    return this.#find(id).program
  }

  /** An encoder takes over from the one before it. Throws `job_not_found`, or `job_taken` for a fence that is behind. */
  start(id: string, fence: number, plan: EncodingPlan): EncoderStart {
    const job = this.#find(id)
    refuseStale(job, fence)
    const begun = job.program.plan
    if (begun && !isSameLadder(begun, plan))
      throw new HeadwaterError('bad_request', 'the program has other renditions already: a job names them')
    job.encoder?.abort.abort()
    cutFeeds(job, fence - 1) // one that was held up, its whole machine perhaps, would go on encoding for nobody
    job.program.packager.resetVideo()
    job.program.adopt(plan)
    const { packager, videoLog } = job.program
    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    const firstPart = packager.nextPart
    const firstMs = (firstPart * 1000) / PARTS_PER_SECOND
    const renditions = plan.renditions.map(({ name }) => name)
    const watch = new EncoderWatch({ renditions, firstMs, patience: patienceWith(job) })
    watch.placed(videoLog.newestMs)
    job.encoder = { fence, token, abort: new AbortController(), watch }
    return { firstPart, intakeToken: token }
  }

  /** A transcoder reads a program's feed: `cut` ends it when its encoder hangs or another has taken over. Returns the way to say that it has ended. Throws `job_not_found` and `job_taken`. */
  feeding(id: string, fence: number, cut: () => void): () => void {
    const job = this.#find(id)
    refuseStale(job, fence)
    job.feeds.set(cut, fence)
    return () => void job.feeds.delete(cut)
  }

  /** The running encoder, by its token. Throws `job_not_found` or `unauthorized`. */
  authorise(id: string, token: string): { program: Program; encoder: Encoder } {
    const { program, encoder } = this.#find(id)
    if (!encoder || !secretsMatch(token, encoder.token))
      throw new HeadwaterError('unauthorized', 'not the token of the running encoder')
    return { program, encoder }
  }

  async #announce(): Promise<void> {
    const announced = await this.#store.hashAll(JOBS_KEY)
    for (const id of Object.keys(announced)) {
      if (!this.#isOrigin()) return
      if (!this.#jobs.has(id)) await this.#store.hashDelete(JOBS_KEY, id) // of an origin that was killed
    }
    for (const [id, { program }] of this.#jobs)
      if (announced[id] === undefined) await this.#store.hashSet(JOBS_KEY, id, recordOf(program))
  }

  #lookForHung(): void {
    const slowness = loadavg()[0] ?? 0
    for (const job of this.#jobs.values()) {
      const { encoder } = job
      if (!encoder || encoder.abort.signal.aborted) continue
      if (encoder.watch.tick(slowness / (OVERLOADED_FROM * availableParallelism())))
        this.#giveUp(job, encoder)
    }
  }

  /** The transcoder sees its feed break off, kills the encoder and starts another: one that is stopped notices nothing itself. */
  #giveUp(job: Job, { abort, watch, fence }: Encoder): void {
    const { id, roomId, packager } = job.program
    job.hungAtMs = [...job.hungAtMs, Date.now()].slice(-MAX_HUNG_COUNTED)
    this.#hung.inc()
    this.#logger.warn(
      { room: roomId, program: id, reachedMs: watch.reachedMs, nextPart: packager.nextPart },
      'encoder hangs: it is replaced',
    )
    abort.abort()
    cutFeeds(job, fence)
  }

  #stopLooking(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }

  #find(id: string): Job {
    const job = this.#jobs.get(id)
    if (!job)
      throw new HeadwaterError('job_not_found', 'there is no such encoding job: its program has ended')
    return job
  }
}

function recordOf({ id, roomId }: Program): string {
  const record: JobRecord = { id, roomId, programId: id }
  return JSON.stringify(record)
}

function refuseStale({ encoder }: Job, fence: number): void {
  if (!encoder || fence >= encoder.fence) return
  throw new HeadwaterError(
    'job_taken',
    `fence ${fence} is behind ${encoder.fence}: another transcoder has the job`,
  )
}

/** Ends the feeds of readers up to a fence. */
function cutFeeds({ feeds }: Job, upToFence: number): void {
  for (const [cut, fence] of [...feeds]) if (fence <= upToFence) cut()
}

function patienceWith({ hungAtMs }: Job): number {
  const recent = hungAtMs.filter((atMs) => Date.now() - atMs < HUNG_MEMORY_MS).length
  return 2 ** Math.max(0, recent - 1) // one may be bad luck
}

function isSameLadder(a: EncodingPlan, b: EncodingPlan): boolean {
  const names = (plan: EncodingPlan): string =>
    plan.renditions.map(({ name, fps }) => `${name}@${fps}`).join()
  return names(a) === names(b)
}
