/** The whole server is killed and started again: what viewers and publishers find is what they left. */
import { afterEach, describe, expect, it } from 'vitest'
import { PARTS_PER_SEGMENT, readPart, runningNumber, type PartHeader } from '../../media/part.ts'
import { parseMediaPlaylist } from '../../media/playlist/parse.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'

const SOON_MS = 30_000
/** Two segments: whatever breaks shows in them. */
const PARTS = 16

const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A publisher that reconnects by itself, as OBS does. */
function publishAgainAndAgain(server: HeadwaterProcess, room: MadeRoom): void {
  let isOver = false
  let running: Publisher | null = null
  const loop = (async () => {
    while (!isOver) {
      running = publishFlashes({ url: server.publishUrl(room) })
      await running.exited
      await new Promise((resolve) => setTimeout(resolve, 500))
    }
  })()
  closing.push(async () => {
    isOver = true
    await running?.close()
    await loop
  })
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

async function headOf(server: HeadwaterProcess, address: string): Promise<number> {
  const answer = await fetch(`${server.url}${address}/index.m3u8`)
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
      await eventually(async () => (await headOf(server, tracks[1] ?? '')) > 40 + PARTS, SOON_MS)
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
      const head = await headOf(server, tracks[1] ?? '')
      await eventually(async () => (await headOf(server, tracks[1] ?? '')) > head + PARTS, SOON_MS)
      for (const track of tracks) {
        const headers = [...(await readTrack(server, track)).parts.values()].map(({ header }) => header)
        expect(breaksOf(headers)).toEqual([])
        expect(headers.some((header) => runningNumber(header) > head)).toBe(true)
      }
    },
  )
})

function breaksOf(headers: readonly PartHeader[]): string[] {
  return headers.slice(1).flatMap((header, index) => {
    const before = headers[index]
    if (!before) return []
    const isNext = runningNumber(header) === runningNumber(before) + 1
    const isContiguous = header.mediaTime === before.mediaTime + before.duration
    return isNext && isContiguous ? [] : [`${runningNumber(header)} at ${header.mediaTime}`]
  })
}
