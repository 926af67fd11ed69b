import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { eventually } from '../../tests/support/eventually.ts'
import { ScriptedProgram } from '../../tests/support/recorded-program.ts'
import {
  ADMIN,
  startRecordings,
  type RecordingsShape,
  type RunningRecordings,
} from '../../tests/support/running-recordings.ts'

const listedSchema = z.object({
  program_id: z.string(),
  complete: z.boolean(),
  bytes: z.number(),
  duration_ms: z.number(),
  ended_at: z.number().nullable(),
  file_url: z.string(),
  download_url: z.string(),
  playlist_url: z.string(),
})
type Listed = z.infer<typeof listedSchema>

let house: RunningRecordings | null = null

afterEach(async () => {
  await house?.close()
  house = null
})

async function open(shape: RecordingsShape = {}): Promise<RunningRecordings> {
  house = await startRecordings(shape)
  return house
}

const asAdmin = { authorization: `Bearer ${ADMIN}` }

async function list(
  { url }: RunningRecordings,
  headers: Record<string, string> = asAdmin,
): Promise<Listed[]> {
  const body: unknown = await (await fetch(url, { headers })).json()
  return z.object({ data: z.object({ recordings: z.array(listedSchema) }) }).parse(body).data.recordings
}

/** A room whose program is being recorded. */
async function running(
  shape: RecordingsShape = {},
  sampleBytes = 500,
): Promise<{ on: RunningRecordings; program: ScriptedProgram }> {
  const on = await open(shape)
  const program = new ScriptedProgram({ roomId: on.room.room.id, sampleBytes })
  program.publish(20)
  on.live.begin(program)
  await eventually(async () => (await list(on, shape.isPublic ? {} : asAdmin))[0]?.duration_ms === 5000)
  return { on, program }
}

/** A room with one complete recording. */
async function recorded(shape: RecordingsShape = {}): Promise<{ on: RunningRecordings; recording: Listed }> {
  const { on, program } = await running(shape)
  program.end()
  let recording: Listed | undefined
  await eventually(async () => {
    recording = (await list(on, shape.isPublic ? {} : asAdmin))[0]
    return recording?.complete === true
  })
  if (!recording) throw new Error('no recording')
  return { on, recording }
}

async function codeOf(answer: Response): Promise<unknown> {
  return z.object({ code: z.unknown() }).parse(await answer.json()).code
}

describe('the list', () => {
  it('is for those who manage the room', async () => {
    const { on } = await recorded()
    const without = await fetch(on.url)
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect((await fetch(on.url, { headers: { authorization: 'Bearer nonsense' } })).status).toBe(401)
    const headers = { authorization: `Bearer ${on.room.publisherToken}` }
    expect((await list(on, headers)).length).toBe(1)
    const elsewhere = on.url.replace(on.room.room.id, 'zzzzzzzzzz')
    expect(await codeOf(await fetch(elsewhere, { headers }))).toBe('forbidden')
    expect(await codeOf(await fetch(elsewhere, { headers: asAdmin }))).toBe('room_not_found')
  })

  it('is for everybody where recordings are public, with plain addresses', async () => {
    const { on, recording } = await recorded({ isPublic: true })
    expect(recording.file_url).toBe(`${on.url}/p1a2b3c4.mp4`)
    expect((await fetch(recording.file_url)).status).toBe(200)
    expect((await fetch(`${on.url}/p1a2b3c4`, { method: 'DELETE' })).status).toBe(401)
  })

  it('shows one that runs as it stands', async () => {
    const { on, program } = await running()
    program.publish(4)
    await eventually(async () => (await list(on))[0]?.duration_ms === 6000)
    expect((await list(on))[0]).toMatchObject({ complete: false, ended_at: null })
  })
})

describe('a link', () => {
  it('opens its recording without a header, and no other', async () => {
    const { on, recording } = await recorded()
    expect((await fetch(recording.file_url)).status).toBe(200)
    expect((await fetch(recording.file_url.replace('p1a2b3c4', 'p1a2b3c5'))).status).toBe(403)
    const without = await fetch(`${on.url}/p1a2b3c4.mp4`)
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect((await fetch(`${on.url}/p1a2b3c4.mp4?access=1.2`)).status).toBe(403)
    expect((await fetch(`${on.url}/p1a2b3c4.mp4`, { headers: asAdmin })).status).toBe(200)
    expect((await fetch(`${on.url}?${new URL(recording.file_url).searchParams}`)).status).toBe(401)
  })

  it('holds no token', async () => {
    const { on, recording } = await recorded()
    for (const address of [recording.file_url, recording.download_url, recording.playlist_url])
      for (const secret of [ADMIN, on.room.publisherToken, on.room.streamKey])
        expect(address).not.toContain(secret)
  })

  it('of the playlist opens the file that it names', async () => {
    const { recording } = await recorded()
    const text = await (await fetch(recording.playlist_url)).text()
    const [, uri = '', bytes = '', from = ''] = /URI="([^"]+)",BYTERANGE="(\d+)@(\d+)"/.exec(text) ?? []
    const first = Number(from)
    const range = `bytes=${first}-${first + Number(bytes) - 1}`
    const init = await fetch(new URL(uri, recording.playlist_url), { headers: { range } })
    expect(init.status).toBe(206)
    expect(
      Buffer.from(await init.arrayBuffer())
        .subarray(4, 8)
        .toString(),
    ).toBe('ftyp')
  })
})

describe('the file', () => {
  it('is given by ranges, as players ask for them', async () => {
    const { recording } = await recorded()
    const whole = Buffer.from(await (await fetch(recording.file_url)).arrayBuffer())
    expect(whole.length).toBe(recording.bytes)
    const ask = (range: string): Promise<Response> => fetch(recording.file_url, { headers: { range } })
    const middle = await ask('bytes=100-199')
    expect([middle.status, middle.headers.get('content-range')]).toEqual([
      206,
      `bytes 100-199/${whole.length}`,
    ])
    expect(Buffer.compare(Buffer.from(await middle.arrayBuffer()), whole.subarray(100, 200))).toBe(0)
    const tail = await ask('bytes=-50')
    expect(Buffer.compare(Buffer.from(await tail.arrayBuffer()), whole.subarray(-50))).toBe(0)
    const beyond = await ask(`bytes=${whole.length}-`)
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, `bytes */${whole.length}`])
  })

  it('has a tag: what is there already is not sent again, and a range only of the same file', async () => {
    const { recording } = await recorded()
    const head = await fetch(recording.file_url, { method: 'HEAD' })
    const etag = head.headers.get('etag') ?? ''
    expect(Object.fromEntries(head.headers)).toMatchObject({
      'accept-ranges': 'bytes',
      'content-type': 'video/mp4',
      'content-length': `${recording.bytes}`,
      'content-disposition': expect.stringMatching(/^inline; filename="A show \d{8}-\d{4}\.mp4"/),
    })
    expect((await fetch(recording.file_url, { headers: { 'if-none-match': etag } })).status).toBe(304)
    const ask = (tag: string): Promise<Response> =>
      fetch(recording.file_url, { headers: { range: 'bytes=0-9', 'if-range': tag } })
    expect([(await ask(etag)).status, (await ask('"other"')).status]).toEqual([206, 200])
  })

  it('of a recording that runs is what is written, in whole parts', async () => {
    const { on, program } = await running()
    const [before] = await list(on)
    const answer = await fetch(before?.file_url ?? '')
    expect((await answer.arrayBuffer()).byteLength).toBe(before?.bytes)
    expect(answer.headers.get('etag')).toBeNull()
    const event = await (await fetch(before?.playlist_url ?? '')).text()
    expect(event.match(/#EXTINF/g)?.length).toBe(2)
    program.end()
  })

  it('is not read into memory for a client that takes nothing', async () => {
    const { on, program } = await running({ maxDownloads: 1 }, 50_000)
    program.publish(60)
    program.end()
    await eventually(async () => (await list(on))[0]?.complete === true)
    const [recording] = await list(on)
    const sent = request(recording?.file_url ?? '')
    sent.end()
    await once(sent, 'response')
    expect(await codeOf(await fetch(recording?.file_url ?? ''))).toBe('not_ready')
    sent.destroy()
    await eventually(async () => {
      const answer = await fetch(recording?.file_url ?? '', { headers: { range: 'bytes=0-0' } })
      return answer.status === 206
    })
  })

  it.each([
    '../../../admin-token',
    '..%2f..%2fadmin-token.mp4',
    '%2e%2e%2fsecret.mp4',
    'P1A2B3C4.mp4',
    'p1a2b3c4.index',
    'p1a2b3c4.json',
    'p1a2b3c4.mp4%00',
    'p1a2b3c4.mp4/',
    `${'a'.repeat(40)}.mp4`,
  ])('is none of %s', async (name) => {
    const { on } = await recorded()
    await writeFile(path.join(on.dataDir, 'secret.mp4'), 'secret')
    const sent = request({
      host: '127.0.0.1',
      port: on.port,
      path: `${new URL(on.url).pathname}/${name}`,
      headers: asAdmin,
    })
    sent.end()
    const [answer] = (await once(sent, 'response')) as [{ statusCode: number; resume(): void }]
    answer.resume()
    expect([404, 405]).toContain(answer.statusCode)
  })
})

describe('deleting', () => {
  it('takes every file of it', async () => {
    const { on, recording } = await recorded()
    const answer = await fetch(`${on.url}/p1a2b3c4`, { method: 'DELETE', headers: asAdmin })
    expect(answer.status).toBe(200)
    expect(await list(on)).toEqual([])
    expect((await fetch(recording.file_url)).status).toBe(404)
    expect(await readdir(path.join(on.dataDir, 'recordings'))).toEqual([])
    expect(await codeOf(await fetch(`${on.url}/p1a2b3c4`, { method: 'DELETE', headers: asAdmin }))).toBe(
      'recording_not_found',
    )
  })

  it('is refused while it runs', async () => {
    const { on } = await running()
    const answer = await fetch(`${on.url}/p1a2b3c4`, { method: 'DELETE', headers: asAdmin })
    expect([answer.status, await codeOf(answer)]).toEqual([409, 'recording_running'])
  })

  it('is refused with a link', async () => {
    const { on, recording } = await recorded()
    const link = new URL(recording.file_url).search
    expect((await fetch(`${on.url}/p1a2b3c4${link}`, { method: 'DELETE' })).status).toBe(401)
  })

  it('says which methods there are', async () => {
    const on = await open()
    const answer = await fetch(on.url, { method: 'POST', headers: asAdmin })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'HEAD, GET, OPTIONS'])
  })
})
