/** Runs ffmpeg and ffprobe. The only file that knows fluent-ffmpeg, which is archived: whatever replaces it replaces this file. */
import { execFile } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'
import fluent from 'fluent-ffmpeg'
import { HeadwaterError } from './errors.ts'

export interface FfmpegOutput {
  /** An address or path, or a stream that gets standard output (one at most). */
  target: string | Writable
  options: readonly string[]
}

export interface FfmpegCommand {
  input: Readable | string
  inputOptions: readonly string[]
  /** Further inputs, such as a second lavfi source. */
  moreInputs?: readonly { input: string; inputOptions: readonly string[] }[]
  complexFilter?: string
  outputs: readonly FfmpegOutput[]
}

export interface FfmpegExit {
  /** Null when it ended by itself with status 0. */
  error: string | null
}

export interface FfmpegProcess {
  /** Undefined until the process has been started. */
  readonly pid: number | undefined
  readonly exited: Promise<FfmpegExit>
  /** Ends it at once (SIGKILL): everything ffmpeg writes here is of no use after that. */
  kill(): void
}

/** What ffprobe says of the input, as far as anyone here asks. */
export interface ProbedStream {
  type: string
  codec: string
  profile: string | null
  width: number | null
  height: number | null
  pixelFormat: string | null
  /** Frames per second, from the container's times. */
  frameRate: number | null
  bFrames: boolean
  sampleRate: number | null
  channels: number | null
}

const LINES_KEPT = 20

/** Asks ffmpeg for what fluent-ffmpeg looks up before its first command, so that the first publisher does not wait for it. Throws `ffmpeg_missing`. */
export async function prepareFfmpeg(): Promise<void> {
  await ffmpegVersion()
  await new Promise<void>((resolve) => fluent.getAvailableFormats(() => resolve()))
  await new Promise<void>((resolve) => fluent.getAvailableEncoders(() => resolve()))
}

/** Such as `5.1.9`. Throws `ffmpeg_missing`. */
export async function ffmpegVersion(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.env['FFMPEG_PATH'] ?? 'ffmpeg', ['-version'])
    return /ffmpeg version n?(\d+(?:\.\d+)*)/.exec(stdout)?.[1] ?? 'unknown'
  } catch (cause) {
    throw new HeadwaterError(
      'ffmpeg_missing',
      'ffmpeg could not be run: install it (Debian: apt-get install ffmpeg)',
      { cause },
    )
  }
}

/** Starts ffmpeg. Its standard error goes to `onLine`; the last lines are in the exit's error. */
export function runFfmpeg(command: FfmpegCommand, onLine: (line: string) => void = () => {}): FfmpegProcess {
  const run = fluent()
  run.input(command.input).inputOptions([...command.inputOptions])
  for (const more of command.moreInputs ?? []) run.input(more.input).inputOptions([...more.inputOptions])
  if (command.complexFilter !== undefined) run.complexFilter(command.complexFilter)
  for (const output of command.outputs) {
    if (typeof output.target === 'string') run.output(output.target)
    else run.output(output.target, { end: true })
    addOptions(run, output.options)
  }
  return follow(run, onLine)
}

function addOptions(run: fluent.FfmpegCommand, options: readonly string[]): void {
  // One option alone would be split at its space: given with another, each stays as it is.
  if (options.length > 0) run.outputOptions(...(options.length === 1 ? [...options, '-y'] : options))
}

function follow(run: fluent.FfmpegCommand, onLine: (line: string) => void): FfmpegProcess {
  const lines: string[] = []
  let isKilled = false
  run.on('stderr', (line: string) => {
    lines.push(line)
    if (lines.length > LINES_KEPT) lines.shift()
    onLine(line)
  })
  const exited = new Promise<FfmpegExit>((resolve) => {
    run.on('end', () => resolve({ error: null }))
    run.on('error', (error: Error) => resolve({ error: [error.message, ...lines].join('\n') }))
  })
  run.on('start', () => {
    if (isKilled) run.kill('SIGKILL')
  })
  run.run()
  return {
    get pid() {
      return (run as unknown as { ffmpegProc?: { pid?: number } }).ffmpegProc?.pid
    },
    exited,
    kill() {
      isKilled = true
      run.kill('SIGKILL')
    },
  }
}

/** The streams of an input, read from a file, an address or a stream that ends. Throws `probe_failed`. */
export async function probe(input: Readable | string, options: readonly string[]): Promise<ProbedStream[]> {
  const data = await new Promise<fluent.FfprobeData>((resolve, reject) => {
    fluent(input).ffprobe([...options], (error: unknown, found: fluent.FfprobeData) => {
      if (error)
        reject(new HeadwaterError('probe_failed', 'ffprobe could not read the source', { cause: error }))
      else resolve(found)
    })
  })
  return data.streams.map((stream) => ({
    type: stream.codec_type ?? 'unknown',
    codec: stream.codec_name ?? 'unknown',
    profile: stream.profile === undefined ? null : String(stream.profile),
    width: stream.width ?? null,
    height: stream.height ?? null,
    pixelFormat: stream.pix_fmt ?? null,
    frameRate: parseRate(stream.r_frame_rate),
    bFrames: Number(stream.has_b_frames ?? 0) > 0,
    sampleRate: stream.sample_rate ?? null,
    channels: stream.channels ?? null,
  }))
}

function parseRate(rate: string | undefined): number | null {
  const [numerator, denominator] = (rate ?? '').split('/').map(Number)
  if (!numerator || !denominator) return null
  return numerator / denominator
}
