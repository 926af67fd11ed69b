/** The part of the API a streamer needs. Answers are parsed here; failures carry the server's code. */
import * as z from 'zod/mini'
import { recordingSchema, type Recording } from './recording-view.ts'
import { roomSchema, settingsSchema, type Room, type Settings } from './room-view.ts'

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
  backup_stream_key: z.nullish(z.string()),
})
const backupSchema = z.object({ backup_stream_key: z.string() })
const managedSchema = z.object({ settings: settingsSchema })
const slateSchema = z.object({
  kind: z.enum(['built-in', 'picture', 'clip']),
  type: z.nullable(z.string()),
  bytes: z.nullable(z.number()),
  max_upload_bytes: z.number(),
})
const viewerTokenSchema = z.object({ token: z.string(), watch_url: z.url({ protocol: /^https?$/ }) })
const listSchema = z.object({ rooms: z.array(roomSchema), total: z.number() })
const recordingsSchema = z.object({ recordings: z.array(recordingSchema) })
const errorSchema = z.object({ code: z.string(), message: z.string() })

export type Secrets = z.infer<typeof secretsSchema>

export type Slate = z.infer<typeof slateSchema>

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

  async rotateBackupKey(roomId: string): Promise<string> {
    const path = `${pathOf(roomId)}/rotate-key`
    return parse(backupSchema, await this.#ask('POST', path, { which: 'standby' })).backup_stream_key
  }

  async settings(roomId: string): Promise<Settings> {
    return parse(managedSchema, await this.#ask('GET', pathOf(roomId))).settings
  }

  /** Changes those settings that are named; answers all of them. */
  async change(roomId: string, settings: Partial<Settings>): Promise<Settings> {
    return parse(managedSchema, await this.#ask('PATCH', pathOf(roomId), settings)).settings
  }

  /** A link by which anybody may watch a private room, until it runs out. */
  async viewerLink(roomId: string): Promise<string> {
    return (await this.#viewerToken(roomId)).watch_url
  }

  /** Lets this browser watch a private room: its players send no token of those who manage it. */
  async openViewerSession(roomId: string): Promise<void> {
    const { token } = await this.#viewerToken(roomId)
    await this.#ask('POST', `${pathOf(roomId)}/viewer-session`, { token })
  }

  async takeOver(roomId: string, source: 'obs' | 'standby'): Promise<void> {
    await this.#ask('POST', `${pathOf(roomId)}/takeover`, { source })
  }

  async slate(roomId: string): Promise<Slate> {
    return parse(slateSchema, await this.#ask('GET', `${pathOf(roomId)}/slate`))
  }

  async uploadSlate(roomId: string, file: Blob): Promise<Slate> {
    return parse(slateSchema, await this.#ask('PUT', `${pathOf(roomId)}/slate`, file))
  }

  async resetSlate(roomId: string): Promise<Slate> {
    return parse(slateSchema, await this.#ask('DELETE', `${pathOf(roomId)}/slate`))
  }

  /** A small picture of the slate. */
  async slatePreview(roomId: string): Promise<Blob> {
    const answer = await this.#send('GET', `${pathOf(roomId)}/slate/preview`)
    if (!answer.ok) throw new ApiError('internal_error', `status ${answer.status}`, answer.status)
    return answer.blob()
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

  async #viewerToken(roomId: string): Promise<z.infer<typeof viewerTokenSchema>> {
    return parse(viewerTokenSchema, await this.#ask('POST', `${pathOf(roomId)}/viewer-tokens`, {}))
  }

  async #send(method: string, path: string, body?: object): Promise<Response> {
    const { baseUrl, token, fetch: ask = fetch } = this.#options
    const headers: Record<string, string> = { authorization: `Bearer ${token}` }
    const isFile = body instanceof Blob
    if (body && !isFile) headers['content-type'] = 'application/json'
    return ask(`${baseUrl}/api/v1${path}`, {
      method,
      headers,
      cache: 'no-store',
      ...(body ? { body: isFile ? body : JSON.stringify(body) } : {}),
    }).catch((cause: unknown) => {
      throw new ApiError('network_failed', cause instanceof Error ? cause.message : 'the request failed', 0)
    })
  }

  async #ask(method: string, path: string, body?: object): Promise<unknown> {
    const answer = await this.#send(method, path, body)
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
