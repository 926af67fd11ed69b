/** Runs ffmpeg and ffprobe. The only file that knows fluent-ffmpeg, which is archived: whatever replaces it replaces this file. */
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { setPriority } from 'node:os'
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

export interface SealedCommand {
  tool: 'ffmpeg' | 'ffprobe'
  /** They read `SEALED_INPUT` and nothing else. */
  args: readonly string[]
  input: Uint8Array
  timeoutMs: number
  /** Of processor time. */
  cpuSeconds: number
  /** More on standard output than this is a failure. */
  maxOutputBytes: number
  /** Ends it at once. */
  signal: AbortSignal
}

export type SealedResult =
  | { output: Buffer; lines: string }
  | { failure: 'timeout' | 'too-much-output' | 'aborted' | 'failed'; lines: string }

/** What a sealed command reads: standard input, kept in an unnamed file so that it can be read in any order. */
export const SEALED_INPUT = 'cache:pipe:0'

const LINES_KEPT = 20
const STDERR_BYTES_KEPT = 4096
/** Of address space; decoding and scaling a picture of 50 megapixels fits into two thirds of it. */
const SEALED_MEMORY_KIB = 1024 * 1024
const SEALED_NICENESS = 10
/** The shell's status. */
const COMMAND_NOT_FOUND = 127

/** Asks ffmpeg for what fluent-ffmpeg looks up before its first command, so that the first publisher does not wait for it. Throws `ffmpeg_missing`. */
export async function prepareFfmpeg(): Promise<void> {
  await ffmpegVersion()
  await new Promise<void>((resolve) => fluent.getAvailableFormats(() => resolve()))
  await new Promise<void>((resolve) => fluent.getAvailableEncoders(() => resolve()))
}

/** As it is started: a path, or a name that the system looks for. */
export function ffmpegPath(): string {
  return process.env['FFMPEG_PATH'] ?? 'ffmpeg'
}

/** Such as `5.1.9`. Throws `ffmpeg_missing`. */
export async function ffmpegVersion(): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(ffmpegPath(), ['-version'])
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

/**
 * Runs ffmpeg or ffprobe on bytes of a stranger: what comes in is standard input, what goes out standard output, and no protocol that could
 * open anything else is allowed. Time, memory and output are limited. Throws `ffmpeg_missing`.
 */
export async function runSealed(command: SealedCommand): Promise<SealedResult> {
  const { tool, args, input, timeoutMs, maxOutputBytes } = command
  const program = process.env[tool === 'ffmpeg' ? 'FFMPEG_PATH' : 'FFPROBE_PATH'] ?? tool
  // Systems without such a limit go on without it: the decoders' own limits stay.
  const limits = `ulimit -v ${SEALED_MEMORY_KIB} 2>/dev/null; ulimit -t ${command.cpuSeconds} 2>/dev/null`
  const script = `${limits}; exec "$0" "$@"`
  const sealed = ['-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'cache,pipe', ...args]
  const child = spawn('/bin/sh', ['-c', script, program, ...sealed], { stdio: 'pipe' })
  let failure: 'timeout' | 'too-much-output' | 'aborted' | null = null
  const kill = (reason: typeof failure): void => {
    failure ??= reason
    child.kill('SIGKILL')
  }
  const abort = (): void => kill('aborted')
  if (command.signal.aborted) abort()
  command.signal.addEventListener('abort', abort, { once: true })
  const timer = setTimeout(() => kill('timeout'), timeoutMs)
  const gathered = gather(child, maxOutputBytes, () => kill('too-much-output'))
  child.stdin.on('error', () => {}) // it may have read enough
  child.stdin.end(input)
  yieldProcessor(child)
  const status = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(COMMAND_NOT_FOUND))
    child.once('close', resolve)
  })
  clearTimeout(timer)
  command.signal.removeEventListener('abort', abort)
  if (status === COMMAND_NOT_FOUND)
    throw new HeadwaterError('ffmpeg_missing', `${tool} could not be run: install ffmpeg`)
  const lines = Buffer.concat(gathered.lines).toString('utf8')
  if (failure === null && status === 0) return { output: Buffer.concat(gathered.output), lines }
  // A signal that is not ours is the system's, for too much processor time.
  return { failure: failure ?? (status === null ? 'timeout' : 'failed'), lines }
}

function gather(
  child: ChildProcess,
  maxOutputBytes: number,
  onTooMuch: () => void,
): { output: Buffer[]; lines: Buffer[] } {
  const output: Buffer[] = []
  const lines: Buffer[] = []
  let outputBytes = 0
  let lineBytes = 0
  child.stdout?.on('data', (chunk: Buffer) => {
    outputBytes += chunk.length
    if (outputBytes > maxOutputBytes) onTooMuch()
    else output.push(chunk)
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    if (lineBytes < STDERR_BYTES_KEPT) lines.push(chunk.subarray(0, STDERR_BYTES_KEPT - lineBytes))
    lineBytes += chunk.length
  })
  return { output, lines }
}

/** What is live goes first. */
function yieldProcessor({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) setPriority(pid, SEALED_NICENESS)
  } catch {
    // It has ended already.
  }
}

function parseRate(rate: string | undefined): number | null {
  const [numerator, denominator] = (rate ?? '').split('/').map(Number)
  if (!numerator || !denominator) return null
  return numerator / denominator
}
