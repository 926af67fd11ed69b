/** What transcoders ask of the origin, on the internal listener only: the feed, the start of an encoder, its intake. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { z } from 'zod'
import { HeadwaterError } from '../../runtime/errors.ts'
import { bearerOf } from '../../runtime/http/bearer.ts'
import { readJson } from '../../runtime/http/body.ts'
import { answer, sendError, sendJson } from '../../runtime/http/respond.ts'
import type { Logger } from '../../runtime/logger.ts'
import { secretsMatch } from '../../runtime/secrets.ts'
import { takeIn } from '../packager/intake.ts'
import { encodingPlanSchema } from '../program/encoding-plan.ts'
import type { EncodingJobs } from '../program/encoding-jobs.ts'
import { sendVideoFeed } from '../program/feed.ts'
import type { LivePrograms } from '../program/live-programs.ts'

export interface InternalHandlerOptions {
  jobs: EncodingJobs
  programs: LivePrograms
  clusterSecret: string
  logger: Logger
}

const MAX_BODY_BYTES = 16 * 1024
const INTAKE = /^\/internal\/intake\/(?<job>[a-z0-9]{8,32})\/(?<track>[a-z0-9]{1,16})$/
const JOB = /^\/internal\/jobs\/(?<job>[a-z0-9]{8,32})(?:\/(?<action>encoder|refusal))?$/
const FEED = /^\/internal\/feed\/(?<job>[a-z0-9]{8,32})\.flv$/

const noticeSchema = z.strictObject({ code: z.string().max(64), message: z.string().max(512) })
const startSchema = z.strictObject({
  fence: z.int().min(0),
  plan: encodingPlanSchema,
})

export class InternalHandler {
  readonly #options: InternalHandlerOptions

  constructor(options: InternalHandlerOptions) {
    this.#options = options
  }

  /** Lets through what carries the cluster's secret, or, for an intake, its encoder's token. */
  guard(req: IncomingMessage, res: ServerResponse, url: URL): boolean {
    if (INTAKE.test(url.pathname)) return false
    if (secretsMatch(bearerOf(req), this.#options.clusterSecret)) return false
    sendError(res, new HeadwaterError('unauthorized', 'the cluster secret is missing or wrong'))
    return true
  }

  handle(req: IncomingMessage, res: ServerResponse, url: URL): boolean {
    const intake = INTAKE.exec(url.pathname)?.groups
    const job = JOB.exec(url.pathname)?.groups
    const feed = FEED.exec(url.pathname)?.groups
    const { logger } = this.#options
    if (intake) answer(res, logger, () => this.#intake(req, res, intake))
    else if (job) answer(res, logger, () => this.#job(req, res, job))
    else if (feed) answer(res, logger, () => this.#feed(res, url, feed))
    return Boolean(intake ?? job ?? feed)
  }

  #intake(req: IncomingMessage, res: ServerResponse, { job = '', track = '' }: Record<string, string>): void {
    const { jobs, logger } = this.#options
    res.setHeader('Connection', 'close') // whoever is refused would go on sending a body without an end
    const { program, encoder } = jobs.authorise(job, bearerOf(req))
    if (req.method !== 'PUT' && req.method !== 'POST')
      throw new HeadwaterError('method_not_allowed', 'an intake takes PUT')
    if (!program.plan?.renditions.some(({ name }) => name === track))
      throw new HeadwaterError('rendition_not_found', `the plan has no rendition ${track}`)
    takeIn(req, res, {
      packager: program.packager,
      encoder,
      track,
      logger,
      // Its publisher's encoder comes back by itself, and begins another program.
      onEncodingChanged: () => program.end(),
    })
  }

  async #job(
    req: IncomingMessage,
    res: ServerResponse,
    { job = '', action }: Record<string, string | undefined>,
  ): Promise<void> {
    const { jobs, programs } = this.#options
    const program = jobs.get(job)
    if (action === undefined) {
      sendJson(res, 200, {
        nextPart: program.packager.nextPart,
        frameRate: program.frameRate,
        state: program.state,
        plan: program.plan,
      })
    } else if (action === 'encoder') {
      const { fence, plan } = await readBody(req, startSchema)
      sendJson(res, 200, jobs.start(job, fence, plan))
    } else {
      programs.refuse(program.id, await readBody(req, noticeSchema))
      sendJson(res, 200, {})
    }
  }

  #feed(res: ServerResponse, url: URL, { job = '' }: Record<string, string>): void {
    const { jobs } = this.#options
    const [part = 0, fence = 0] = ['part', 'fence'].map((name) => readNumber(url, name))
    const program = jobs.get(job)
    const stop = jobs.feeding(job, fence, () => res.destroy())
    res.once('close', stop)
    sendVideoFeed(res, program, part)
  }
}

function readNumber(url: URL, name: string): number {
  const value = Number(url.searchParams.get(name))
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new HeadwaterError('bad_request', `${name} is a whole number`)
}

async function readBody<T>(req: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await readJson(req, MAX_BODY_BYTES))
  if (parsed.success) return parsed.data
  throw new HeadwaterError('body_invalid', z.prettifyError(parsed.error))
}
