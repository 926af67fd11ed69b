/** The data directory is the backup: copied, also while the server runs, and started elsewhere, it is the same server. */
import { createHash } from 'node:crypto'
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'

const SOON_MS = 60_000
const RECORDED_MS = 3000
const recordingsSchema = z.object({
  data: z.object({
    recordings: z.array(
      z.object({
        program_id: z.string(),
        complete: z.boolean(),
        duration_ms: z.number(),
        download_url: z.string(),
      }),
    ),
  }),
})
type Recording = z.infer<typeof recordingsSchema>['data']['recordings'][number]

interface Named {
  room: MadeRoom
  program: string
}

let root: string
let adminToken: string
/** A program that is over. */
let finished: Named & { digest: string }
/** One on air while the first copy was made and until the server stopped. */
let running: Named
const publishers: Publisher[] = []
const servers: HeadwaterProcess[] = []

async function start(copy: string): Promise<HeadwaterProcess> {
  const server = await HeadwaterProcess.start({
    env: { HEADWATER_CONFIG: path.join(root, 'headwater.yaml') },
    dataDir: path.join(root, copy),
  })
  servers.push(server)
  return server
}

function publish(server: HeadwaterProcess, room: MadeRoom): Publisher {
  const publisher = publishFlashes({ url: server.publishUrl(room), size: '320x180' })
  publishers.push(publisher)
  return publisher
}

async function recording(server: HeadwaterProcess, { room, program }: Named): Promise<Recording | undefined> {
  const answer = await server.api('GET', `/api/v1/live/${room.id}/recordings`)
  const { recordings } = recordingsSchema.parse(await answer.json()).data
  return recordings.find(({ program_id }) => program_id === program)
}

async function untilRecorded(
  server: HeadwaterProcess,
  named: Named,
  holds: (recording: Recording) => boolean,
): Promise<Recording> {
  let found: Recording | undefined
  await eventually(async () => {
    found = await recording(server, named)
    return found !== undefined && holds(found)
  }, SOON_MS)
  return found ?? expect.fail('no recording')
}

/** Of the file as it is downloaded. */
async function digestOf(found: Recording): Promise<string> {
  const answer = await fetch(found.download_url)
  expect(answer.status).toBe(200)
  return createHash('sha256')
    .update(Buffer.from(await answer.arrayBuffer()))
    .digest('hex')
}

/** Until some of it is recorded. */
async function goLive(server: HeadwaterProcess, title: string): Promise<Named> {
  const room = await server.createRoom(title)
  publish(server, room)
  const named = { room, program: await server.live(room.id) }
  await untilRecorded(server, named, ({ duration_ms }) => duration_ms >= RECORDED_MS)
  return named
}

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'headwater-backup-'))
  const config = 'recording: { enabled: true }\nladder: { preset: ultrafast, renditions: [] }\n'
  await writeFile(path.join(root, 'headwater.yaml'), config)
  const server = await start('data')
  adminToken = await server.adminToken()
  const over = await goLive(server, 'To be kept')
  await server.api('POST', `/api/v1/live/${over.room.id}/end`)
  const whole = await untilRecorded(server, over, ({ complete }) => complete)
  finished = { ...over, digest: await digestOf(whole) }
  running = await goLive(server, 'On air')
  await cp(path.join(root, 'data'), path.join(root, 'copied-running'), { recursive: true })
  await server.close()
  await cp(path.join(root, 'data'), path.join(root, 'copied-stopped'), { recursive: true })
  await rm(path.join(root, 'data'), { recursive: true })
})

afterEach(async () => {
  for (const publisher of publishers.splice(0)) await publisher.close()
  for (const server of servers.splice(0)) await server.close()
})
afterAll(() => rm(root, { recursive: true, force: true }))

it.each(['copied-stopped', 'copied-running'])(
  'has rooms, keys, recordings and the program: %s',
  async (copy) => {
    const server = await start(copy)
    expect(await server.adminToken()).toBe(adminToken)
    expect(await server.room(finished.room.id)).toMatchObject({ title: 'To be kept' })
    const whole = (await recording(server, finished)) ?? expect.fail('no recording')
    expect(whole.complete).toBe(true)
    expect(await digestOf(whole)).toBe(finished.digest)
    const { room, program } = running
    publish(server, room)
    expect(await server.live(room.id)).toBe(program)
    const before = (await recording(server, running))?.duration_ms ?? 0
    expect(before).toBeGreaterThan(0)
    await untilRecorded(server, running, ({ duration_ms }) => duration_ms >= before + RECORDED_MS)
    await server.api('POST', `/api/v1/live/${room.id}/end`)
    await untilRecorded(server, running, ({ complete }) => complete)
  },
)
