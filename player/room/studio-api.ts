/** The part of the API a streamer needs. Answers are parsed here; failures carry the server's code. */
import * as z from 'zod/mini'
import { recordingSchema, type Recording } from './recording-view.ts'
import { roomSchema, type Room } from './room-view.ts'

export class ApiError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status: number) {
    super(message)
    this.name = 'ApiError'
    this.code = code
    this.status = status
  }
}

const secretsSchema = z.object({
  room_id: z.string(),
  stream_key: z.string(),
  stream_url: z.string(),
})
const listSchema = z.object({ rooms: z.array(roomSchema), total: z.number() })
const recordingsSchema = z.object({ recordings: z.array(recordingSchema) })
const errorSchema = z.object({ code: z.string(), message: z.string() })

export type Secrets = z.infer<typeof secretsSchema>

export interface StudioApiOptions {
  /** origin of the server, without a slash at the end */
  baseUrl: string
  token: string
  fetch?: typeof fetch
}

export class StudioApi {
  readonly #options: StudioApiOptions

  constructor(options: StudioApiOptions) {
    this.#options = options
  }

  /** Throws `ApiError` with status 401 when the token is not accepted. */
  async checkToken(): Promise<void> {
    await this.#ask('GET', '/session')
  }

  async list(): Promise<Room[]> {
    return parse(listSchema, await this.#ask('GET', '/live')).rooms
  }

  async create(title: string): Promise<Secrets> {
    return parse(secretsSchema, await this.#ask('POST', '/live/create', { title, streaming_mode: 'rtmp' }))
  }

  async read(roomId: string): Promise<Room> {
    return parse(roomSchema, await this.#ask('GET', pathOf(roomId)))
  }

  async rotateKey(roomId: string): Promise<Secrets> {
    return parse(secretsSchema, await this.#ask('POST', `${pathOf(roomId)}/rotate-key`, {}))
  }

  async end(roomId: string): Promise<void> {
    await this.#ask('POST', `${pathOf(roomId)}/end`, {})
  }

  async delete(roomId: string): Promise<void> {
    await this.#ask('DELETE', pathOf(roomId))
  }

  /** Newest first. */
  async recordings(roomId: string): Promise<Recording[]> {
    return parse(recordingsSchema, await this.#ask('GET', `${pathOf(roomId)}/recordings`)).recordings
  }

  async deleteRecording(roomId: string, programId: string): Promise<void> {
    await this.#ask('DELETE', `${pathOf(roomId)}/recordings/${encodeURIComponent(programId)}`)
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const { baseUrl, token, fetch: ask = fetch } = this.#options
    const headers: Record<string, string> = { authorization: `Bearer ${token}` }
    if (body) headers['content-type'] = 'application/json'
    const answer = await ask(`${baseUrl}/api/v1${path}`, {
      method,
      headers,
      cache: 'no-store',
      ...(body ? { body: JSON.stringify(body) } : {}),
    }).catch((cause: unknown) => {
      throw new ApiError('network_failed', cause instanceof Error ? cause.message : 'the request failed', 0)
    })
    const text: unknown = await answer.json().catch(() => null)
    if (answer.ok) return typeof text === 'object' && text !== null && 'data' in text ? text.data : text
    const error = errorSchema.safeParse(text)
    if (error.success) throw new ApiError(error.data.code, error.data.message, answer.status)
    throw new ApiError('internal_error', `status ${answer.status}`, answer.status)
  }
}

function pathOf(roomId: string): string {
  return `/live/${encodeURIComponent(roomId)}`
}

function parse<Schema extends z.ZodMiniType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new ApiError('answer_malformed', 'the server answered something else than expected', 200)
}
