/** Publishers that go and come back, seen as a strict client sees their program: it goes on, in lip-sync, with nothing missing. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { FlvViewer } from '../support/flv-viewer.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { findBeepsIn, findFlashesIn, pairUp } from '../support/lip-sync.ts'
import { publishFlashes, type Publisher, type PublisherOptions } from '../support/publisher.ts'
import { bytesOf, misalignments, watchTrack, type WatchedTrack } from '../support/shape-watch.ts'

const SOON_MS = 60_000
const LIP_SYNC_MS = 40
/** Before and behind each change, so that there are flashes and beeps to measure. */
const SETTLE_MS = 5000
const SMALL = '320x180'
/** As different from the others as a publisher can be. */
const OTHER: Partial<PublisherOptions> = {
  size: '640x360',
  fps: '25',
  audioOptions: ['-c:a', 'aac', '-ar', '44100', '-ac', '1'],
}

let server: HeadwaterProcess
let room: MadeRoom
const closing: (() => Promise<unknown> | undefined)[] = []

beforeEach(async () => {
  server = await HeadwaterProcess.start()
  room = await server.createRoom()
})

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
  await server.close()
})

function publish(key: string, options: Partial<PublisherOptions> = {}): Publisher {
  const publisher = publishFlashes({ url: server.publishUrl({ key }), size: SMALL, ...options })
  closing.push(() => publisher.close())
  return publisher
}

interface Seen {
  state: string
  slate: boolean
  feeding: string | null
}

async function look(): Promise<Seen> {
  const { state, slate, sources } = (await server.room(room.id)) as unknown as {
    state: string
    slate: boolean
    sources: { kind: string; active: boolean }[]
  }
  return { state, slate, feeding: sources.find(({ active }) => active)?.kind ?? null }
}

async function until(wanted: Partial<Seen>): Promise<void> {
  let seen: Seen | null = null
  await eventually(async () => {
    seen = await look()
    return Object.entries(wanted).every(([name, value]) => seen?.[name as keyof Seen] === value)
  }, SOON_MS).catch(() => {
    throw new Error(`${JSON.stringify(wanted)} did not come, ${JSON.stringify(seen)} is:\n${server.output}`)
  })
}

/** Watches video and audio while something happens; what is wrong with them, and how far lips are off. */
async function watching(program: string, happens: () => Promise<void>) {
  const base = `${server.url}/live/${room.id}/${program}`
  const isOver = new AbortController()
  const tracks = Promise.all(['180p', 'audio'].map((name) => watchTrack(base, name, isOver.signal)))
  await happens().finally(() => isOver.abort())
  const [video, audio] = await tracks
  if (!video || !audio) throw new Error('no tracks')
  return {
    violations: [...video.violations, ...audio.violations, ...misalignments([video])],
    lips: await lipSyncOf(video, audio),
    longestWaitMs: Math.max(video.longestWaitMs, audio.longestWaitMs),
  }
}

/** Of the flashes that are whole: a change of publisher may cut one in two. */
async function lipSyncOf(video: WatchedTrack, audio: WatchedTrack): Promise<number[]> {
  const [flashes, beeps] = await Promise.all([findFlashesIn(bytesOf(video)), findBeepsIn(bytesOf(audio))])
  const whole = flashes.filter((at, index) => index === 0 || at - (flashes[index - 1] ?? 0) > 0.9)
  return pairUp(whole, beeps).map(({ offsetMs }) => Math.round(offsetMs))
}

function figures(title: string, seen: Awaited<ReturnType<typeof watching>>): void {
  console.log(JSON.stringify({ title, ...seen }))
}

describe('a publisher that is killed', () => {
  it('and back after a second, then after six, in another format, leaves one whole stream with a slate in it', async () => {
    let publisher = publish(room.key)
    const program = await server.live(room.id)
    const viewer = new FlvViewer(Number(new URL(server.url).port), `/live/${room.id}/source.flv`)
    const seen = await watching(program, async () => {
      await sleep(SETTLE_MS)
      await publisher.close()
      await sleep(1000)
      expect(await look()).toEqual({ state: 'interrupted', slate: false, feeding: null })
      publisher = publish(room.key, OTHER)
      await until({ state: 'live' })
      await sleep(SETTLE_MS)
      await publisher.close()
      await until({ state: 'interrupted', slate: true, feeding: 'slate' })
      await sleep(2000)
      publisher = publish(room.key)
      await until({ state: 'live', slate: false, feeding: 'obs' })
      await sleep(SETTLE_MS)
    })
    figures('killed', seen)
    expect(seen.violations).toEqual([])
    expect(seen.lips.length).toBeGreaterThan(9)
    for (const offsetMs of seen.lips) expect(Math.abs(offsetMs)).toBeLessThanOrEqual(LIP_SYNC_MS)
    expect((await server.room(room.id)).program_id).toBe(program)
    expect(await server.metric('headwater_program_interruptions_total')).toBe(2)
    expect(await server.metric('headwater_program_slate_seconds_total')).toBeGreaterThan(1)
    const times = viewer.tags().map(({ timestampMs }) => timestampMs)
    expect(viewer.isClosed).toBe(false)
    expect(times.slice(1).every((time, index) => time === 0 || time >= (times[index] ?? 0))).toBe(true)
    viewer.close()
  })

  it('with its connection left half open is replaced at once by one with the same key', async () => {
    const first = publish(room.key)
    const program = await server.live(room.id)
    const seen = await watching(program, async () => {
      await sleep(SETTLE_MS)
      first.child.kill('SIGSTOP')
      await until({ state: 'interrupted' })
      publish(room.key)
      await until({ state: 'live' })
      await sleep(SETTLE_MS)
    })
    figures('half open', seen)
    expect(seen.violations).toEqual([])
    for (const offsetMs of seen.lips) expect(Math.abs(offsetMs)).toBeLessThanOrEqual(LIP_SYNC_MS)
    expect((await look()).slate).toBe(false)
  })
})

describe('a standby', () => {
  it('takes over from a primary that is killed, and gives way when it is back, without an interruption', async () => {
    const primary = publish(room.key)
    const program = await server.live(room.id)
    publish(room.backupKey, OTHER)
    const seen = await watching(program, async () => {
      await sleep(SETTLE_MS)
      await primary.close()
      await until({ state: 'live', feeding: 'standby' })
      await sleep(SETTLE_MS)
      publish(room.key)
      await until({ feeding: 'obs' })
      await sleep(SETTLE_MS)
      await server.api('POST', `/api/v1/live/${room.id}/takeover`, { source: 'standby' })
      await until({ feeding: 'standby' })
      await sleep(SETTLE_MS)
    })
    figures('standby', seen)
    expect(seen.violations).toEqual([])
    expect(seen.lips.length).toBeGreaterThan(12)
    for (const offsetMs of seen.lips) expect(Math.abs(offsetMs)).toBeLessThanOrEqual(LIP_SYNC_MS)
    expect(seen.longestWaitMs).toBeLessThan(2500)
    expect(await server.metric('headwater_program_interruptions_total')).toBe(0)
  })
})

describe('a streamer who stops', () => {
  it('has the slate at once, goes on in the same program, and ends it in the studio', async () => {
    let publisher = publish(room.key)
    const program = await server.live(room.id)
    await sleep(1000)
    await publisher.close('SIGINT')
    await until({ state: 'interrupted', slate: true })
    publisher = publish(room.key)
    await until({ state: 'live', slate: false })
    expect((await server.room(room.id)).program_id).toBe(program)
    await server.api('POST', `/api/v1/live/${room.id}/end`)
    await until({ state: 'ended' })
    const playlist = await fetch(`${server.url}/live/${room.id}/${program}/180p/index.m3u8`)
    expect(await playlist.text()).toContain('#EXT-X-ENDLIST')
    expect(await publisher.exited).not.toBeNull()
  })
})
