/** A recording: one file and one playlist of a whole program, whatever happened to its publisher or to the origin. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { AXE_SOURCE, findSerious } from '../support/axe.ts'
import { launchChromium } from '../support/chromium.ts'
import { eventually } from '../support/eventually.ts'
import { HeadwaterProcess, type MadeRoom } from '../support/headwater-process.ts'
import { decodeMovie, holesOf, probeMovie } from '../support/movie-probe.ts'
import { publishFlashes, type Publisher } from '../support/publisher.ts'
import { LANGUAGES, openRoom, visit } from '../support/studio-visit.ts'

const SOON_MS = 60_000
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
  server = await start()
  room = await server.createRoom('A day out / "part 1"')
})

afterEach(async () => {
  for (const publisher of publishers.splice(0)) await publisher.close()
  await server.close('SIGKILL')
  await rm(directory, { recursive: true, force: true })
})

async function start(more = ''): Promise<HeadwaterProcess> {
  const config = path.join(directory, 'headwater.yaml')
  await writeFile(
    config,
    `recording: { enabled: true }\nladder: { preset: ultrafast, renditions: [] }\n${more}\n`,
  )
  return HeadwaterProcess.start({ env: { HEADWATER_CONFIG: config }, dataDir: path.join(directory, 'data') })
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

/** What a test clicks, by language. */
const WORDS = {
  en: {
    now: 'Recording now',
    play: /^Play: /,
    remove: 'Delete',
    none: /Nothing is recorded/,
  },
  'zh-CN': { now: '正在录制', play: /^播放: /, remove: '删除', none: /还没有录像/ },
} as const
/** Runs in the page: seeks, and resolves with where it plays once it does. */
const SEEK = `async (video, to) => {
  video.currentTime = to
  await new Promise((resolve) => video.addEventListener('seeked', resolve, { once: true }))
  await new Promise((resolve) => video.addEventListener('timeupdate', resolve, { once: true }))
  return { time: video.currentTime, duration: video.duration, width: video.videoWidth, error: video.error }
}`
const playedSchema = z.object({ time: z.number(), duration: z.number(), width: z.number(), error: z.null() })
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
    expect(await playPlaylist(done.playlist_url)).toMatchObject({ width: 320, error: null })
  })
})

/** Plays it with hls.js itself, from its last seconds and then from the middle. */
async function playPlaylist(url: string): Promise<z.infer<typeof playedSchema>> {
  const script = await readFile(createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js'), 'utf8')
  const browser = await launchChromium()
  try {
    const { page } = await visit(browser, { language: 'en', script })
    await page.goto(`${server.url}/studio`)
    const played = await page.evaluate(`(async () => {
      const video = document.body.appendChild(document.createElement('video'))
      video.muted = true
      const hls = new Hls({ enableWorker: false })
      const failed = new Promise((_, reject) =>
        hls.on(Hls.Events.ERROR, (_, { fatal, details }) => fatal && reject(new Error(details))))
      hls.loadSource(${JSON.stringify(url)})
      hls.attachMedia(video)
      const played = (async () => {
        await video.play()
        await (${SEEK})(video, video.duration - 2)
        return (${SEEK})(video, 5)
      })()
      return Promise.race([failed, played])
    })()`)
    return playedSchema.parse(played)
  } finally {
    await browser.close()
  }
}

describe('the studio', () => {
  it('says what is recorded now, and plays, seeks in and deletes what is complete', async () => {
    publish()
    const browser = await launchChromium()
    try {
      for (const language of LANGUAGES) {
        const { page, context } = await visit(browser, { language, script: AXE_SOURCE })
        await openRoom(page, server, room.id)
        await page.getByText(WORDS[language].now).waitFor()
        expect(await findSerious(page)).toEqual([])
        await context.close()
      }
      await until(({ duration_ms }) => duration_ms >= 12_000)
      await server.api('POST', `/api/v1/live/${room.id}/end`)
      await until(({ complete }) => complete)
      for (const language of LANGUAGES) {
        const words = WORDS[language]
        const { page, context } = await visit(browser, { language, script: AXE_SOURCE })
        await openRoom(page, server, room.id)
        await page.getByRole('button', { name: words.play }).click()
        await page.locator('.recording video').waitFor()
        for (const to of [8, 2, 10.5, 0]) {
          const at = playedSchema.parse(
            await page.evaluate(`(${SEEK})(document.querySelector('.recording video'), ${to})`),
          )
          expect(at).toMatchObject({ width: 320, error: null })
          expect(at.duration).toBeGreaterThan(11.9)
          expect(at.time).toBeGreaterThanOrEqual(to)
          expect(at.time).toBeLessThan(to + 2)
        }
        expect(await findSerious(page)).toEqual([])
        if (language === 'zh-CN') {
          await page.getByRole('button', { name: words.remove, exact: true }).click()
          await page.getByRole('dialog').getByRole('button', { name: words.remove }).click()
          await page.getByText(words.none).waitFor()
        }
        await context.close()
      }
    } finally {
      await browser.close()
    }
  })
})

describe('an origin that is killed', () => {
  it('is followed by one that goes on with the same recording: nothing is missing, nothing is there twice', async () => {
    publish()
    const before = await until(({ duration_ms }) => duration_ms >= 5000)
    await server.close('SIGKILL')
    for (const publisher of publishers.splice(0)) await publisher.close()
    server = await start()
    publish()
    const after = await until(({ duration_ms }) => duration_ms >= before.duration_ms + 5000)
    expect(after.complete).toBe(false)
    await server.api('POST', `/api/v1/live/${room.id}/end`)
    await checkMovie(await until(({ complete }) => complete), before.program_id)
  })

  it('is followed by one that completes the recording of a program that nobody came back to', async () => {
    publish()
    const before = await until(({ duration_ms }) => duration_ms >= 5000)
    await server.close('SIGKILL')
    for (const publisher of publishers.splice(0)) await publisher.close()
    server = await start('reconnectWindowSeconds: 0')
    expect(await server.room(room.id)).toMatchObject({ state: 'ended', program_id: before.program_id })
    const live = await fetch(`${server.url}/live/${room.id}/${before.program_id}/audio/index.m3u8`)
    expect(await live.text()).toContain('#EXT-X-ENDLIST')
    const done = await until(({ complete }) => complete)
    expect(done.duration_ms).toBeGreaterThanOrEqual(before.duration_ms)
    await checkMovie(done, before.program_id)
  })
})

async function checkMovie(done: Listed, programId: string): Promise<void> {
  expect(done.program_id).toBe(programId)
  const file = path.join(directory, 'download.mp4')
  await writeFile(file, Buffer.from(await (await fetch(done.file_url)).arrayBuffer()))
  const probe = await probeMovie(file)
  expect([...holesOf(probe.video), ...holesOf(probe.audio)]).toEqual([])
  expect(probe.durationSec).toBeCloseTo(done.duration_ms / 1000, 1)
  expect(await decodeMovie(file)).toBe('')
  const playlist = await (await fetch(done.playlist_url)).text()
  expect(playlist).not.toContain('DISCONTINUITY')
}
