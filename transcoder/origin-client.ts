/** What a transcoder asks of the origin whose program it encodes. */
import type { Readable } from 'node:stream'
import { request } from 'undici'
import { z } from 'zod'
import { PRESETS, type Preset } from './cost.ts'
import type { Rendition } from './ladder.ts'
import type { Notice } from './probe.ts'

export interface EncodingPlan {
  fps: number
  source: { width: number; height: number }
  renditions: readonly Rendition[]
  preset?: Preset | undefined
  /** What the streamer should know: the origin shows it beside its own warnings. */
  notices: readonly Notice[]
}

const size = z.object({ width: z.int(), height: z.int() })
const planSchema = z.object({
  fps: z.number(),
  source: size,
  renditions: z.array(size.extend({ name: z.string(), fps: z.number(), bitrateKbps: z.number() })),
  preset: z.enum(PRESETS).optional(),
  notices: z.array(z.object({ code: z.string(), message: z.string() })).default([]),
})
const jobSchema = z.object({
  nextPart: z.int(),
  frameRate: z.number().nullable(),
  state: z.string(),
  /** What an encoder before this one makes of the program: its renditions stay what they are. */
  plan: planSchema.nullable(),
})
const startSchema = z.object({ firstPart: z.int(), intakeToken: z.string() })
/** An answer that takes longer will not come: everything asked here is at hand. */
const ANSWER_TIMEOUT_MS = 5000

export class OriginClient {
  readonly url: string
  readonly #headers: { authorization: string }

  constructor(url: string, clusterSecret: string) {
    this.url = url
    this.#headers = { authorization: `Bearer ${clusterSecret}` }
  }

  /** Null when the job is over. */
  async job(id: string): Promise<z.infer<typeof jobSchema> | null> {
    const body = await this.#json('GET', `/internal/jobs/${id}`)
    return body === null ? null : jobSchema.parse(body)
  }

  /** A new encoder takes over. Null when the job is over or another transcoder has it. */
  async startEncoder(
    id: string,
    fence: number,
    plan: EncodingPlan,
  ): Promise<z.infer<typeof startSchema> | null> {
    const body = await this.#json('POST', `/internal/jobs/${id}/encoder`, { fence, plan })
    return body === null ? null : startSchema.parse(body)
  }

  async refuse(id: string, reason: Notice): Promise<void> {
    await this.#json('POST', `/internal/jobs/${id}/refusal`, { code: reason.code, message: reason.message })
  }

  /** The program's video as FLV, from the last keyframe before a part on, until it ends. Null when the job is over, or another's. */
  async feed(
    id: string,
    { part, fence }: { part: number; fence: number },
    signal: AbortSignal,
  ): Promise<Readable | null> {
    const answer = await request(`${this.url}/internal/feed/${id}.flv?part=${part}&fence=${fence}`, {
      headers: this.#headers,
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: 0, // a publisher may be away for the whole reconnect window
      signal,
    })
    if (answer.statusCode === 200) return answer.body
    await answer.body.dump()
    return null
  }

  intakeUrl(id: string, rendition: string): string {
    return `${this.url}/internal/intake/${id}/${rendition}`
  }

  async #json(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> {
    const answer = await request(this.url + path, {
      method,
      headers: { ...this.#headers, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
      headersTimeout: ANSWER_TIMEOUT_MS,
      bodyTimeout: ANSWER_TIMEOUT_MS,
    })
    if (answer.statusCode === 200) return answer.body.json()
    const text = await answer.body.text()
    if (answer.statusCode === 404 || answer.statusCode === 409) return null
    throw new Error(`the origin answered ${answer.statusCode} to ${method} ${path}: ${text.slice(0, 200)}`)
  }
}
