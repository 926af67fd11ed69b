/**
 * Writes one program to its directory while it runs: program.json, and each track's parts in files that only grow. It reads
 * from the tracks' own window, so that nothing is held for it, and never makes the program wait: one that cannot keep up, or
 * cannot write, gives up what it has and begins again later.
 */
import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { concatBytes } from '../../media/bytes.ts'
import { PARTS_PER_SEGMENT, partIdOf, runningNumber } from '../../media/part.ts'
import type { Track } from '../../media/track.ts'
import { replaceFile } from '../../runtime/data-dir.ts'
import type { Logger } from '../../runtime/logger.ts'
import { PartFiles } from './part-files.ts'
import { formatRecord, RECORD_FILE, type ProgramRecord } from './program-record.ts'

export interface ProgramJournalOptions {
  /** Its own; made when the first part is there, gone when the program has ended. */
  directory: string
  packager: JournaledPackager
  /** The program as it is now. */
  describe: () => ProgramRecord
  logger: Logger
  /** The first part that is not on disk, of a program that is there since before a restart. */
  resumeAt?: number
  /** Milliseconds; for tests. */
  retryMs?: number
}

/** What a journal needs to know of a packager. */
export interface JournaledPackager {
  readonly nextPart: number
  tracks(): readonly { track: Track }[]
  onPublish(listener: () => void): () => void
}

/** A file is followed by the next after this many parts (32 s); it goes when all of it has left the window. */
export const PARTS_PER_FILE = 16 * PARTS_PER_SEGMENT
/** Ten seconds of parts that the disk has not taken: more will not help. */
export const MAX_PARTS_BEHIND = 40
const RETRY_MS = 30_000
const PRIVATE_DIR_MODE = 0o700

export class ProgramJournal {
  readonly #options: ProgramJournalOptions
  readonly #stop: () => void
  readonly #files: PartFiles
  /** The next part to write; null while nothing is written. */
  #next: number | null
  #written = ''
  #running: Promise<void> | null = null
  #isBehind = false
  #isClosed = false
  #retryAtMs = 0
  #hasFailed = false

  constructor(options: ProgramJournalOptions) {
    this.#options = options
    this.#files = new PartFiles(options.directory)
    this.#next = options.resumeAt ?? null
    this.#stop = options.packager.onPublish(() => this.update())
  }

  /** Writes what is new, parts or facts, as soon as the disk has taken what came before. */
  update(): void {
    this.#isBehind = true
    if (this.#isClosed || this.#running || Date.now() < this.#retryAtMs) return
    this.#running = this.#run()
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#running = null
        if (this.#isBehind) this.update()
      })
  }

  /** Resolves when nothing is being written. */
  async settle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Writes what there is, and stops; what is on disk stays. */
  async close(): Promise<void> {
    this.#stop()
    this.update()
    await this.settle()
    this.#isClosed = true
    await this.#files.close().catch(() => {})
  }

  /** Stops, and leaves nothing on disk. */
  async discard(): Promise<void> {
    this.#isClosed = true
    this.#stop()
    await this.settle()
    await this.#remove()
  }

  async #run(): Promise<void> {
    while (this.#isBehind) {
      this.#isBehind = false
      await this.#catchUp()
    }
  }

  async #catchUp(): Promise<void> {
    const { packager, describe, logger } = this.#options
    for (;;) {
      const end = packager.nextPart
      const next = this.#next ?? this.#firstPart()
      if (next === null) return
      const record = formatRecord(describe())
      if (next >= end && record === this.#written) return
      if (this.#next !== null && end - next > MAX_PARTS_BEHIND) throw new Error(`${end - next} parts behind`)
      if (this.#written === '') await this.#makeDirectory()
      if (next < end) await this.#writeParts(next, end)
      // Behind the parts: a process killed in between leaves no program that is known and cannot be gone on with.
      await this.#writeRecord(record)
      if (this.#hasFailed) logger.info('the program is kept on disk again')
      this.#hasFailed = false
    }
  }

  /** The oldest part that every track has; null before there is one. */
  #firstPart(): number | null {
    const firsts = this.#options.packager.tracks().map(({ track }) => {
      const listed = track.segments().find(({ gap }) => gap !== true)
      return listed ? listed.msn * PARTS_PER_SEGMENT : Infinity
    })
    const first = Math.max(...firsts)
    return Number.isFinite(first) ? first : null
  }

  async #writeRecord(text: string): Promise<void> {
    if (text === this.#written) return
    await replaceFile(path.join(this.#options.directory, RECORD_FILE), text)
    this.#written = text
  }

  async #makeDirectory(): Promise<void> {
    await mkdir(this.#options.directory, { recursive: true, mode: PRIVATE_DIR_MODE })
  }

  async #writeParts(next: number, end: number): Promise<void> {
    const { packager } = this.#options
    const isNewFile = this.#files.firstPart === null || next >= nextFileAfter(this.#files.firstPart)
    if (isNewFile) await this.#files.begin(next)
    const to = Math.min(end, nextFileAfter(this.#files.firstPart ?? next))
    const tracks = packager.tracks().map(({ track }) => track)
    for (const track of tracks) {
      const parts = bytesOf(track, next, to)
      await this.#files.append(track.name, concatBytes(isNewFile ? [requireInit(track), ...parts] : parts))
    }
    this.#next = to
    if (isNewFile) await this.#files.removeBefore(this.#firstPart() ?? 0)
  }

  /** Warned of once; what is on disk would only bring back a program that has long gone on. */
  async #fail(error: unknown): Promise<void> {
    const { logger, retryMs = RETRY_MS } = this.#options
    const problem = error instanceof Error ? error.message : String(error)
    if (!this.#hasFailed)
      logger.warn(
        { code: 'journal_failed', problem },
        'the program cannot be kept on disk: a restart would end it',
      )
    this.#hasFailed = true
    this.#retryAtMs = Date.now() + retryMs
    await this.#remove()
  }

  async #remove(): Promise<void> {
    await this.#files.close().catch(() => {})
    this.#next = null
    this.#written = ''
    const { directory, logger } = this.#options
    // Without it the rest is nothing, should the rest stay.
    await rm(path.join(directory, RECORD_FILE), { force: true }).catch(() => {})
    await rm(directory, { recursive: true, force: true }).catch((error: unknown) => {
      logger.debug({ err: error }, 'a journal could not be removed')
    })
  }
}

/** At the beginning of a segment, and so with a keyframe. */
function nextFileAfter(file: number): number {
  return Math.ceil(file / PARTS_PER_SEGMENT) * PARTS_PER_SEGMENT + PARTS_PER_FILE
}

function requireInit(track: Track): Uint8Array {
  if (!track.init) throw new Error(`track ${track.name} has no init segment`)
  return track.init
}

/** Throws where a part has left the window already. */
function bytesOf(track: Track, from: number, to: number): Uint8Array[] {
  return Array.from({ length: to - from }, (_, index) => {
    const { msn, part } = partIdOf(from + index)
    const bytes = track.find(msn, part)?.bytes
    if (!bytes) throw new Error(`part ${runningNumber({ msn, part })} of ${track.name} has left the window`)
    return bytes
  })
}
