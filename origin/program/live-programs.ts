/** Every room's running program: begins and ends them, tells who listens how they go. */
import { randomBytes } from 'node:crypto'
import type { Config } from '../../runtime/config.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { roomLogger, type Logger } from '../../runtime/logger.ts'
import type { Metrics } from '../../runtime/metrics.ts'
import { steadyNow } from '../../runtime/steady-clock.ts'
import type { Publication, PublishRequest, Refusal, RtmpSession } from '../ingest/rtmp-session.ts'
import type { RoomRegistry } from '../room/registry.ts'
import { signerOf } from '../room/room.ts'
import type { SlateClip } from '../slate/clip.ts'
import type { EncodingJobs } from './encoding-jobs.ts'
import type { LiveFacts, LiveRooms, Notice, PublisherKind } from './live-rooms.ts'
import { Program } from './program.ts'
import { countPrograms, type ProgramFigures } from './program-metrics.ts'
import { Publishers } from './publishers.ts'
import type { RestoredProgram } from './restored-program.ts'
import type { OutageSettings } from './stand-in.ts'

export interface LiveProgramsOptions {
  rooms: RoomRegistry
  jobs: EncodingJobs
  config: Config
  logger: Logger
  /** What stands in for publishers who are away. */
  slates: { clip(roomId: string): Promise<SlateClip> } | null
  metrics: Metrics
}

interface Live {
  program: Program
  forgetTimer: NodeJS.Timeout | null
  /** It is being ended on purpose: a publisher that comes now begins another program. */
  isFinishing: boolean
}

/** Viewers read the end of an ended program for this long. */
const KEPT_AFTER_END_MS = 120_000
/** What an encoder still holds when the program ends has this long to arrive. */
const DRAIN_MS = 600

const ENDED = 'the stream was ended in the studio: to begin a new one, stop the encoder, and start it again'
const NO_STORE = 'the server cannot start new streams at the moment: try again in a minute'

const IDLE: LiveFacts = {
  state: 'idle',
  programId: null,
  startedAtMs: null,
  interruptedAtMs: null,
  sources: [],
  source: null,
  refusal: null,
  renditions: [],
}

export class LivePrograms implements LiveRooms {
  readonly name = 'programs'
  readonly #options: LiveProgramsOptions
  readonly #publishers: Publishers
  readonly #live = new Map<string, Live>()
  readonly #listeners = new Set<(roomId: string, facts: LiveFacts) => void>()
  readonly #figures: ProgramFigures

  constructor(options: LiveProgramsOptions) {
    this.#options = options
    const { rooms, logger, metrics } = options
    this.#figures = countPrograms(metrics, this)
    this.#publishers = new Publishers({ rooms, logger, openProgram: (roomId) => this.#openProgram(roomId) })
    rooms.onDelete((roomId) => void this.drop(roomId))
  }

  facts(roomId: string): LiveFacts {
    return this.#live.get(roomId)?.program.facts() ?? IDLE
  }

  onChange(listener: (roomId: string, facts: LiveFacts) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** The room's program, running or just ended. */
  program(roomId: string): Program | undefined {
    return this.#live.get(roomId)?.program
  }

  programs(): Program[] {
    return [...this.#live.values()].map((live) => live.program)
  }

  /** Who publishes with which key; the way in for every RTMP connection. */
  authorise(request: PublishRequest, session: RtmpSession): Promise<Publication | Refusal> {
    return this.#publishers.authorise(request, session)
  }

  /** A running publication is not acceptable after all: its streamer is told, and disconnected. */
  refuse(programId: string, reason: Notice): void {
    this.programs()
      .find((program) => program.id === programId)
      ?.refuse(reason)
  }

  async end(roomId: string): Promise<void> {
    const live = this.#live.get(roomId)
    if (live) await this.#finish(live)
  }

  takeover(roomId: string, kind: PublisherKind): void {
    const program = this.#live.get(roomId)?.program
    if (!program || program.isOver) throw new HeadwaterError('room_not_live', 'nothing is on air')
    program.takeover(kind)
  }

  async drop(roomId: string): Promise<void> {
    const live = this.#live.get(roomId)
    if (!live) return
    await this.#finish(live)
    this.#forget(roomId, live)
  }

  /**
   * Goes on with a program that was there before a restart. One whose window ran out meanwhile ends now: its viewers, who waited,
   * are told so. False where nobody can go on, for its room is gone.
   */
  restore(restored: RestoredProgram): boolean {
    const { roomId } = restored
    if (!this.#options.rooms.find(roomId) || this.#live.has(roomId)) return false
    const program = this.#begin(this.#createProgram(roomId, restored))
    if ((program.windowEndsAtMs ?? 0) <= steadyNow()) program.end()
    else this.#publishers.expect(program)
    return true
  }

  /** The process ends, the programs do not: whoever starts next goes on with them. */
  async close(): Promise<void> {
    this.#publishers.close()
    for (const { program, forgetTimer } of this.#live.values()) {
      if (forgetTimer) clearTimeout(forgetTimer)
      await this.#options.jobs.close(program.id)
      program.close()
    }
    this.#live.clear()
  }

  async #finish(live: Live): Promise<void> {
    live.isFinishing = true
    // The source goes first: a publisher that is sent away is no interruption, and no viewer is told of one.
    live.program.drain()
    this.#publishers.dismiss(live.program, ENDED)
    await new Promise((resolve) => setTimeout(resolve, DRAIN_MS))
    live.program.end()
  }

  #openProgram(roomId: string): Program {
    const running = this.#live.get(roomId)
    if (running && !running.isFinishing && !running.program.isOver) return running.program
    running?.program.end()
    if (running) this.#forget(roomId, running)
    return this.#begin(this.#createProgram(roomId))
  }

  #begin(program: Program): Program {
    this.#live.set(program.roomId, { program, forgetTimer: null, isFinishing: false })
    this.#tell(program)
    return program
  }

  #createProgram(roomId: string, restored?: RestoredProgram): Program {
    const { config, rooms, jobs, slates } = this.#options
    const logger = roomLogger(this.#options.logger, roomId)
    return new Program({
      id: restored?.id ?? createProgramId(),
      roomId,
      ...(restored ? { restored } : {}),
      limits: { ...config.source, audioBitrateKbps: config.ladder.audioBitrateKbps },
      windowSeconds: config.window.seconds,
      settings: () => this.#settings(roomId),
      slate: slates && (() => slates.clip(roomId)),
      sign: signerOf(rooms.signingKey(roomId)),
      logger,
      // A wall clock set back by an hour would stop the timeline for an hour.
      now: steadyNow,
      onEncodingNeeded: (program) => {
        jobs.open(program).catch((error: unknown) => {
          logger.error({ err: error }, 'encoding could not be asked for')
          // A program that goes on after a restart is encoded as soon as the store is back; a new one says so.
          if (!restored) program.refuse({ code: 'encoding_unavailable', message: NO_STORE })
        })
      },
      onChange: (program) => this.#changed(program),
      onSwitch: (_, { to }) => this.#figures.switched(to),
      onSlate: (ms) => this.#figures.slate(ms),
      onRefused: (program, reason, kind) => this.#publishers.refuse(program.roomId, kind, reason.message),
    })
  }

  #settings(roomId: string): OutageSettings {
    const { config, rooms } = this.#options
    const { slateAfterMs = null, reconnectWindowS = null } = rooms.find(roomId)?.settings ?? {}
    return { slateAfterMs, reconnectWindowMs: (reconnectWindowS ?? config.reconnectWindowSeconds) * 1000 }
  }

  #changed(program: Program): void {
    const live = this.#live.get(program.roomId)
    if (program.isOver) {
      if (program.state === 'ended') this.#publishers.release(program)
      else this.#publishers.forget(program)
      this.#options.jobs.close(program.id).catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'the store did not take the end of an encoding job')
      })
      if (live && live.program === program)
        live.forgetTimer ??= setTimeout(() => this.#forget(program.roomId, live), KEPT_AFTER_END_MS)
    }
    // Nobody has seen anything of it: the room is as it was before, without a word of an end.
    const isNothing = program.state === 'ended' && !program.wasPlayable
    this.#tell(program, isNothing ? IDLE : program.facts())
    if (isNothing && live?.program === program) this.#forget(program.roomId, live)
  }

  #tell(program: Program, facts = program.facts()): void {
    for (const listener of this.#listeners) listener(program.roomId, facts)
  }

  #forget(roomId: string, live: Live): void {
    if (live.forgetTimer) clearTimeout(live.forgetTimer)
    live.program.close()
    if (this.#live.get(roomId) !== live) return
    this.#live.delete(roomId)
    for (const listener of this.#listeners) listener(roomId, IDLE)
  }
}

/** Time first, so that ids sort by age; random behind it, so that none comes twice. */
function createProgramId(): string {
  return Date.now().toString(36) + randomBytes(5).toString('hex')
}
