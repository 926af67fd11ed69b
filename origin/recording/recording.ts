/** What is known of one recording, and how that is kept beside its file. */
import { z } from 'zod'
import { ROOM_ID_PATTERN } from '../room/keys.ts'

export const PROGRAM_ID_PATTERN = /^[a-z0-9]{8,32}$/

export const recordingSchema = z.object({
  version: z.literal(1),
  roomId: z.string().regex(ROOM_ID_PATTERN),
  programId: z.string().regex(PROGRAM_ID_PATTERN),
  title: z.string().max(1000),
  /** Wall clock, ms since 1970. */
  startedAtMs: z.number(),
  /** Null while it runs. */
  endedAtMs: z.number().nullable(),
  durationMs: z.number(),
  /** Of the file. */
  bytes: z.number(),
  /** Times the publisher was lost while it was recorded. */
  interruptions: z.number(),
  /** Nothing more will be added, and any player can seek in it. */
  complete: z.boolean(),
  /** Of the video, null for a program without. */
  rendition: z.string().nullable(),
  width: z.number().nullable(),
  height: z.number().nullable(),
  /** Running number of the first part. */
  firstPart: z.int().min(0),
  /** Where the init segment stands in the file. */
  init: z.object({ start: z.int().min(0), end: z.int().min(0) }),
  /** Where the fragments end, once it is complete. */
  mediaEnd: z.int().min(0).nullable(),
  /** Why it ends before its program, as `{code, message}`; null when it does not. */
  failure: z.object({ code: z.string(), message: z.string() }).nullable(),
})

export type Recording = z.infer<typeof recordingSchema>
