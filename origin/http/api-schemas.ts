/** What the API's bodies and queries must look like. Fields nobody knows are left out, not refused. */

import { z } from 'zod'
import { HeadwaterError } from '../../runtime/errors.ts'
import { VIEWER_TOKEN_TTL_S } from '../../runtime/viewer-token.ts'
import { PUBLISHER_KINDS } from '../program/live-rooms.ts'
import {
  cleanTitle,
  countCharacters,
  MAX_TITLE_CHARACTERS,
  SETTING_LIMITS,
  SLATE_LANGUAGES,
  STREAMING_MODES,
} from '../room/room.ts'
import type { RoomSettings } from '../room/room.ts'

const title = z
  .string()
  .transform(cleanTitle)
  .refine(
    (text) => countCharacters(text) <= MAX_TITLE_CHARACTERS,
    `must not be longer than ${MAX_TITLE_CHARACTERS} characters`,
  )

const label = z.string().max(64).optional()

export const createBody = z.object({
  title: title.default(''),
  streaming_mode: z.enum(STREAMING_MODES).default('rtmp'),
  push_protocol: label,
  stream_type: label,
  private: z.boolean().default(false),
})

export const rotateBody = z.object({
  which: z.enum(['primary', 'standby']).default('primary'),
  rotate_publisher_token: z.boolean().default(false),
})

const { slateAfterMs, reconnectWindowS } = SETTING_LIMITS

/** What is absent stays as it is; null goes back to the server's configuration. */
export const settingsBody = z.object({
  title: title.optional(),
  slate_after_ms: z.int().min(slateAfterMs.min).max(slateAfterMs.max).nullable().optional(),
  reconnect_window_s: z.int().min(reconnectWindowS.min).max(reconnectWindowS.max).nullable().optional(),
  record: z.boolean().nullable().optional(),
  slate_language: z.enum(SLATE_LANGUAGES).optional(),
  cascade: z.boolean().nullable().optional(),
  private: z.boolean().optional(),
})

export const takeoverBody = z.object({ source: z.enum(PUBLISHER_KINDS) })

/** The settings a body names, as the rooms keep them. */
export function settingsOf(body: z.output<typeof settingsBody>): Partial<RoomSettings> {
  return {
    ...(body.slate_after_ms === undefined ? {} : { slateAfterMs: body.slate_after_ms }),
    ...(body.reconnect_window_s === undefined ? {} : { reconnectWindowS: body.reconnect_window_s }),
    ...(body.record === undefined ? {} : { record: body.record }),
    ...(body.cascade === undefined ? {} : { cascade: body.cascade }),
    ...(body.private === undefined ? {} : { isPrivate: body.private }),
    ...(body.slate_language === undefined ? {} : { slateLanguage: body.slate_language }),
  }
}

const { min, max, default: usual } = VIEWER_TOKEN_TTL_S

export const viewerTokenBody = z.object({ ttl_s: z.int().min(min).max(max).default(usual) })

export const viewerSessionBody = z.object({ token: z.string().min(1).max(256) })

const MAX_PAGE = 1000

export const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_PAGE).default(100),
  offset: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).default(0),
})

/** The value as the schema wants it. Throws `body_invalid` or the given code, naming every wrong field. */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  code: 'body_invalid' | 'bad_request' = 'body_invalid',
): z.output<Schema> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.map(
    (issue) => `${issue.path.map(String).join('.') || 'body'}: ${issue.message}`,
  )
  throw new HeadwaterError(code, lines.join('; ').slice(0, 500))
}
