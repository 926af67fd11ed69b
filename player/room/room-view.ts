/** What the server says of a room, parsed once where it enters the page. */
import * as z from 'zod/mini'

// the just-in-time compiler probes for eval, which the pages' policy forbids
z.config({ jitless: true })

export const ROOM_STATES = ['idle', 'starting', 'live', 'interrupted', 'ended', 'refused'] as const
export type RoomState = (typeof ROOM_STATES)[number]

const stateSchema = z.enum(ROOM_STATES)
const textSchema = z.string().check(z.maxLength(2000))
const numberSchema = z.nullish(z.number())
const remarkSchema = z.object({ code: z.string(), message: textSchema })

export const publisherSchema = z.object({
  codec_video: z.nullish(z.string()),
  codec_audio: z.nullish(z.string()),
  width: numberSchema,
  height: numberSchema,
  fps: numberSchema,
  bitrate_kbps: numberSchema,
  keyframe_interval_ms: numberSchema,
  audio_sample_rate: numberSchema,
  audio_channels: numberSchema,
  warnings: z._default(z.array(remarkSchema), []),
})

export const sourcesSchema = z.array(
  z.object({
    kind: z.enum(['obs', 'standby', 'whip', 'slate']),
    active: z.boolean(),
    healthy: z.boolean(),
  }),
)

/** What the streamer has chosen; null goes by the server's configuration. */
export const settingsSchema = z.object({
  slate_after_ms: z.nullable(z.number()),
  reconnect_window_s: z.nullable(z.number()),
  record: z.nullable(z.boolean()),
  slate_language: z.enum(['zh-CN', 'en']),
  cascade: z.nullable(z.boolean()),
  private: z._default(z.boolean(), false),
})

export const roomSchema = z.object({
  room_id: z.string(),
  title: z._default(textSchema, ''),
  state: stateSchema,
  program_id: z.nullish(z.string()),
  started_at: z.nullish(z.union([z.number(), z.string()])),
  interrupted_at: numberSchema,
  slate: z.nullish(z.boolean()),
  viewers: z.nullish(z.number()),
  watch_url: z.nullish(z.url({ protocol: /^https?$/ })),
  sources: z.nullish(sourcesSchema),
  settings: z.nullish(settingsSchema),
  publisher: z.nullish(publisherSchema),
  refusal: z.nullish(remarkSchema),
})

export const roomMessageSchema = z.object({
  type: z.literal('room'),
  state: stateSchema,
  program_id: z.nullish(z.string()),
  title: z.nullish(textSchema),
  since: numberSchema,
  slate: z.nullish(z.boolean()),
  at: numberSchema,
})

export const noticeMessageSchema = z.object({
  type: z.enum([
    'publisher-interrupted',
    'publisher-reconnecting',
    'publisher-reconnected',
    'publisher-ended',
  ]),
  at: numberSchema,
})

export const factsMessageSchema = z.object({
  type: z.literal('facts'),
  sources: z.nullish(sourcesSchema),
  publisher: z.nullish(publisherSchema),
  refusal: z.nullish(remarkSchema),
})

const pongMessageSchema = z.object({ type: z.literal('pong'), at: numberSchema })
const errorMessageSchema = z.object({ type: z.literal('error'), code: z.string().check(z.maxLength(64)) })

export const serverMessageSchema = z.union([
  roomMessageSchema,
  noticeMessageSchema,
  factsMessageSchema,
  pongMessageSchema,
  errorMessageSchema,
])

export type Remark = z.infer<typeof remarkSchema>
export type Publisher = z.infer<typeof publisherSchema>
export type Sources = z.infer<typeof sourcesSchema>
export type Settings = z.infer<typeof settingsSchema>
export type Room = z.infer<typeof roomSchema>
export type ServerMessage = z.infer<typeof serverMessageSchema>

/** What the page knows of a room at the moment. */
export interface RoomView {
  state: RoomState
  title: string
  programId: string | null
  /** when the publisher was lost, ms since 1970 by the server's clock; null while one feeds the program */
  sinceMs: number | null
  /** the slate feeds the program meanwhile */
  hasSlate: boolean
  /** the server's clock when it last said how the room is; null where it did not say */
  atMs: number | null
  /** connected publishers and, while it feeds, the slate; only those who manage the room are told */
  sources: Sources
  publisher: Publisher | null
  refusal: Remark | null
  /** the address of the watch page as others reach it; null until the server has said */
  watchUrl: string | null
}

export const UNKNOWN_ROOM: RoomView = {
  state: 'idle',
  title: '',
  programId: null,
  sinceMs: null,
  hasSlate: false,
  atMs: null,
  sources: [],
  publisher: null,
  refusal: null,
  watchUrl: null,
}

/** The view after a message; notices only move between live, interrupted and ended. */
export function applyMessage(view: RoomView, message: ServerMessage): RoomView {
  if (message.type === 'room') return applyState(view, message)
  if (message.type === 'facts')
    return {
      ...view,
      sources: message.sources ?? view.sources,
      publisher: message.publisher ?? null,
      refusal: message.refusal ?? view.refusal,
    }
  if (message.type === 'pong' || message.type === 'error') return view
  const atMs = message.at ?? null
  if (message.type === 'publisher-reconnected')
    return { ...view, state: 'live', sinceMs: null, hasSlate: false, atMs }
  if (message.type === 'publisher-ended') return { ...view, state: 'ended', atMs }
  const isOn = view.state === 'live' || view.state === 'starting'
  return isOn ? { ...view, state: 'interrupted', sinceMs: view.sinceMs ?? atMs, atMs } : view
}

/** The view after a whole answer of the API. */
export function applyRoom(view: RoomView, room: Room): RoomView {
  const { state, program_id, title, interrupted_at: since, slate } = room
  const next = applyState(view, { type: 'room', state, program_id, title, since, slate })
  const publisher = room.publisher ?? next.publisher
  const watchUrl = room.watch_url ?? next.watchUrl
  return {
    ...next,
    publisher,
    refusal: room.refusal ?? null,
    watchUrl,
    sources: room.sources ?? next.sources,
  }
}

function applyState(view: RoomView, message: z.infer<typeof roomMessageSchema>): RoomView {
  const { state, program_id: programId, title, since, slate, at } = message
  const isAway = state !== 'live' && state !== 'idle'
  return {
    ...view,
    state,
    title: title ?? view.title,
    programId: programId ?? (state === 'idle' ? null : view.programId),
    sinceMs: isAway ? (since ?? view.sinceMs) : null,
    hasSlate: isAway && (slate ?? false),
    atMs: at ?? null,
    refusal: state === 'refused' ? view.refusal : null,
  }
}
