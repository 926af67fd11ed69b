/** The frames of a recorded track: decoded by ffmpeg, the counter in each read back. */
import { spawn } from 'node:child_process'
import { FragmentStream } from '../../../media/fragment-stream.ts'
import { parseInit } from '../../../media/fragment.ts'
import { COUNTER_BITS, counterDistance, readCounter } from '../../support/counting-picture.ts'
import type { WireRecorder } from './wire.ts'

export interface SeenFrame {
  /** On the program's timeline. */
  timeSec: number
  /** Wall clock of the part's arrival. */
  arrivedAtMs: number
  /** null: a picture that is not the publisher's (the slate), or not to be read. */
  counter: number | null
  isFlash: boolean
}

const BRIGHT = 200

/** Every frame of the recorded track, in order. */
export async function readFrames(recorder: WireRecorder): Promise<SeenFrame[]> {
  const frames = await decodeFrames(recorder)
  return frames.map((frame, index) => ({ ...frame, counter: frame.counter ?? between(frames, index) }))
}

/** A frame that was encoded too coarsely to be read, between the two that were sent before and after it. */
function between(frames: readonly SeenFrame[], index: number): number | null {
  const before = frames[index - 1]?.counter ?? null
  const after = frames[index + 1]?.counter ?? null
  return before !== null && after !== null && counterDistance(before, after) === 2 ? before + 1 : null
}

async function decodeFrames(recorder: WireRecorder): Promise<SeenFrame[]> {
  const { init } = recorder
  if (!init || recorder.parts.length === 0) return []
  const { width, timescale } = parseInit(init)
  const block = width / COUNTER_BITS
  const rows = Math.ceil(block * 2)
  const pictures = await decode(recorder.bytes(), `crop=iw:${rows}:0:0,format=gray`)
  const times = timesOf(recorder, timescale)
  const size = width * rows
  if (pictures.length !== times.length * size)
    throw new Error(`${times.length} frames in the parts, ${pictures.length / size} decoded`)
  return times.map(({ timeSec, arrivedAtMs }, index) => {
    const row = (at: number): Buffer =>
      pictures.subarray(index * size + at * width, index * size + (at + 1) * width)
    const counter = readCounter(row(Math.floor(block / 2)), width)
    const body = row(Math.floor(block * 1.5))
    const isFlash = body.reduce((sum, luma) => sum + luma, 0) / width > BRIGHT
    return { timeSec, arrivedAtMs, counter, isFlash }
  })
}

/** Starts of runs of white frames, in seconds of the timeline. */
export function flashesOf(frames: readonly SeenFrame[]): number[] {
  return frames.flatMap(({ isFlash, timeSec }, index) =>
    isFlash && index > 0 && frames[index - 1]?.isFlash === false ? [timeSec] : [],
  )
}

function timesOf(recorder: WireRecorder, timescale: number): { timeSec: number; arrivedAtMs: number }[] {
  const stream = new FragmentStream()
  stream.push(recorder.init ?? new Uint8Array())
  return recorder.parts.flatMap(({ part, atMs }) =>
    stream
      .push(part.bytes)
      .flatMap((event) => (event.kind === 'samples' ? event.samples : []))
      .map(({ time }) => ({ timeSec: time / timescale, arrivedAtMs: atMs })),
  )
}

/** The counters of a file of that width, in order. */
export async function readCounters(file: string, width: number): Promise<(number | null)[]> {
  const rows = Math.ceil(width / COUNTER_BITS)
  const pictures = await decode(file, `crop=iw:${rows}:0:0,format=gray`)
  const size = rows * width
  const middle = Math.floor(rows / 2) * width
  return Array.from({ length: pictures.length / size }, (_, index) =>
    readCounter(pictures.subarray(index * size + middle, index * size + middle + width), width),
  )
}

/** Of a file by its name, or of bytes that can be read from front to back. */
async function decode(source: Buffer | string, filter: string): Promise<Buffer> {
  const input = typeof source === 'string' ? source : 'pipe:0'
  const args = ['-hide_banner', '-loglevel', 'error', '-threads', '1', '-i', input, '-vf', filter]
  const child = spawn('ffmpeg', [...args, '-fps_mode', 'passthrough', '-f', 'rawvideo', 'pipe:1'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => {}) // the count of frames tells
  child.stdin.end(typeof source === 'string' ? undefined : source)
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
