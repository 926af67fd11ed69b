/** Brings one publisher's audio to the program's one format, by a small ffmpeg: 48 kHz stereo AAC-LC on the grid of 1024 samples. */
import { PassThrough } from 'node:stream'
import { AAC_SAMPLES_PER_FRAME, AdtsParser, PROGRAM_AUDIO } from '../../media/aac.ts'
import { encodeFlvTag, FLV_HEADER } from '../../media/flv-tag.ts'
import { runFfmpeg, type FfmpegProcess } from '../../runtime/ffmpeg.ts'
import type { Logger } from '../../runtime/logger.ts'
import { frameAt } from './audio-track.ts'

export interface AudioNormaliserOptions {
  bitrateKbps: number
  logger: Logger
  /** Frame n of the grid. */
  onFrame: (frame: number, data: Uint8Array) => void
}

/** FLV's header with only the audio flag, so that ffmpeg does not look for video. */
const AUDIO_ONLY_HEADER = Uint8Array.from(FLV_HEADER, (byte, index) => (index === 4 ? 4 : byte))
/** Ten seconds of audio at 400 kbit/s: a converter that takes no more is dead. */
const MAX_QUEUED_BYTES = 512 * 1024
/** Over a longer gap the converter would make silence for as long: a new one begins behind it. */
const MAX_GAP_MS = 10_000
/** A converter that died is started again after this, doubled each time nothing came out of it. */
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5000
/** Of audio that changes again and again, or is not taken: one converter for this much of it, and silence in between. */
const MIN_BETWEEN_STARTS_MS = 1000
/** A converter that has no more input ends within a tenth of this. */
const FINISH_LIMIT_MS = 1000
/** The encoder's first frame is priming, before the first sample. */
const PRIMING_FRAMES = 1

/** Whoever brings a source's audio to the program's format. */
export interface AudioConverter {
  configure(sequenceHeader: Uint8Array): void
  push(timeMs: number, data: Uint8Array): void
  finish(): void
  close(): void
}

export class AudioNormaliser implements AudioConverter {
  readonly #options: AudioNormaliserOptions
  #run: { process: FfmpegProcess; input: PassThrough } | null = null
  #sequenceHeader: Uint8Array | null = null
  #lastMs = -Infinity
  /** Of the timeline, which cannot run ahead of the clock. */
  #notBeforeMs = -Infinity
  /** Converters so far. */
  starts = 0
  #failures = 0
  #pausedUntilMs = 0
  #isClosed = false

  constructor(options: AudioNormaliserOptions) {
    this.#options = options
  }

  /** A codec configuration. Another one than before begins a new converter: ffmpeg would lose samples over the change. */
  configure(sequenceHeader: Uint8Array): void {
    const isSame = this.#sequenceHeader?.every((byte, index) => byte === sequenceHeader[index]) ?? false
    if (isSame && this.#sequenceHeader?.length === sequenceHeader.length) return
    this.#sequenceHeader = sequenceHeader
    this.#stop()
  }

  /** One audio tag's body at its time on the program's timeline; one that goes back is dropped. */
  push(timeMs: number, data: Uint8Array): void {
    if (this.#isClosed || timeMs <= this.#lastMs) return
    if (timeMs - this.#lastMs > MAX_GAP_MS) this.#stop()
    this.#lastMs = timeMs
    if (!this.#run && (timeMs < this.#notBeforeMs || performance.now() < this.#pausedUntilMs)) return
    this.#run ??= this.#start(timeMs)
    const { input } = this.#run
    if (input.writableLength > MAX_QUEUED_BYTES) {
      this.#options.logger.warn('audio converter takes no more input: restarting it')
      this.#stop()
      return
    }
    input.write(encodeFlvTag({ type: 'audio', timestampMs: Math.round(timeMs), data }))
  }

  /** What it has been given still comes out; what is pushed after this begins a new converter. */
  finish(): void {
    const run = this.#run
    this.#run = null
    this.#lastMs = -Infinity
    this.#notBeforeMs = -Infinity
    if (!run) return
    run.input.end()
    const kill = setTimeout(() => run.process.kill(), FINISH_LIMIT_MS)
    void run.process.exited.then(() => clearTimeout(kill))
  }

  /** Takes nothing more; what it has been given still comes out. */
  close(): void {
    this.#isClosed = true
    this.finish()
  }

  #stop(): void {
    this.#run?.process.kill()
    this.#run?.input.destroy()
    this.#run = null
  }

  #start(timeMs: number): { process: FfmpegProcess; input: PassThrough } {
    this.starts++
    this.#notBeforeMs = timeMs + MIN_BETWEEN_STARTS_MS
    const first = frameAt(timeMs)
    const input = new PassThrough({ highWaterMark: MAX_QUEUED_BYTES })
    input.on('error', () => {}) // the process says how it ended
    input.write(AUDIO_ONLY_HEADER)
    if (this.#sequenceHeader)
      input.write(
        encodeFlvTag({ type: 'audio', timestampMs: Math.round(timeMs), data: this.#sequenceHeader }),
      )
    const process = runFfmpeg({
      input,
      inputOptions: INPUT_OPTIONS,
      outputs: [{ target: this.#output(first), options: outputOptions(first, this.#options.bitrateKbps) }],
    })
    const run = { process, input }
    void process.exited.then(({ error }) => {
      if (this.#run !== run) return
      this.#run = null
      if (error !== null) this.#fail(error)
    })
    return run
  }

  /** Audio that cannot be read is silent, and is tried again less and less often. */
  #fail(error: string): void {
    const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++)
    this.#pausedUntilMs = performance.now() + pauseMs
    this.#options.logger.warn({ error, pauseMs }, 'audio converter ended: silence until it is started again')
  }

  #output(first: number): PassThrough {
    const adts = new AdtsParser()
    const output = new PassThrough()
    let frame = first - PRIMING_FRAMES
    output.on('data', (chunk: Buffer) => {
      for (const data of adts.push(chunk)) {
        if (frame >= first) this.#options.onFrame(frame, data)
        frame++
        this.#failures = 0
      }
    })
    return output
  }
}

const INPUT_OPTIONS = [
  ...['-hide_banner', '-loglevel', 'warning', '-nostats'],
  ...['-probesize', '2000000', '-analyzeduration', '1', '-fpsprobesize', '0', '-copyts', '-f', 'flv'],
]

function outputOptions(first: number, bitrateKbps: number): string[] {
  const start = first * AAC_SAMPLES_PER_FRAME
  const rate = PROGRAM_AUDIO.sampleRate
  // Missing samples become silence, a drifting clock is followed; trimming puts every frame on the grid.
  const filter = `aresample=${rate}:async=1000,aformat=channel_layouts=stereo,atrim=start_pts=${start}`
  const codec = [
    '-c:a',
    'aac',
    '-b:a',
    `${bitrateKbps}k`,
    '-ar',
    String(rate),
    '-ac',
    String(PROGRAM_AUDIO.channels),
  ]
  return ['-map', '0:a:0', '-vn', '-af', filter, ...codec, '-f', 'adts', '-flush_packets', '1']
}
