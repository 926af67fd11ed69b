/** A recording: one file and one playlist of a whole program, whatever happened to its publisher or to the origin. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { decodeMovie, holesOf, probeMovie } from '../support/movie-probe.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'

const SOON_MS = 30_000
const recordingSchema = z.object({
  program_id: z.string(),
  complete: z.boolean(),
  duration_ms: z.number(),
  bytes: z.number(),
  interruptions: z.number(),
  file_url: z.string(),
  download_url: z.string(),
  playlist_url: z.string(),
})
type Listed = z.infer<typeof recordingSchema>

let directory: string
let server: HeadwaterProcess
let room: MadeRoom
const publishers: Publisher[] = []

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'headwater-'))
  const config = path.join(directory, 'headwater.yaml')
  await writeFile(config, 'recording: { enabled: true }\nladder: { preset: ultrafast, renditions: [] }\n')
  server = await start()
  room = await server.createRoom('A day out / "part 1"')
})

afterEach(async () => {
  for (const publisher of publishers.splice(0)) await publisher.close()
  await server.close('SIGKILL')
  await rm(directory, { recursive: true, force: true })
})

function start(): Promise<HeadwaterProcess> {
  const env = { HEADWATER_CONFIG: path.join(directory, 'headwater.yaml') }
  return HeadwaterProcess.start({ env, dataDir: path.join(directory, 'data') })
}

function publish(): Publisher {
  const publisher = publishFlashes({ url: server.publishUrl(room), size: '320x180' })
  publishers.push(publisher)
  return publisher
}

async function listed(): Promise<Listed | undefined> {
  const answer = await server.api('GET', `/api/v1/live/${room.id}/recordings`)
  return z.object({ data: z.object({ recordings: z.array(recordingSchema) }) }).parse(await answer.json())
    .data.recordings[0]
}

async function until(holds: (recording: Listed) => boolean): Promise<Listed> {
  let found: Listed | undefined
  await eventually(async () => {
    found = await listed()
    return found !== undefined && holds(found)
  }, SOON_MS).catch(() => {
    throw new Error(`${JSON.stringify(found)}\n${server.output}`)
  })
  if (!found) throw new Error('no recording')
  return found
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('a program whose publisher was gone for two seconds', () => {
  it('is one file without a hole, and one playlist', async () => {
    const first = publish()
    await until(({ duration_ms }) => duration_ms >= 5000)
    await first.close()
    await wait(2000)
    publish()
    const before = await listed()
    const running = await until(({ duration_ms }) => duration_ms >= (before?.duration_ms ?? 0) + 5000)
    expect(running.complete).toBe(false)
    const event = await (await fetch(running.playlist_url)).text()
    expect(event).toContain('#EXT-X-PLAYLIST-TYPE:EVENT')
    expect(event).not.toContain('ENDLIST')
    await server.api('POST', `/api/v1/live/${room.id}/end`)
    const done = await until(({ complete }) => complete)

    const file = path.join(directory, 'download.mp4')
    const answer = await fetch(done.download_url)
    expect(answer.headers.get('content-disposition')).toMatch(
      /^attachment; filename="A day out part 1 \d{8}-\d{4}.mp4"/,
    )
    await writeFile(file, Buffer.from(await answer.arrayBuffer()))
    const probe = await probeMovie(file)
    expect(probe.streams).toBe(2)
    expect(holesOf(probe.video)).toEqual([])
    expect(holesOf(probe.audio)).toEqual([])
    expect(probe.video[0]?.time).toBe(0)
    // Of the last one ffprobe says less: it takes the track's late start off its end.
    const frames = probe.audio.slice(0, -1).map(({ duration }) => Math.round(duration * 48_000))
    expect(new Set(frames)).toEqual(new Set([1024]))
    expect(probe.durationSec).toBeCloseTo(done.duration_ms / 1000, 1)
    expect(probe.video.length / 30).toBeCloseTo(done.duration_ms / 1000, 0)
    expect(done.interruptions).toBe(1)
    expect(await decodeMovie(file)).toBe('')

    const playlist = await (await fetch(done.playlist_url)).text()
    expect(playlist).toContain('#EXT-X-ENDLIST')
    expect(playlist).not.toContain('DISCONTINUITY')
    expect(await decodeMovie(done.playlist_url)).toBe('')
  })
})
