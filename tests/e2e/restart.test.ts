/** The whole server is killed and started again: what viewers and publishers find is what they left. */
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { PARTS_PER_SEGMENT, readPart, runningNumber, type PartHeader } from '../../media/part.ts'
import { parseMediaPlaylist } from '../../media/playlist/parse.ts'
import { FlvParser, type FlvTag } from '../../media/flv-stream.ts'
import { Cluster } from '../support/cluster.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { PersistentPublisher } from '../support/persistent-publisher.ts'
import { publishFlashes } from '../support/publisher.ts'

const SOON_MS = 60_000
/** Two segments: whatever breaks shows in them. */
const PARTS = 16

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A publisher that reconnects by itself, as OBS does. */
function publishAgainAndAgain(server: HeadwaterProcess, room: MadeRoom): void {
  const publisher = new PersistentPublisher(() => publishFlashes({ url: server.publishUrl(room) }))
  closing.push(() => publisher.close())
}

async function start(
  env: Record<string, string> = {},
): Promise<{ server: HeadwaterProcess; room: MadeRoom }> {
  const server = await HeadwaterProcess.start({ env })
  closing.push(() => server.close())
  return { server, room: await server.createRoom() }
}

/** Numbers and bytes of all that a track's playlist lists. */
async function readTrack(server: HeadwaterProcess, address: string) {
  const playlist = parseMediaPlaylist(await (await fetch(`${server.url}${address}/index.m3u8`)).text())
  const init = await (await fetch(`${server.url}${address}/init-0.mp4`)).bytes()
  const parts = new Map<number, { header: PartHeader; bytes: Uint8Array }>()
  for (const segment of playlist.segments) {
    const count = segment.gap ? 0 : segment.uri === null ? segment.parts.length : PARTS_PER_SEGMENT
    for (let part = 0; part < count; part++) {
      const answer = await fetch(`${server.url}${address}/${segment.msn}.${part}.m4s`)
      const { header, bytes } = readPart(await answer.bytes())
      parts.set(runningNumber(header), { header, bytes })
    }
  }
  return { init, parts, isEnded: playlist.ended }
}

async function headOf(url: string, address: string): Promise<number> {
  const answer = await fetch(`${url}${address}/index.m3u8`)
  if (!answer.ok) return 0
  const last = parseMediaPlaylist(await answer.text()).segments.at(-1)
  return last ? last.msn * 8 + last.parts.length : 0
}

describe('a server that is killed and started again', () => {
  it.each([['SIGKILL'], ['SIGTERM']] as const)(
    'by %s goes on with its programs where they ended',
    async (signal) => {
      const { server, room } = await start()
      publishAgainAndAgain(server, room)
      const program = await server.live(room.id)
      const tracks = ['audio', '360p'].map((name) => `/live/${room.id}/${program}/${name}`)
      await eventually(async () => (await headOf(server.url, tracks[1] ?? '')) > 40 + PARTS, SOON_MS)
      const before = await Promise.all(tracks.map((track) => readTrack(server, track)))
      await server.restart({ signal, awayMs: 1000 })
      const found = await server.room(room.id)
      expect(found.program_id).toBe(program)
      expect(['interrupted', 'live']).toContain(found.state)
      // Before anybody publishes again, what was there is there.
      const old = await Promise.all(tracks.map((track) => readTrack(server, track)))
      for (const [index, { init, parts, isEnded }] of old.entries()) {
        expect(isEnded).toBe(false)
        expect(Buffer.from(init)).toEqual(Buffer.from(before[index]?.init ?? []))
        for (const [k, { bytes }] of before[index]?.parts ?? [])
          expect(Buffer.from(parts.get(k)?.bytes ?? []), `part ${k}`).toEqual(Buffer.from(bytes))
      }
      expect(await server.live(room.id)).toBe(program)
      const head = await headOf(server.url, tracks[1] ?? '')
      await eventually(async () => (await headOf(server.url, tracks[1] ?? '')) > head + PARTS, SOON_MS)
      for (const track of tracks) {
        const headers = [...(await readTrack(server, track)).parts.values()].map(({ header }) => header)
        expect(breaksOf(headers)).toEqual([])
        expect(headers.some((header) => runningNumber(header) > head)).toBe(true)
      }
    },
  )
})

describe('a program without a publisher', () => {
  it('that shows its slate goes on with it behind a restart, and with the publisher when he is back', async () => {
    const { server, room } = await start()
    const first = publishFlashes({ url: server.publishUrl(room) })
    closing.push(() => first.close())
    const program = await server.live(room.id)
    const track = `/live/${room.id}/${program}/360p`
    await first.close()
    await eventually(async () => (await server.room(room.id))['slate'] === true, SOON_MS)
    const before = await headOf(server.url, track)
    await eventually(async () => (await headOf(server.url, track)) > before + PARTS, SOON_MS)
    await server.restart()
    const after = await headOf(server.url, track)
    await eventually(async () => (await headOf(server.url, track)) > after + PARTS, SOON_MS)
    expect(await server.room(room.id)).toMatchObject({
      state: 'interrupted',
      slate: true,
      program_id: program,
    })
    const second = publishFlashes({ url: server.publishUrl(room) })
    closing.push(() => second.close())
    expect(await server.live(room.id)).toBe(program)
    const headers = [...(await readTrack(server, track)).parts.values()].map(({ header }) => header)
    expect(breaksOf(headers)).toEqual([])
  })

  it('ends when its window is over, the restart counted in, and does not come back', async () => {
    const { server, room } = await start()
    await server.api('PATCH', `/api/v1/live/${room.id}`, { reconnect_window_s: 20 })
    const publisher = publishFlashes({ url: server.publishUrl(room) })
    closing.push(() => publisher.close())
    const program = await server.live(room.id)
    const programs = path.join(server.dataDir, 'programs')
    const kept = (): Promise<string[]> => readdir(path.join(programs, program)).catch(() => [])
    await eventually(async () => (await kept()).includes('program.json'))
    await publisher.close()
    await eventually(async () => (await server.room(room.id)).state === 'interrupted', SOON_MS)
    await server.restart()
    await eventually(async () => (await server.room(room.id)).state === 'ended', SOON_MS)
    expect((await server.room(room.id)).program_id).toBe(program)
    await eventually(async () => (await readdir(programs)).length === 0)
    await server.restart()
    expect((await server.room(room.id)).state).toBe('idle')
  })
})

describe('an edge of its own, while its origin is killed and started again', () => {
  it('lets those who follow parts wait, and fails none of them', async () => {
    const { server, edgeUrl, room } = await startApart()
    publishAgainAndAgain(server, room)
    const program = await server.live(room.id)
    const address = `${edgeUrl}/live/${room.id}/${program}/360p`
    const first = (await headOf(edgeUrl, `/live/${room.id}/${program}/360p`)) - 1
    let restarting: Promise<void> | null = null
    const headers: PartHeader[] = []
    for (let k = first; k < first + 60; k++) {
      const answer = await fetch(`${address}/${Math.floor(k / 8)}.${k % 8}.m4s`)
      expect(answer.status, `part ${k}`).toBe(200)
      headers.push(readPart(await answer.bytes()).header)
      if (k === first + 20) restarting = server.restart({ awayMs: 1500 })
    }
    await restarting
    expect(breaksOf(headers)).toEqual([])
    expect((await server.room(room.id)).program_id).toBe(program)
  })

  it('keeps its FLV viewers, and their times only go forward', async () => {
    const { server, edgeUrl, room } = await startApart()
    publishAgainAndAgain(server, room)
    await server.live(room.id)
    const viewers = ['source', '360p'].map((name) => readFlv(`${edgeUrl}/live/${room.id}/${name}.flv`))
    await eventually(() => viewers.every(({ tags }) => tags.length > 200), SOON_MS)
    const before = viewers.map(({ tags }) => tags.length)
    await server.restart({ awayMs: 1500 })
    await eventually(
      () => viewers.every(({ tags }, index) => tags.length > (before[index] ?? 0) + 400),
      SOON_MS,
    )
    for (const { tags, isOpen } of viewers) {
      expect(isOpen()).toBe(true)
      const times = tags.filter(({ type }) => type === 'video').map(({ timestampMs }) => timestampMs)
      const steps = times.slice(1).map((timeMs, index) => timeMs - (times[index] ?? 0))
      expect(Math.min(...steps)).toBeGreaterThanOrEqual(0)
      // Two frames at thirty a second, and the seam between two lives of the origin.
      expect(Math.max(...steps)).toBeLessThan(150)
    }
  })
})

describe('an origin of its own, while its transcoders live on', () => {
  it('goes on with its program, which a transcoder takes on again', async () => {
    const cluster = await Cluster.start()
    closing.push(() => cluster.close())
    const { origin, edge } = cluster
    const room = await origin.createRoom()
    publishAgainAndAgain(origin, room)
    const program = await origin.live(room.id)
    const track = `/live/${room.id}/${program}/360p`
    await eventually(async () => (await headOf(edge.url, track)) > 40 + PARTS, SOON_MS)
    await origin.restart({ awayMs: 1500 })
    expect(await origin.live(room.id)).toBe(program)
    const head = await headOf(edge.url, track)
    await eventually(async () => (await headOf(edge.url, track)) > head + PARTS, SOON_MS)
    const headers = [...(await readTrack(edge, track)).parts.values()].map(({ header }) => header)
    expect(breaksOf(headers)).toEqual([])
    expect((await origin.room(room.id)).state).toBe('live')
  })
})

async function startApart(): Promise<{ server: HeadwaterProcess; edgeUrl: string; room: MadeRoom }> {
  const secret = { CLUSTER_SECRET: 'cluster-secret-of-the-tests' }
  const { server, room } = await start(secret)
  const edge = await HeadwaterProcess.start({
    args: ['--role', 'edge'],
    env: { ...secret, ORIGIN_URL: server.internalUrl },
  })
  closing.push(() => edge.close())
  return { server, edgeUrl: edge.url, room }
}

/** Reads an FLV for as long as it goes on. */
function readFlv(address: string): { tags: FlvTag[]; isOpen: () => boolean } {
  const tags: FlvTag[] = []
  const leaving = new AbortController()
  let isOpen = true
  const parser = new FlvParser()
  const reading = (async () => {
    const { body } = await fetch(address, { signal: leaving.signal })
    for await (const chunk of body ?? []) tags.push(...parser.push(chunk))
  })()
  const ended = reading.catch(() => {}).finally(() => (isOpen = false))
  closing.push(async () => {
    leaving.abort()
    await ended
  })
  return { tags, isOpen: () => isOpen }
}

function breaksOf(headers: readonly PartHeader[]): string[] {
  return headers.slice(1).flatMap((header, index) => {
    const before = headers[index]
    if (!before) return []
    const isNext = runningNumber(header) === runningNumber(before) + 1
    const isContiguous = header.mediaTime === before.mediaTime + before.duration
    return isNext && isContiguous ? [] : [`${runningNumber(header)} at ${header.mediaTime}`]
  })
}
