/** program.json: what a program is, beside its parts. Replaced whole at every change. */
import { z } from 'zod'
import { encodingPlanSchema } from '../program/encoding-plan.ts'
import { ROOM_ID_PATTERN } from '../room/keys.ts'

export const RECORD_FILE = 'program.json'
export const PROGRAM_ID_PATTERN = /^[a-z0-9]{8,32}$/

const timeMs = z.number().min(0).max(Number.MAX_SAFE_INTEGER)

/** Keys that another version has written are left out, so that going back a version loses no program. */
const schema = z.object({
  version: z.literal(1),
  id: z.string().regex(PROGRAM_ID_PATTERN),
  roomId: z.string().regex(ROOM_ID_PATTERN),
  startedAtMs: timeMs,
  epochMs: timeMs,
  plan: encodingPlanSchema.nullable(),
  interruptions: z.int().min(0),
  /** Null while a publisher feeds it. */
  interruptedAtMs: timeMs.nullable(),
  windowEndsAtMs: timeMs.nullable(),
})

export type ProgramRecord = z.output<typeof schema>

/** Throws what zod or JSON throws. */
export function parseRecord(text: string): ProgramRecord {
  return schema.parse(JSON.parse(text))
}

export function formatRecord(record: ProgramRecord): string {
  return `${JSON.stringify(record)}\n`
}
