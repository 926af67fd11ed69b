/** The journals of all programs, in DATA_DIR/programs: opened with the first word of a program, gone when it has ended. */
import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { roomLogger, type Logger } from '../../runtime/logger.ts'
import type { EncodingPlan } from '../program/encoding-plan.ts'
import type { RestoredProgram } from '../program/restored-program.ts'
import { ProgramJournal, type JournaledPackager } from './program-journal.ts'
import { PROGRAM_ID_PATTERN } from './program-record.ts'
import { readProgram } from './read-program.ts'

/** What a journal keeps of a program. */
export interface JournaledProgram {
  readonly id: string
  readonly roomId: string
  readonly startedAtMs: number
  readonly epochMs: number
  readonly plan: EncodingPlan | null
  readonly interruptions: number
  readonly interruptedAtMs: number | null
  readonly windowEndsAtMs: number | null
  /** Ended or refused: it does not come back. */
  readonly isOver: boolean
  readonly packager: JournaledPackager
}

export interface JournalsOptions {
  dataDir: string
  logger: Logger
  now?: () => number
}

export class Journals {
  readonly #directory: string
  readonly #logger: Logger
  readonly #now: () => number
  readonly #open = new Map<string, ProgramJournal>()
  readonly #discarding = new Set<Promise<void>>()
  /** First parts that are not on disk, of programs just read. */
  readonly #resumeAt = new Map<string, number>()
  #isClosed = false

  constructor({ dataDir, logger, now = Date.now }: JournalsOptions) {
    this.#directory = path.join(dataDir, 'programs')
    this.#logger = logger
    this.#now = now
  }

  /**
   * Every program that a process before this one left, and removes what cannot be read. Whoever does not go on with one says
   * so by `remove`. Never throws: what cannot be read is lost, and the server starts.
   */
  async read(): Promise<RestoredProgram[]> {
    const names = await this.#names().catch((error: unknown) => {
      this.#warn(error)
      return []
    })
    const programs: RestoredProgram[] = []
    for (const name of names) {
      const program = await readProgram(path.join(this.#directory, name), this.#now()).catch(
        (error: unknown) => {
          this.#warn(error, name)
          return null
        },
      )
      if (program?.id !== name) await this.remove(name)
      else {
        this.#resumeAt.set(name, program.nextPart)
        programs.push(program)
      }
    }
    return programs
  }

  /** Looks at a program that is new, or has changed. */
  follow(program: JournaledProgram): void {
    if (this.#isClosed) return // what happens to it while this process ends is not what it is
    const known = this.#open.get(program.id)
    if (!program.isOver) return (known ?? this.#begin(program)).update()
    this.#open.delete(program.id)
    const discarding = known?.discard() ?? Promise.resolve()
    this.#discarding.add(discarding)
    void discarding.finally(() => this.#discarding.delete(discarding))
  }

  /** Nobody goes on with this one. */
  async remove(id: string): Promise<void> {
    this.#resumeAt.delete(id)
    await rm(path.join(this.#directory, id), { recursive: true, force: true }).catch((error: unknown) =>
      this.#warn(error, id),
    )
  }

  /** Resolves when everything published is on disk. */
  async settle(): Promise<void> {
    await Promise.all([...this.#open.values()].map((journal) => journal.settle()))
  }

  /** Writes what there is, and leaves it on disk for the next process. */
  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...[...this.#open.values()].map((journal) => journal.close()), ...this.#discarding])
    this.#open.clear()
  }

  #begin(program: JournaledProgram): ProgramJournal {
    const resumeAt = this.#resumeAt.get(program.id)
    this.#resumeAt.delete(program.id)
    const journal = new ProgramJournal({
      directory: path.join(this.#directory, program.id),
      packager: program.packager,
      describe: () => ({
        version: 1,
        id: program.id,
        roomId: program.roomId,
        startedAtMs: program.startedAtMs,
        epochMs: program.epochMs,
        plan: program.plan,
        interruptions: program.interruptions,
        interruptedAtMs: program.interruptedAtMs,
        windowEndsAtMs: program.windowEndsAtMs,
      }),
      logger: roomLogger(this.#logger, program.roomId),
      ...(resumeAt === undefined ? {} : { resumeAt }),
    })
    this.#open.set(program.id, journal)
    return journal
  }

  async #names(): Promise<string[]> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 })
    const entries = await readdir(this.#directory, { withFileTypes: true })
    return entries.flatMap((entry) =>
      entry.isDirectory() && PROGRAM_ID_PATTERN.test(entry.name) ? [entry.name] : [],
    )
  }

  #warn(error: unknown, program?: string): void {
    const problem = error instanceof Error ? error.message : String(error)
    this.#logger.warn(
      { code: 'journal_unreadable', program, problem },
      'a program from before the restart is lost',
    )
  }
}
