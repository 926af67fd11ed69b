/** Records one program: writes each part once it is published, in order, at the disk's own pace. Never in the way of the program. */
import { concatBytes } from '../../media/bytes.ts'
import { encodeRecordingHeader, type RecordingHeader } from '../../media/movie/header.ts'
import { retrackPart } from '../../media/movie/retrack.ts'
import { PARTS_PER_SECOND, readPart } from '../../media/part.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import type { Logger } from '../../runtime/logger.ts'
import { AUDIO_TRACK, type PackagedTrack, type Packager } from '../packager/packager.ts'
import { chooseRendition } from './choose-rendition.ts'
import { ProgramParts, type RecordablePart } from './program-parts.ts'
import type { Recording } from './recording.ts'
import type { RecordingFiles } from './recording-files.ts'
import { RecordingWriter, type OpenRecordingFile } from './recording-writer.ts'

/** As much of a program as its recorder needs. */
export interface RecordedProgram {
  readonly id: string
  readonly roomId: string
  readonly startedAtMs: number
  readonly interruptions: number
  readonly packager: Packager
}

export interface RecorderOptions {
  program: RecordedProgram
  title: string
  /** Its name, or `best`. */
  rendition: string
  files: RecordingFiles
  /** Throws `recording_failed` when the disk is too full to go on. */
  checkSpace: () => Promise<void>
  logger: Logger
  openFile?: OpenRecordingFile
  onWritten?: (bytes: number) => void
}

/**
 * `ended`: all of the program is in the file. `failed`: the disk would not take it. `left`: it goes on, or cannot be recorded; what is
 * in the file can be gone on with.
 */
export type RecorderOutcome = 'ended' | 'failed' | 'left'

interface Recorded {
  facts: Recording
  writer: RecordingWriter
}

/** What of the program is recorded. */
interface Chosen {
  tracks: PackagedTrack[]
  parts: ProgramParts
  header: RecordingHeader
}

/** The free space is looked at this often. */
const PARTS_BETWEEN_CHECKS = 40

export class Recorder {
  readonly program: RecordedProgram
  /** Resolves once, when nothing more is written. Never rejects. */
  readonly done: Promise<RecorderOutcome>
  readonly #options: RecorderOptions
  readonly #unsubscribe: () => void
  #finish: (outcome: RecorderOutcome) => void = () => {}
  /** The first part that this program makes, or makes anew: none from here on can be in the file already. */
  readonly #nextPart: number
  #chosen: Chosen | null = null
  #recorded: Recorded | null = null
  #isFileLookedAt = false
  #isPumping = false
  #isDone = false
  /** Nothing more will be published, or nothing more is wanted. */
  #ending: RecorderOutcome | null = null
  #written = 0
  #lostReported = 0
  #failure: Recording['failure'] = null

  constructor(options: RecorderOptions) {
    this.program = options.program
    this.#options = options
    this.#nextPart = options.program.packager.nextPart
    this.done = new Promise((resolve) => (this.#finish = resolve))
    this.#unsubscribe = options.program.packager.onPublish(() => this.#follow())
    this.#follow()
  }

  /** Nothing more is written. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** What is recorded so far; null before the first part is in the file. */
  facts(): Recording | null {
    if (!this.#recorded) return null
    const { facts, writer } = this.#recorded
    const durationMs =
      (((writer.lastPart ?? facts.firstPart - 1) + 1 - facts.firstPart) * 1000) / PARTS_PER_SECOND
    const interruptions = Math.max(facts.interruptions, this.program.interruptions)
    return { ...facts, durationMs, bytes: writer.bytes, interruptions, failure: this.#failure }
  }

  /** Writes what is published by now and lets go, without the recording being over. */
  close(): Promise<RecorderOutcome> {
    this.#end('left')
    return this.done
  }

  #follow(): void {
    const tracks = this.program.packager.tracks()
    if (tracks.every(({ track }) => track.ended)) this.#end('ended')
    else this.#wake()
  }

  #end(outcome: RecorderOutcome): void {
    if (this.#ending) return
    this.#ending = outcome
    this.#unsubscribe()
    // Before anything is awaited: the program may empty its window as soon as this returns.
    this.#chosen ??= this.#choose()
    this.#chosen?.parts.seal()
    this.#wake()
  }

  #wake(): void {
    if (this.#isPumping || this.#isDone) return
    this.#isPumping = true
    void this.#pump()
  }

  async #pump(): Promise<void> {
    try {
      this.#chosen ??= this.#choose()
      if (this.#chosen) await this.#write(this.#chosen)
      // Nothing is awaited from the last look for a part to the end of this, unless it is over: no part is missed.
      if (this.#ending) await this.#settle(this.#ending)
    } catch (error) {
      await this.#fail(error)
    }
    this.#isPumping = false
  }

  /** Null until there is something to play. */
  #choose(): Chosen | null {
    const { packager } = this.program
    if (!packager.isPlayable) return null
    const video = chooseRendition(packager.tracks(), this.#options.rendition)
    const audio = packager.find(AUDIO_TRACK)
    const tracks = [video, audio].flatMap((track) => (track ? [track] : []))
    const inits = tracks.flatMap(({ track }) => (track.init ? [track.init] : []))
    return {
      tracks,
      parts: new ProgramParts(tracks.map(({ track }) => track)),
      header: encodeRecordingHeader(inits),
    }
  }

  async #write(chosen: Chosen): Promise<void> {
    const { parts } = chosen
    if (!this.#isFileLookedAt) {
      this.#isFileLookedAt = true
      this.#recorded = await this.#resume(chosen)
    }
    for (let part = parts.take(); part; part = parts.take()) {
      this.#recorded ??= await this.#begin(chosen, part.k)
      await this.#append(chosen, this.#recorded, part)
    }
    if (parts.lost === this.#lostReported) return
    this.#options.logger.warn(
      { parts: parts.lost },
      'the disk is too slow: parts are missing in the recording',
    )
    this.#lostReported = parts.lost
  }

  async #begin({ tracks, header }: Chosen, firstPart: number): Promise<Recorded> {
    const { files, title, openFile, checkSpace } = this.#options
    const { id: programId, roomId, startedAtMs } = this.program
    await checkSpace()
    await files.openRoom(roomId)
    const plan = tracks[0]?.plan ?? null
    const facts: Recording = {
      version: 1,
      roomId,
      programId,
      title,
      startedAtMs,
      endedAtMs: null,
      durationMs: 0,
      bytes: header.bytes.length,
      interruptions: this.program.interruptions,
      complete: false,
      rendition: plan?.name ?? null,
      width: plan?.width ?? null,
      height: plan?.height ?? null,
      firstPart,
      init: { start: header.initOffset, end: header.bytes.length },
      mediaEnd: null,
      failure: null,
    }
    // Without facts, what a file of this name holds is nothing that can be gone on with.
    const at = { header, nextPart: firstPart }
    const writer = await RecordingWriter.open(files.paths(roomId, programId), at, openFile)
    if (!writer) throw new Error('there is a file of this name that was not begun by this program')
    await files.save(facts)
    this.#options.logger.info({ program: programId, rendition: facts.rendition }, 'recording')
    return { facts, writer }
  }

  /** Goes on with what an origin before this one has written. */
  async #resume({ parts, header }: Chosen): Promise<Recorded | null> {
    const { files, openFile, logger } = this.#options
    const { id, roomId } = this.program
    const facts = await files.find(roomId, id)
    if (!facts) return null
    const writer = facts.complete
      ? null
      : await RecordingWriter.open(files.paths(roomId, id), { header, nextPart: this.#nextPart }, openFile)
    if (!writer) throw new Error('the recording of this program is closed already')
    parts.skipTo((writer.lastPart ?? facts.firstPart - 1) + 1)
    logger.info({ program: id, bytes: writer.bytes }, 'recording goes on')
    return { facts, writer }
  }

  async #append(
    { tracks }: Chosen,
    { facts, writer }: Recorded,
    { k, parts }: RecordablePart,
  ): Promise<void> {
    const number = k - facts.firstPart
    if (this.#written++ % PARTS_BETWEEN_CHECKS === 0) await this.#options.checkSpace()
    const fragments = parts.map((bytes, index) => {
      const { timescale } = readPart(bytes).header
      const startTime = (facts.firstPart * timescale) / PARTS_PER_SECOND
      return retrackPart(bytes, {
        trackId: index + 1,
        sequence: number * tracks.length + index + 1,
        startTime,
      })
    })
    const bytes = concatBytes(fragments)
    await writer.append(k, bytes)
    this.#options.onWritten?.(bytes.length)
  }

  async #fail(error: unknown): Promise<void> {
    const { logger } = this.#options
    const message = error instanceof HeadwaterError ? error.message : 'the disk did not take it'
    this.#failure = { code: 'recording_failed', message }
    logger.warn({ err: error, ...this.#failure }, 'recording stopped')
    this.#ending = 'failed'
    this.#unsubscribe()
    await this.#settle('failed')
  }

  async #settle(outcome: RecorderOutcome): Promise<void> {
    if (this.#isDone) return
    this.#isDone = true
    const facts = this.facts()
    await this.#recorded?.writer.close().catch(() => {})
    if (facts) await this.#options.files.save(facts).catch(() => {}) // said already, or said when it is read again
    this.#chosen = null
    this.#finish(outcome)
  }
}
