/** The programs that want encoding, as transcoders see them: announced in the store, told apart by fencing numbers. */
import { randomBytes } from 'node:crypto'
import { HeadwaterError } from '../../runtime/errors.ts'
import { secretsMatch } from '../../runtime/secrets.ts'
import type { Store } from '../../runtime/store/store.ts'
import type { EncodingPlan, Program } from './program.ts'

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
  /** Ends its intake: a newer encoder has taken over, or the job has ended. */
  abort: AbortController
}

interface Job {
  program: Program
  encoder: Encoder | null
}

const TOKEN_BYTES = 24

export class EncodingJobs {
  readonly #store: Store
  readonly #jobs = new Map<string, Job>()

  constructor(store: Store) {
    this.#store = store
  }

  /** Announces a program to the transcoders; its id is the job's. */
  async open(program: Program): Promise<void> {
    this.#jobs.set(program.id, { program, encoder: null })
    const record: JobRecord = { id: program.id, roomId: program.roomId, programId: program.id }
    await this.#store.hashSet(JOBS_KEY, program.id, JSON.stringify(record))
    await this.#store.publish(JOBS_CHANNEL, program.id)
  }

  async close(programId: string): Promise<void> {
    const job = this.#jobs.get(programId)
    if (!job) return
    this.#jobs.delete(programId)
    job.encoder?.abort.abort()
    await this.#store.hashDelete(JOBS_KEY, programId)
    await this.#store.publish(JOBS_CHANNEL, programId)
  }

  /** Throws `job_not_found`. */
  get(id: string): Program {
    return this.#find(id).program
  }

  /** An encoder takes over from the one before it. Throws `job_not_found`, or `job_taken` for a fence that is behind. */
  start(id: string, fence: number, plan: EncodingPlan): EncoderStart {
    const job = this.#find(id)
    if (job.encoder && fence < job.encoder.fence)
      throw new HeadwaterError(
        'job_taken',
        `fence ${fence} is behind ${job.encoder.fence}: another transcoder has the job`,
      )
    const begun = job.program.plan
    if (begun && !isSameLadder(begun, plan))
      throw new HeadwaterError('bad_request', 'the program has other renditions already: a job names them')
    job.encoder?.abort.abort()
    const token = randomBytes(TOKEN_BYTES).toString('base64url')
    job.encoder = { fence, token, abort: new AbortController() }
    job.program.packager.resetVideo()
    job.program.adopt(plan)
    return { firstPart: job.program.packager.nextPart, intakeToken: token }
  }

  /** The running encoder, by its token. Throws `job_not_found` or `unauthorized`. */
  authorise(id: string, token: string): { program: Program; encoder: Encoder } {
    const { program, encoder } = this.#find(id)
    if (!encoder || !secretsMatch(token, encoder.token))
      throw new HeadwaterError('unauthorized', 'not the token of the running encoder')
    return { program, encoder }
  }

  #find(id: string): Job {
    const job = this.#jobs.get(id)
    if (!job)
      throw new HeadwaterError('job_not_found', 'there is no such encoding job: its program has ended')
    return job
  }
}

function isSameLadder(a: EncodingPlan, b: EncodingPlan): boolean {
  const names = (plan: EncodingPlan): string =>
    plan.renditions.map(({ name, fps }) => `${name}@${fps}`).join()
  return names(a) === names(b)
}
