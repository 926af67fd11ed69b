/** All recordings of the origin: a recorder for each program that is to be recorded, completion, and what is kept for how long. */
import { statfs } from 'node:fs/promises'
import type { RecordedPart } from '../../media/playlist/recording.ts'
import type { Config } from '../../runtime/config.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { roomLogger, type Logger } from '../../runtime/logger.ts'
import type { Counter, Metrics } from '../../runtime/metrics.ts'
import { completeRecording } from './complete.ts'
import { Recorder, type RecordedProgram, type RecorderOutcome } from './recorder.ts'
import type { Recording } from './recording.ts'
import { RecordingFiles } from './recording-files.ts'
import type { OpenRecordingFile } from './recording-writer.ts'
import { chooseExpired } from './retention.ts'

export interface RecordingsOptions {
  dataDir: string
  config: Config['recording']
  rooms: {
    find(roomId: string): { title: string } | undefined
    onDelete(listener: (roomId: string) => void): () => void
    /** Told when a room's settings change. */
    onUpdate(listener: (room: { id: string }) => void): () => void
  }
  live: {
    program(roomId: string): (RecordedProgram & { state: string }) | undefined
    programs(): RecordedProgram[]
    onChange(listener: (roomId: string) => void): () => void
  }
  /** Whether a room is to be recorded. Turned on, it begins at once with what the window holds; turned off, with the next program. */
  isWanted: (roomId: string) => boolean
  logger: Logger
  metrics: Metrics
  now?: () => number
  openFile?: OpenRecordingFile
  /** Bytes that are free where recordings are kept. */
  freeBytes?: (directory: string) => Promise<number>
  /** Milliseconds; for tests. */
  sweepIntervalMs?: number
}

const SWEEP_INTERVAL_MS = 10 * 60_000
/** What is written when the origin ends; a disk that takes longer is not waited for. */
const CLOSE_LIMIT_MS = 1500
const DAY_MS = 24 * 3600 * 1000

export class Recordings {
  readonly name = 'recordings'
  readonly files: RecordingFiles
  readonly #options: RecordingsOptions
  readonly #now: () => number
  /** By program; one that failed stays until its program is over. */
  readonly #recorders = new Map<string, Recorder>()
  readonly #stops: (() => void)[] = []
  /** Completions and removals, one at a time. */
  #queue: Promise<unknown> = Promise.resolve()
  #sweepTimer: NodeJS.Timeout | null = null
  #isClosed = false
  readonly #failures: Counter

  constructor(options: RecordingsOptions) {
    this.#options = options
    this.#now = options.now ?? Date.now
    this.files = new RecordingFiles(options.dataDir)
    // From the beginning: an increase from nothing is none that Prometheus sees.
    this.#failures = options.metrics.counter(
      'headwater_recording_failures_total',
      'Recordings that ended before their program.',
    )
    options.metrics.gauge('headwater_recordings_running', 'Programs that are being recorded.', [], (gauge) =>
      gauge.set([...this.#recorders.values()].filter((recorder) => !recorder.isDone).length),
    )
  }

  /** Follows the programs there are and those to come, and completes what was left behind by an origin before this one. */
  async start(): Promise<void> {
    const { live, rooms } = this.#options
    this.#stops.push(live.onChange((roomId) => this.#follow(roomId)))
    this.#stops.push(rooms.onUpdate(({ id }) => this.#follow(id)))
    this.#stops.push(rooms.onDelete((roomId) => void this.#removeRoom(roomId)))
    for (const { roomId } of live.programs()) this.#follow(roomId)
    this.#inBackground(() => this.#completeAbandoned())
    // What could not be completed, on a full disk for instance, is tried again.
    this.#sweepTimer = setInterval(
      () => this.#inBackground(() => this.#completeAbandoned()),
      this.#options.sweepIntervalMs ?? SWEEP_INTERVAL_MS,
    )
    this.#sweepTimer.unref()
  }

  /** Newest first; those that run as they stand now. */
  async list(roomId: string): Promise<Recording[]> {
    return (await this.files.list(roomId)).map((recording) => this.#current(recording))
  }

  /** Throws `recording_not_found`. */
  async get(roomId: string, programId: string): Promise<Recording> {
    return this.#current(await this.files.get(roomId, programId))
  }

  parts(recording: Recording): Promise<RecordedPart[]> {
    return this.files.parts(recording)
  }

  /** Throws `recording_not_found`, or `recording_running`. */
  async remove(roomId: string, programId: string): Promise<void> {
    const recording = await this.get(roomId, programId)
    if (!recording.complete)
      throw new HeadwaterError('recording_running', 'a recording that runs cannot be deleted')
    await this.#enqueue(() => this.files.remove(roomId, programId))
  }

  /** Writes what is published by now. What is not complete is gone on with, or completed, at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const stop of this.#stops.splice(0)) stop()
    if (this.#sweepTimer) clearInterval(this.#sweepTimer)
    const closed = Promise.all([...this.#recorders.values()].map((recorder) => recorder.close()))
    let timer: NodeJS.Timeout | undefined
    const limit = new Promise((resolve) => (timer = setTimeout(resolve, CLOSE_LIMIT_MS)))
    await Promise.race([closed.then(() => this.#queue), limit])
    clearTimeout(timer)
  }

  #current(recording: Recording): Recording {
    const recorder = this.#recorders.get(recording.programId)
    return (recorder?.isDone ? null : recorder?.facts()) ?? recording
  }

  #follow(roomId: string): void {
    const { live, isWanted } = this.#options
    const program = live.program(roomId)
    for (const [id, recorder] of this.#recorders)
      if (recorder.isDone && recorder.program.roomId === roomId && id !== program?.id)
        this.#recorders.delete(id)
    if (!program || this.#isClosed || this.#recorders.has(program.id) || !isWanted(roomId)) return
    if (!this.#options.rooms.find(roomId)) return // its program ends within a moment
    if (program.state === 'ended' || program.state === 'refused') return
    this.#record(program)
  }

  #record(program: RecordedProgram): void {
    const { config, rooms, logger, metrics, openFile } = this.#options
    const written = metrics.counter('headwater_recording_bytes_total', 'Bytes of recordings written.')
    const recorder = new Recorder({
      program,
      title: rooms.find(program.roomId)?.title ?? '',
      rendition: config.rendition,
      files: this.files,
      checkSpace: () => this.#checkSpace(),
      logger: roomLogger(logger, program.roomId),
      onWritten: (bytes) => written.inc(bytes),
      ...(openFile ? { openFile } : {}),
    })
    this.#recorders.set(program.id, recorder)
    void recorder.done.then((outcome) => this.#settled(recorder, outcome))
  }

  #settled(recorder: Recorder, outcome: RecorderOutcome): void {
    const { id, roomId } = recorder.program
    if (outcome === 'failed') this.#failures.inc()
    if (outcome === 'left' || this.#isClosed) return
    this.#inBackground(async () => {
      await this.#complete(roomId, id)
      if (outcome === 'ended') this.#recorders.delete(id)
      await this.#sweep()
    })
  }

  async #complete(roomId: string, programId: string): Promise<void> {
    const recording = await this.files.find(roomId, programId)
    if (!recording || recording.complete) return
    const done = await completeRecording(this.files, recording, this.#now())
    const facts = { program: programId, durationMs: done?.durationMs ?? 0, bytes: done?.bytes ?? 0 }
    roomLogger(this.#options.logger, roomId).info(facts, 'recording complete')
  }

  async #completeAbandoned(): Promise<void> {
    for (const roomId of await this.files.rooms())
      for (const { programId, complete } of await this.files.list(roomId))
        if (!complete && this.#recorders.get(programId)?.isDone !== false)
          await this.#tryComplete(roomId, programId)
    await this.#sweep()
  }

  async #tryComplete(roomId: string, programId: string): Promise<void> {
    await this.#complete(roomId, programId).catch((error: unknown) =>
      this.#options.logger.warn({ err: error, program: programId }, 'a recording could not be completed'),
    )
  }

  async #sweep(): Promise<void> {
    const { maxAgeDays, maxBytes } = this.#options.config
    const all: Recording[] = []
    for (const roomId of await this.files.rooms()) all.push(...(await this.list(roomId)))
    for (const { roomId, programId } of chooseExpired(
      all,
      { maxAgeMs: maxAgeDays * DAY_MS, maxBytes },
      this.#now(),
    )) {
      await this.files.remove(roomId, programId)
      roomLogger(this.#options.logger, roomId).info({ program: programId }, 'recording removed to make room')
    }
  }

  async #removeRoom(roomId: string): Promise<void> {
    const running = [...this.#recorders.values()].filter(({ program }) => program.roomId === roomId)
    await Promise.all(running.map((recorder) => recorder.close()))
    for (const { program } of running) this.#recorders.delete(program.id)
    this.#inBackground(async () => {
      for (const { programId } of await this.files.list(roomId)) await this.files.remove(roomId, programId)
    })
  }

  async #checkSpace(): Promise<void> {
    const { minFreeBytes } = this.#options.config
    const free = await (this.#options.freeBytes ?? freeBytesOf)(this.#options.dataDir)
    if (free >= minFreeBytes) return
    const message = `${Math.floor(free / 2 ** 20)} MiB are free on the disk, recording.minFreeBytes is ${Math.floor(minFreeBytes / 2 ** 20)} MiB`
    throw new HeadwaterError('recording_failed', message)
  }

  /** Failures are in the log. */
  #inBackground(deed: () => Promise<void>): void {
    this.#enqueue(deed).catch(() => {})
  }

  #enqueue<T>(deed: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(deed)
    this.#queue = done.catch((error: unknown) =>
      this.#options.logger.warn({ err: error }, 'recordings could not be put in order'),
    )
    return done
  }
}

async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory)
  return bavail * bsize
}
