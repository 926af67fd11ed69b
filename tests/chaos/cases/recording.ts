/** What the server has recorded of a program. */
import { z } from 'zod'
import type { Figures } from '../chaos-case.ts'
import type { Stage } from '../stage.ts'

const listSchema = z.object({
  data: z.object({
    recordings: z.array(z.looseObject({ complete: z.boolean().optional(), state: z.string().optional() })),
  }),
})

/** How many recordings the room has, and whether the newest is complete. */
export async function recordingOf(stage: Stage): Promise<Figures['more']> {
  const answer = await stage.server.api('GET', `/api/v1/live/${stage.room.id}/recordings`)
  if (!answer.ok) return { recordings: null, recordingComplete: `no recordings: ${answer.status}` }
  const list = listSchema.safeParse(await answer.json())
  if (!list.success) return { recordings: null, recordingComplete: 'recordings of another form' }
  const newest = list.data.data.recordings.at(-1)
  return {
    recordings: list.data.data.recordings.length,
    recordingComplete: newest ? newest.complete === true || newest.state === 'complete' : false,
  }
}
