import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { captureLog, type CapturedLog } from '../../tests/support/log-lines.ts'
import { parseVideoHeader } from '../../media/flv-tag.ts'
import { DEFAULT_SETTINGS, type SlateLanguage } from '../room/room.ts'
import { CLIP_AUDIO_FRAMES, SLATE_DURATION_MS, encodeClip, parseClip } from './clip.ts'
import { Slates } from './slates.ts'

let dataDir: string
let log: CapturedLog
const open: Slates[] = []

beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'headwater-slates-'))
  log = captureLog()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((slates) => slates.close()))
  await rm(dataDir, { recursive: true, force: true })
})

describe('the built-in slates', () => {
  it('are 8 s of 720p with a keyframe every 2 s and as much audio', { timeout: 60_000 }, async () => {
    const clip = await (await start()).clip('anyroom')
    expect(clip).toMatchObject({ width: 1280, height: 720, durationMs: 8000 })
    expect(clip.video.filter(({ keyframe }) => keyframe).map(({ timeMs }) => timeMs)).toEqual([
      0, 2000, 4000, 6000,
    ])
    expect(clip.video.map(({ timeMs }) => timeMs)).toEqual(
      Array.from({ length: 240 }, (_, frame) => Math.round((frame * 1000) / 30)),
    )
    expect(parseVideoHeader(clip.header).kind).toBe('sequence-header')
    for (const { data } of clip.video) expect(parseVideoHeader(data).compositionTimeMs).toBe(0)
    expect(clip.audio).toHaveLength(CLIP_AUDIO_FRAMES)
    expect((CLIP_AUDIO_FRAMES * 1024) / 48).toBe(SLATE_DURATION_MS)
    expect(encodeClip(clip).length).toBeLessThan(300_000)
    expect(parseClip(encodeClip(clip))).toEqual(clip)
  })

  it('are made once, and found again after a restart', { timeout: 60_000 }, async () => {
    const first = await start()
    const clip = await first.clip('anyroom')
    expect(await first.clip('another')).toBe(clip)
    expect(await (await start()).clip('anyroom')).toEqual(clip)
    expect(timesMade('en')).toBe(1)
  })

  it('are made anew when the file is damaged', { timeout: 60_000 }, async () => {
    const clip = await (await start()).clip('anyroom')
    const file = path.join(dataDir, 'slates', await nameOf('en'))
    const whole = await readFile(file)
    for (const damaged of [
      whole.subarray(0, 5000),
      Buffer.from(whole).fill(0, 3000, 3100),
      Buffer.alloc(0),
    ]) {
      await writeFile(file, damaged)
      expect(await (await start()).clip('anyroom')).toEqual(clip)
    }
    expect(await readFile(file)).toEqual(whole)
  })

  it('speak the language of the room', { timeout: 60_000 }, async () => {
    const slates = await start((roomId) => (roomId === 'chinese' ? 'zh-CN' : 'en'))
    const [chinese, english] = [await slates.clip('chinese'), await slates.clip('english')]
    expect(chinese.video[0]?.data).not.toEqual(english.video[0]?.data)
  })

  it('are there even where they cannot be kept', { timeout: 60_000 }, async () => {
    const slates = await start()
    await rm(dataDir, { recursive: true })
    await writeFile(dataDir, 'a file in the way of the directory')
    expect((await slates.clip('anyroom')).video).toHaveLength(240)
  })
})

async function start(languageOf: (roomId: string) => SlateLanguage = () => 'en'): Promise<Slates> {
  const find = (roomId: string) => ({
    settings: { ...DEFAULT_SETTINGS, slateLanguage: languageOf(roomId) },
  })
  const slates = new Slates({
    dataDir,
    rooms: { find, list: () => [], onUpdate: () => () => {}, onDelete: () => () => {} },
    logger: log.logger,
  })
  open.push(slates)
  await slates.start()
  return slates
}

async function nameOf(language: SlateLanguage): Promise<string> {
  const names = await readdir(path.join(dataDir, 'slates'))
  return names.find((name) => name.includes(`-${language}-`)) ?? ''
}

function timesMade(language: SlateLanguage): number {
  return log.lines().filter((line) => line['msg'] === 'built-in slate made' && line['language'] === language)
    .length
}
