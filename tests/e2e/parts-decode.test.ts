/** What media/ writes, in the judgement of ffmpeg: no message, and as many frames as went in. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AAC_SAMPLES_PER_FRAME, AdtsParser, encodeAacInit, PROGRAM_AUDIO } from '../../media/aac.ts'
import { concatBytes } from '../../media/bytes.ts'
import { encodeFlvTag, FLV_HEADER, FlvParser, isKeyframe, isSequenceHeader } from '../../media/flv-stream.ts'
import type { FlvTag } from '../../media/flv-stream.ts'
import { flvHeaderTags, flvTagsOf, mergeTags } from '../../media/flv-writer.ts'
import { parseInit } from '../../media/fragment.ts'
import type { Sample } from '../../media/fragment.ts'
import { FragmentStream } from '../../media/fragment-stream.ts'
import { partIdOf, PARTS_PER_SEGMENT, splitSegment } from '../../media/part.ts'
import type { Part } from '../../media/part.ts'
import { encodePart } from '../../media/part-writer.ts'
import { verifyPart } from '../../media/signature.ts'
import { PartCutter } from '../../origin/packager/part-cutter.ts'
import { SILENT_FRAME } from '../../origin/program/audio-track.ts'
import { cutAt, inPiecesOf } from '../support/chunked.ts'
import { TEST_PUBLIC_KEY, testSign } from '../support/small-part.ts'

const run = promisify(execFile)
const SECONDS = 3
const FPS = 30
const START_SECONDS = 10
const MAX_OUTPUT = 64 * 1024 * 1024

const PICTURE = ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=${FPS}:duration=${SECONDS}`]
const TONE = ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=48000:duration=${SECONDS}`]
const H264 =
  '-c:v libx264 -preset ultrafast -tune zerolatency -profile:v main -pix_fmt yuv420p -g 60 -sc_threshold 0'.split(
    ' ',
  )
const AAC = '-c:a aac -ac 2 -b:a 128k'.split(' ')
// As transcoder/arguments.ts has it.
const FRAGMENTS = [
  '-movflags',
  '+cmaf+delay_moov+default_base_moof+skip_trailer+frag_discont+frag_every_frame',
]
const AT_TIMELINE_START = ['-output_ts_offset', String(START_SECONDS)]

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headwater-parts-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What ffmpeg writes to standard output. */
async function produce(...args: string[]): Promise<Uint8Array> {
  const options = { encoding: 'buffer', maxBuffer: MAX_OUTPUT } as const
  const { stdout } = await run('ffmpeg', ['-v', 'error', ...args, 'pipe:1'], options)
  return stdout
}

/** Everything ffmpeg says while it decodes all of the file, down to its warnings. */
async function complaintsAbout(path: string): Promise<string> {
  const { stderr } = await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', path, '-f', 'null', '-'])
  return stderr
}

/** Frames that come out of the decoder. */
async function countFrames(path: string, stream: 'v' | 'a'): Promise<number> {
  const entries = ['-count_frames', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0']
  const { stdout, stderr } = await run('ffprobe', [
    '-v',
    'warning',
    '-select_streams',
    stream,
    ...entries,
    path,
  ])
  expect(stderr).toBe('')
  return Number.parseInt(stdout, 10)
}

async function save(name: string, chunks: readonly Uint8Array[]): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, concatBytes(chunks))
  return path
}

/** As the packager does it. */
function cutParts(track: string, timescale: number, samples: readonly Sample[]): Part[] {
  const cutter = new PartCutter(timescale)
  return samples
    .flatMap((sample) => cutter.push(sample))
    .map(({ k, samples: cut }) => {
      const id = partIdOf(k)
      const [first] = cut
      const header = {
        ...id,
        program: 'p1a2b3c4',
        track,
        independent: first?.keyframe ?? false,
        lastOfSegment: id.part === PARTS_PER_SEGMENT - 1,
        timescale,
        mediaTime: first?.time ?? 0,
        duration: cut.reduce((sum, sample) => sum + sample.duration, 0),
        captureTimeMs: 1_700_000_000_000,
      }
      return encodePart({ header, samples: cut, sign: testSign })
    })
}

async function encodeVideo(): Promise<{ init: Uint8Array; samples: Sample[]; parts: Part[] }> {
  const bytes = await produce(...PICTURE, ...H264, ...AT_TIMELINE_START, ...FRAGMENTS, '-f', 'mp4')
  const stream = new FragmentStream()
  const events = inPiecesOf(bytes, 1013).flatMap((chunk) => stream.push(chunk))
  const init = events.flatMap((event) => (event.kind === 'init' ? [event.bytes] : []))[0] ?? new Uint8Array(0)
  const samples = events.flatMap((event) => (event.kind === 'samples' ? event.samples : []))
  return { init, samples, parts: cutParts('180p', parseInit(init).timescale, samples) }
}

async function encodeAudio(): Promise<{ init: Uint8Array; frames: Uint8Array[]; parts: Part[] }> {
  const bytes = await produce(...TONE, ...AAC, '-f', 'adts')
  const parser = new AdtsParser()
  const frames = inPiecesOf(bytes, 97).flatMap((chunk) => parser.push(chunk))
  return { init: encodeAacInit(PROGRAM_AUDIO, 128), frames, parts: audioParts(frames) }
}

function audioParts(frames: readonly Uint8Array[]): Part[] {
  const firstFrame = Math.ceil((START_SECONDS * PROGRAM_AUDIO.sampleRate) / AAC_SAMPLES_PER_FRAME)
  const samples = frames.map((data, index): Sample => {
    const time = (firstFrame + index) * AAC_SAMPLES_PER_FRAME
    return { time, duration: AAC_SAMPLES_PER_FRAME, keyframe: true, data }
  })
  // A part that was begun is not published: fill up to the next boundary.
  const padding = Array.from({ length: 12 }, (_, index): Sample => ({
    ...(samples.at(-1) as Sample),
    time: (firstFrame + frames.length + index) * AAC_SAMPLES_PER_FRAME,
    data: SILENT_FRAME,
  }))
  return cutParts('audio', PROGRAM_AUDIO.sampleRate, [...samples, ...padding])
}

const framesIn = (parts: readonly Part[]): number =>
  parts.reduce((sum, part) => sum + flvTagsOf(part).length, 0)
const bytesOf = (parts: readonly Part[]): Uint8Array[] => parts.map(({ bytes }) => bytes)

describe('video parts', () => {
  it('play behind their init segment without a message, frame for frame', async () => {
    const { init, samples, parts } = await encodeVideo()
    expect(samples).toHaveLength(SECONDS * FPS)
    expect(samples[0]).toMatchObject({ time: START_SECONDS * parseInit(init).timescale, keyframe: true })
    expect(parts).toHaveLength(SECONDS * 4)
    expect(parts.map(({ header }) => header.independent)).toEqual(parts.map((_, index) => index % 8 === 0))
    const path = await save('video.mp4', [init, ...bytesOf(parts)])
    expect(await complaintsAbout(path)).toBe('')
    expect(await countFrames(path, 'v')).toBe(samples.length)
  })

  it('play from any segment on, and come apart again', async () => {
    const { init, parts } = await encodeVideo()
    const second = concatBytes(bytesOf(parts.slice(PARTS_PER_SEGMENT)))
    expect(splitSegment(second)).toEqual(parts.slice(PARTS_PER_SEGMENT))
    expect(splitSegment(second).every(({ bytes }) => verifyPart(bytes, TEST_PUBLIC_KEY))).toBe(true)
    const path = await save('second.mp4', [init, second])
    expect(await complaintsAbout(path)).toBe('')
    expect(await countFrames(path, 'v')).toBe(FPS)
  })
})

describe('audio parts', () => {
  it('play behind the init segment of media/aac.ts without a message, frame for frame', async () => {
    const { init, frames, parts } = await encodeAudio()
    expect(frames.length).toBeGreaterThan((SECONDS * 48_000) / AAC_SAMPLES_PER_FRAME)
    const path = await save('audio.mp4', [init, ...bytesOf(parts)])
    expect(await complaintsAbout(path)).toBe('')
    expect(await countFrames(path, 'a')).toBe(framesIn(parts))
  })

  it('of the silent frame are silence', async () => {
    const parts = audioParts(Array.from({ length: 96 }, () => SILENT_FRAME))
    const path = await save('silence.mp4', [encodeAacInit(PROGRAM_AUDIO, 128), ...bytesOf(parts)])
    expect(await complaintsAbout(path)).toBe('')
    const samples = await produce('-i', path, '-f', 's16le')
    expect(samples.length).toBe(framesIn(parts) * AAC_SAMPLES_PER_FRAME * PROGRAM_AUDIO.channels * 2)
    expect(samples.every((byte) => byte === 0)).toBe(true)
  })
})

describe('FLV', () => {
  it('of an encoder is read tag by tag, and written again byte for byte', async () => {
    const bytes = await produce(
      ...PICTURE,
      ...TONE,
      ...H264,
      ...AAC,
      '-f',
      'flv',
      '-flvflags',
      'no_duration_filesize',
    )
    const parser = new FlvParser()
    const tags = cutAt(bytes, [0.001, 0.1, 0.1003, 0.5, 0.73]).flatMap((chunk) => parser.push(chunk))
    expect(Buffer.compare(concatBytes([FLV_HEADER, ...tags.map(encodeFlvTag)]), bytes)).toBe(0)
    const isFrame = (tag: FlvTag): boolean => tag.type === 'video' && tag.data[1] === 1
    expect(tags.filter(isFrame)).toHaveLength(SECONDS * FPS)
    const [first = 0, second = 0, ...others] = tags.filter(isKeyframe).map(({ timestampMs }) => timestampMs)
    expect([second - first, others.length]).toEqual([2000, 0])
    expect(tags.filter(isSequenceHeader).map(({ type }) => type)).toEqual(['video', 'audio'])
  })

  it('written from parts plays without a message, frame for frame', async () => {
    const [video, audio] = [await encodeVideo(), await encodeAudio()]
    const tags = mergeTags(video.parts.flatMap(flvTagsOf), audio.parts.flatMap(flvTagsOf))
    const all = [...flvHeaderTags(video.init, START_SECONDS * 1000), ...tags]
    const path = await save('rung.flv', [FLV_HEADER, ...all.map(encodeFlvTag)])
    expect(await complaintsAbout(path)).toBe('')
    expect(await countFrames(path, 'v')).toBe(video.samples.length)
    expect(await countFrames(path, 'a')).toBe(framesIn(audio.parts))
  })
})
