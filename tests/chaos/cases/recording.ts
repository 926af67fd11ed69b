/** What the server has recorded of a program that is over, frame by frame. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { eventually } from '../../support/eventually.ts'
import { z } from 'zod'
import type { Figures } from '../chaos-case.ts'
import { sentFrames } from '../measure.ts'
import { orderOf } from '../meters/frame-order.ts'
import { readCounters } from '../meters/frames.ts'
import type { Stage } from '../stage.ts'

const listSchema = z.object({
  data: z.object({
    recordings: z.array(
      z.looseObject({ program_id: z.string(), complete: z.boolean(), width: z.number().nullable() }),
    ),
  }),
})
const COMPLETE_LIMIT_MS = 10_000

/** Waits for the recording to be complete; says how many there are, and what became of the frames that were sent. */
export async function recordingOf(stage: Stage): Promise<Figures['more']> {
  const list = async (): Promise<z.infer<typeof listSchema>['data']['recordings'] | null> => {
    const answer = await stage.server.api('GET', `/api/v1/live/${stage.room.id}/recordings`)
    return answer.ok ? listSchema.parse(await answer.json()).data.recordings : null
  }
  if ((await list()) === null) return { recordings: null, recordingComplete: 'the server records nothing' }
  await eventually(async () => (await list())?.[0]?.complete === true, COMPLETE_LIMIT_MS).catch(() => {})
  const recordings = (await list()) ?? []
  const [newest] = recordings
  if (!newest) return { recordings: 0, recordingComplete: false }
  const address = `/api/v1/live/${stage.room.id}/recordings/${newest.program_id}.mp4`
  const counters = await inFile(await (await stage.server.api('GET', address)).arrayBuffer(), (file) =>
    readCounters(file, newest.width ?? 0),
  )
  const frames = counters.map((counter, index) => ({
    timeSec: index,
    arrivedAtMs: 0,
    counter,
    isFlash: false,
  }))
  const { missing, doubled, backward } = orderOf(frames, sentFrames(stage))
  return {
    recordings: recordings.length,
    recordingComplete: newest.complete,
    recordingFrames: counters.length,
    recordingMissing: missing,
    recordingDoubled: doubled,
    recordingBackward: backward,
  }
}

/** A complete recording has its index at the end: it cannot be read from a pipe. */
async function inFile<T>(bytes: ArrayBuffer, read: (file: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'headwater-chaos-'))
  try {
    const file = path.join(folder, 'recording.mp4')
    await writeFile(file, new Uint8Array(bytes))
    return await read(file)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
