/** Sources of another size, shape, rate or pixel format one after the other in one encoder: whole pictures, never stretched, no frame too many. */
import { execFile, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeFlvTag, FLV_HEADER, FlvParser } from '../../media/flv-stream.ts'
import { runFfmpeg } from '../../runtime/ffmpeg.ts'
import { encoderArguments } from '../../transcoder/arguments.ts'
import type { Rendition } from '../../transcoder/ladder.ts'
import { openEncoderSink, type TakenIn } from '../support/encoder-sink.ts'

interface Section {
  size: string
  seconds: number
  fps?: number
  pixelFormat?: string
  /** Width by height as it is to be seen. */
  aspect: number
}

const FPS = 30
/** The timeline's beginning, as the first part of a program has it. */
const START_SECONDS = 10
const FIRST_PART = 40
/** Luma of the bars is 16. */
const BAR_LUMA = 24
const [GRID_WIDTH, GRID_HEIGHT] = [160, 160]

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'headwater-pictures-'))))
afterAll(() => rm(folder, { recursive: true, force: true }))

function rung(width: number, height: number): Rendition {
  return { name: `${Math.min(width, height)}p`, width, height, fps: FPS, bitrateKbps: 400 }
}

/** One section's tags, its times on the timeline. White, so that its edges can be told from the bars. */
async function tagsOf(
  { size, seconds, fps = FPS, pixelFormat = 'yuv420p' }: Section,
  at: number,
): Promise<Buffer> {
  const path = join(folder, `${at}.flv`)
  const picture = `color=white:s=${size}:r=${fps}:d=${seconds}`
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', pixelFormat]
  const output = ['-g', '60', '-output_ts_offset', String(at), '-f', 'flv', '-y', path]
  await promisify(execFile)('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', picture, ...codec, ...output])
  const tags = new FlvParser().push(await readFile(path))
  const video = tags.filter(({ type, data }) => type === 'video' && data[1] !== 2) // 2: the end of a sequence
  return Buffer.concat(video.map((tag) => encodeFlvTag(tag)))
}

/** What an encoder makes of sections one after the other. */
async function encode(sections: readonly Section[], ladder: readonly Rendition[]): Promise<TakenIn[]> {
  const chunks: Buffer[] = [Buffer.from(FLV_HEADER)]
  let at = START_SECONDS
  for (const section of sections) {
    chunks.push(await tagsOf(section, at))
    at += section.seconds
  }
  const sink = await openEncoderSink()
  const options = { ladder, preset: 'ultrafast' as const, firstPart: FIRST_PART, intakeToken: 'token' }
  const { exited } = runFfmpeg({
    input: Readable.from([Buffer.concat(chunks)]),
    ...encoderArguments({ ...options, intakeUrl: sink.url }),
  })
  expect(await exited).toEqual({ error: null })
  await sink.close()
  return ladder.map(({ name }) => sink.find(name))
}

function expectEveryFrame({ samples, timescale }: TakenIn, seconds: number): void {
  const times = samples.map(({ time }) => Math.round((time * FPS) / timescale))
  expect(times).toEqual(Array.from({ length: seconds * FPS }, (_, index) => START_SECONDS * FPS + index))
}

/** Width by height of what is not bars, in the frame at a time since the start. */
async function seenAspect({ bytes }: TakenIn, frame: number, { width, height }: Rendition): Promise<number> {
  const select = `select=eq(n\\,${frame}),scale=${GRID_WIDTH}:${GRID_HEIGHT}:flags=area,format=gray`
  const child = spawn('ffmpeg', [
    ...['-v', 'error', '-i', 'pipe:0', '-vf', select],
    ...['-frames:v', '1', '-f', 'rawvideo', 'pipe:1'],
  ])
  child.stdin.on('error', () => {}) // it stops reading at the frame it wants
  child.stdin.end(bytes)
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
  const luma = Buffer.concat(chunks)
  const row = luma.subarray((GRID_HEIGHT / 2) * GRID_WIDTH, (GRID_HEIGHT / 2 + 1) * GRID_WIDTH)
  const across = row.filter((each) => each > BAR_LUMA).length / GRID_WIDTH
  const column = Array.from({ length: GRID_HEIGHT }, (_, y) => luma[y * GRID_WIDTH + GRID_WIDTH / 2] ?? 0)
  const down = column.filter((each) => each > BAR_LUMA).length / GRID_HEIGHT
  return (across * width) / (down * height)
}

const SHAPES: Section[] = [
  { size: '640x360', seconds: 2, aspect: 16 / 9 },
  { size: '480x360', seconds: 2, aspect: 4 / 3 },
  { size: '360x640', seconds: 2, aspect: 9 / 16, fps: 25 },
  { size: '320x180', seconds: 2, aspect: 16 / 9, fps: 60, pixelFormat: 'yuv444p' },
  { size: '1280x720', seconds: 2, aspect: 16 / 9 },
  { size: '427x241', seconds: 2, aspect: 16 / 9 },
  { size: '1000x200', seconds: 2, aspect: 5, pixelFormat: 'yuv422p' },
  { size: '640x360', seconds: 2, aspect: 16 / 9 },
]

describe.each([
  ['lying', [rung(640, 360), rung(320, 180)]],
  ['standing upright', [rung(360, 640), rung(180, 320)]],
])('in a program %s, pictures of any shape', (_, ladder) => {
  it('are whole, in their own proportions, with as many frames as there is time', async () => {
    const rungs = await encode(SHAPES, ladder)
    for (const [index, taken] of rungs.entries()) {
      expectEveryFrame(taken, SHAPES.length * 2)
      const { width, height } = ladder[index] ?? rung(2, 2)
      for (const [at, { aspect }] of SHAPES.entries()) {
        const seen = await seenAspect(taken, (at * 2 + 1) * FPS, rung(width, height))
        expect(seen / aspect, `${width}x${height}, ${SHAPES[at]?.size}`).toBeGreaterThan(0.93)
        expect(seen / aspect, `${width}x${height}, ${SHAPES[at]?.size}`).toBeLessThan(1.07)
      }
    }
  })
})

describe('a change of size', () => {
  it('late in a program makes nothing of before it again', async () => {
    const sections = [
      { size: '64x36', seconds: 120, aspect: 16 / 9 },
      { size: '128x96', seconds: 2, aspect: 4 / 3 },
    ]
    const [taken] = await encode(sections, [rung(64, 36)])
    if (taken) expectEveryFrame(taken, 122)
  })
})
