/** A live stream for longer than its window, read as a strict client reads it: every playlist, every part, every rung. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkPlaylists, type PlaylistObservation } from '../../media/playlist/conformance.ts'
import { runningNumber, splitSegment, type Part } from '../../media/part.ts'
import { parseMediaPlaylist } from '../../media/playlist/parse.ts'
import { verifyPart } from '../../media/signature.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { measureLipSync } from '../support/lip-sync.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'

const RUNGS = ['450p', '400p'] as const
const TRACKS = [...RUNGS, 'audio'] as const
/** The shortest there is. */
const WINDOW_SECONDS = 20
/** The window fills, and then moves on for several segments. */
const WATCHED_MS = Number(process.env['HEADWATER_E2E_MS'] ?? (WINDOW_SECONDS + 12) * 1000)

let folder: string
let server: HeadwaterProcess
let publisher: Publisher
let room: MadeRoom
let base: string
let publicKey: Uint8Array

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'headwater-window-'))
  const config = path.join(folder, 'headwater.yaml')
  await writeFile(config, `window: { seconds: ${WINDOW_SECONDS} }\n`)
  server = await HeadwaterProcess.start({ env: { HEADWATER_CONFIG: config } })
  room = await server.createRoom()
  publisher = publishFlashes({ url: server.publishUrl(room), size: '800x450' })
  const program = await server.live(room.id)
  base = `${server.url}/live/${room.id}/${program}`
  const { public_key } = (await server.room(room.id)) as unknown as { public_key: string }
  publicKey = Buffer.from(public_key, 'base64url')
})

afterAll(async () => {
  await publisher?.close()
  await server?.close()
  await rm(folder, { recursive: true, force: true })
})

describe('a live stream, for longer than its window', () => {
  const observed = new Map<string, PlaylistObservation[]>()
  const parts = new Map<string, Part[]>()

  it('answers every blocking reload within what the playlists promise', async () => {
    await Promise.all(
      TRACKS.map(async (track) => {
        const { observations, collected } = await follow(`${base}/${track}`)
        observed.set(track, observations)
        parts.set(track, collected)
      }),
    )
    for (const track of TRACKS) {
      const observations = observed.get(track) ?? []
      expect(checkPlaylists(observations)).toEqual([])
      const firsts = [observations[0], observations.at(-1)].map((each) => firstMsn(each?.text ?? ''))
      expect(firsts[1]).toBeGreaterThan((firsts[0] ?? Infinity) + 2) // the window has moved on
    }
  })

  it('makes parts without a hole, signed, with keyframes at the same times in every rung', () => {
    for (const track of TRACKS) {
      const collected = parts.get(track) ?? []
      expect(collected.length).toBeGreaterThan((WATCHED_MS / 1000) * 3)
      for (const [index, part] of collected.entries()) {
        const before = collected[index - 1]
        if (!before) continue
        expect(runningNumber(part.header)).toBe(runningNumber(before.header) + 1)
        expect(part.header.mediaTime).toBe(before.header.mediaTime + before.header.duration)
      }
      expect(
        collected.filter((part) => part.header.part === 0).every((part) => part.header.independent),
      ).toBe(true)
      expect(collected.every((part) => verifyPart(part.bytes, publicKey))).toBe(true)
    }
  })

  it('begins every part of every rung at the same time, with keyframes in the same parts', () => {
    const facts = RUNGS.map(
      (rung) => new Map((parts.get(rung) ?? []).map((part) => [runningNumber(part.header), factsOf(part)])),
    )
    const [first, second] = facts
    const common = [...(first?.keys() ?? [])].filter((k) => second?.has(k))
    expect(common.length).toBeGreaterThan((WATCHED_MS / 1000) * 3)
    for (const k of common) expect(second?.get(k)).toEqual(first?.get(k))
  })

  it('plays in ffmpeg without a message, rung by rung', async () => {
    for (const track of TRACKS) expect(await decode(`${base}/${track}/index.m3u8`)).toBe('')
  })

  it('keeps lips in sync within 40 ms', async () => {
    const offsets = await measureLipSync(server.url, room.id)
    expect(offsets.length).toBeGreaterThan(5)
    for (const offset of offsets) expect(Math.abs(offset)).toBeLessThan(40)
  })

  it('has a segment that is the concatenation of its parts', async () => {
    const collected = parts.get('450p') ?? []
    const last = collected.at(-20)?.header.msn ?? 0
    const bytes = new Uint8Array(await (await fetch(`${base}/450p/${last}.m4s`)).arrayBuffer())
    const inSegment = collected.filter((part) => part.header.msn === last)
    expect(splitSegment(bytes).map((part) => part.header)).toEqual(inSegment.map((part) => part.header))
  })
})

function factsOf({ header }: Part): { startSec: number; endSec: number; independent: boolean } {
  const { mediaTime, duration, timescale, independent } = header
  return { startSec: mediaTime / timescale, endSec: (mediaTime + duration) / timescale, independent }
}

function firstMsn(text: string): number {
  return parseMediaPlaylist(text).segments[0]?.msn ?? NaN
}

/** What ffmpeg complains of in four seconds of a playlist. */
async function decode(address: string): Promise<string> {
  const args = ['-v', 'warning', '-live_start_index', '-3', '-t', '4', '-i', address, '-f', 'null', '-']
  return (await promisify(execFile)('ffmpeg', args)).stderr
}

/** Follows a track by blocking reloads for a while, and fetches every part it names. */
async function follow(address: string): Promise<{ observations: PlaylistObservation[]; collected: Part[] }> {
  const observations: PlaylistObservation[] = []
  const collected: Part[] = []
  const endsAt = Date.now() + WATCHED_MS
  let query = ''
  let requested: PlaylistObservation['requested']
  while (Date.now() < endsAt) {
    const answer = await fetch(`${address}/index.m3u8${query}`)
    expect(answer.status).toBe(200)
    const text = await answer.text()
    observations.push({ atMs: performance.now(), text, ...(requested ? { requested } : {}) })
    const hint = /TYPE=PART,URI="(\d+)\.(\d+)\.m4s"/.exec(text)
    requested = { msn: Number(hint?.[1]), part: Number(hint?.[2]) }
    query = `?_HLS_msn=${requested.msn}&_HLS_part=${requested.part}`
    await collect(address, text, collected)
  }
  return { observations, collected }
}

async function collect(address: string, text: string, collected: Part[]): Promise<void> {
  const newest = collected.at(-1)
  for (const segment of parseMediaPlaylist(text).segments) {
    for (const [part, { gap }] of segment.parts.entries()) {
      if (gap) continue
      if (newest && runningNumber({ msn: segment.msn, part }) <= runningNumber(newest.header)) continue
      const bytes = await (await fetch(`${address}/${segment.msn}.${part}.m4s`)).arrayBuffer()
      collected.push(...splitSegment(new Uint8Array(bytes)))
    }
  }
}
