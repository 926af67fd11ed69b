/** Every room's running program: takes publishers in, keeps one source a room, tells who listens how it goes. */
import { randomBytes } from 'node:crypto'
import type { Config } from '../../runtime/config.ts'
import type { FlvTag } from '../../media/flv-tag.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { roomLogger, type Logger } from '../../runtime/logger.ts'
import type { EndReason, Publication, PublishRequest, Refusal, RtmpSession } from '../ingest/rtmp-session.ts'
import { KeyGuard } from '../room/key-guard.ts'
import type { RoomRegistry } from '../room/registry.ts'
import { signerOf } from '../room/room.ts'
import type { EncodingJobs } from './encoding-jobs.ts'
import type { LiveFacts, LiveRooms, Notice, PublisherKind } from './live-rooms.ts'
import { Program } from './program.ts'
import type { RestoredProgram } from './restored-program.ts'
import type { Source } from './source.ts'

export interface LiveProgramsOptions {
  rooms: RoomRegistry
  jobs: EncodingJobs
  config: Config
  logger: Logger
}

interface Live {
  program: Program
  publisher: { session: RtmpSession; source: Source; lastMediaAtMs: number } | null
  forgetTimer: NodeJS.Timeout | null
  /** It is being ended on purpose: a publisher that comes now begins another program. */
  isFinishing: boolean
  /** Publishers are told why they may not, until then. */
  hold: { untilMs: number; description: string } | null
}

export const PUBLISH_APP = 'live'
/** A publisher that has sent nothing for this long is replaced by one with the same key. */
const SILENT_AFTER_MS = 1000
/** A newcomer waits this long for the one before it to fall silent. */
const HOLD_MS = 1500
/** After a stream was ended on purpose, or refused, its encoder's own reconnects are refused for this long. */
const HOLD_AFTER_STOP_MS = 5000
/** Viewers read the end of an ended program for this long. */
const KEPT_AFTER_END_MS = 120_000
/** What an encoder still holds when the program ends has this long to arrive. */
const DRAIN_MS = 600

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
  readonly #keys: KeyGuard
  readonly #live = new Map<string, Live>()
  readonly #listeners = new Set<(roomId: string, facts: LiveFacts) => void>()

  constructor(options: LiveProgramsOptions) {
    this.#options = options
    this.#keys = new KeyGuard({ rooms: options.rooms })
    options.rooms.onDelete((roomId) => void this.drop(roomId))
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
  async authorise(request: PublishRequest, session: RtmpSession): Promise<Publication | Refusal> {
    if (request.app.replace(/\/+$/, '') !== PUBLISH_APP)
      return { description: `the server address ends with /${PUBLISH_APP}` }
    const found = await this.#keys.find(request.streamName, request.remoteAddress)
    if (found === 'limited')
      return { description: 'too many wrong stream keys from this address: try again in a minute' }
    const { room } = found ?? {}
    if (!room) return { description: 'wrong stream key: copy it from the studio again' }
    const hold = this.#live.get(room.id)?.hold
    if (hold && Date.now() < hold.untilMs) return { description: hold.description }
    if (!(await this.#isFree(room.id)))
      return { description: 'this stream key is live already: stop the other one first' }
    return this.#admit(room.id, session)
  }

  /** A running publication is not acceptable after all: its streamer is told, and disconnected. */
  refuse(programId: string, reason: Notice): void {
    this.programs()
      .find((program) => program.id === programId)
      ?.refuse(reason)
  }

  async end(roomId: string): Promise<void> {
    const live = this.#live.get(roomId)
    if (!live) return
    if (live.publisher) hold(live, 'the stream was ended in the studio: start it again to begin a new one')
    await this.#finish(live)
  }

  takeover(roomId: string, kind: PublisherKind): void {
    const live = this.#live.get(roomId)
    if (!live || live.program.facts().programId === null)
      throw new HeadwaterError('room_not_live', 'nothing is on air')
    if (!live.program.facts().sources.some((source) => source.kind === kind))
      throw new HeadwaterError('source_not_live', `no ${kind} publisher is connected`)
  }

  async drop(roomId: string): Promise<void> {
    const live = this.#live.get(roomId)
    if (!live) return
    await this.#finish(live)
    this.#forget(roomId, live)
  }

  /** Goes on with a program that was there before a restart. False where nobody can: its room is gone, or its time is over. */
  restore(restored: RestoredProgram): boolean {
    const { roomId } = restored
    if (!this.#options.rooms.find(roomId) || this.#live.has(roomId)) return false
    const windowMs = this.#reconnectWindowMs(roomId)
    if ((restored.windowEndsAtMs ?? restored.interruptedAtMs + windowMs) <= Date.now()) return false
    const live = newLive(this.#createProgram(roomId, restored))
    this.#live.set(roomId, live)
    this.#tell(live.program)
    return true
  }

  /** The process ends, the programs do not: whoever starts next goes on with them. */
  async close(): Promise<void> {
    for (const { program, publisher, forgetTimer } of this.#live.values()) {
      if (forgetTimer) clearTimeout(forgetTimer)
      publisher?.session.close('stopped')
      await this.#options.jobs.close(program.id)
      program.close()
    }
    this.#live.clear()
  }

  async #finish(live: Live): Promise<void> {
    live.isFinishing = true
    // The source goes first: a publisher that is sent away is no interruption, and no viewer is told of one.
    live.program.drain()
    live.publisher?.session.close('stopped')
    await new Promise((resolve) => setTimeout(resolve, DRAIN_MS))
    live.program.end()
  }

  /** Whether no living publisher holds the room; a silent one is let go. */
  async #isFree(roomId: string): Promise<boolean> {
    const deadline = Date.now() + HOLD_MS
    for (;;) {
      const publisher = this.#live.get(roomId)?.publisher
      if (!publisher) return true
      if (Date.now() - publisher.lastMediaAtMs > SILENT_AFTER_MS) {
        publisher.session.close('replaced')
        return true
      }
      if (Date.now() >= deadline) return false
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }

  #admit(roomId: string, session: RtmpSession): Publication {
    const live = this.#openProgram(roomId)
    const source = live.program.attach()
    const publisher = { session, source, lastMediaAtMs: Date.now() }
    live.publisher = publisher
    roomLogger(this.#options.logger, roomId).info({ address: session.remoteAddress }, 'publisher connected')
    this.#tell(live.program)
    return {
      receive: (tag: FlvTag) => {
        publisher.lastMediaAtMs = Date.now()
        source.receive(tag)
      },
      end: (reason: EndReason) => {
        roomLogger(this.#options.logger, roomId).info({ reason }, 'publisher gone')
        if (live.publisher === publisher) live.publisher = null
        live.program.detach(source)
      },
    }
  }

  #openProgram(roomId: string): Live {
    const running = this.#live.get(roomId)
    const isOver =
      running?.isFinishing || running?.program.state === 'ended' || running?.program.state === 'refused'
    if (running && !isOver) return running
    running?.program.end()
    if (running) this.#forget(roomId, running)
    const live = newLive(this.#createProgram(roomId))
    this.#live.set(roomId, live)
    return live
  }

  #reconnectWindowMs(roomId: string): number {
    const { rooms, config } = this.#options
    return (rooms.find(roomId)?.settings.reconnectWindowS ?? config.reconnectWindowSeconds) * 1000
  }

  #createProgram(roomId: string, restored?: RestoredProgram): Program {
    const { config, rooms, jobs } = this.#options
    const logger = roomLogger(this.#options.logger, roomId)
    return new Program({
      id: restored?.id ?? createProgramId(),
      roomId,
      ...(restored ? { restored } : {}),
      limits: { ...config.source, audioBitrateKbps: config.ladder.audioBitrateKbps },
      windowSeconds: config.window.seconds,
      reconnectWindowMs: this.#reconnectWindowMs(roomId),
      sign: signerOf(rooms.signingKey(roomId)),
      logger,
      onEncodingNeeded: (program) => {
        jobs
          .open(program)
          .catch((error: unknown) => logger.error({ err: error }, 'encoding could not be asked for'))
      },
      onChange: (program) => this.#changed(program),
      onRefused: (program, reason) => this.#disconnect(program, reason),
    })
  }

  #disconnect(program: Program, reason: Notice): void {
    const live = this.#live.get(program.roomId)
    if (!live) return
    hold(live, reason.message)
    live.publisher?.session.refuse(reason.message)
  }

  #changed(program: Program): void {
    const live = this.#live.get(program.roomId)
    const isOver = program.state === 'ended' || program.state === 'refused'
    if (isOver) {
      this.#options.jobs.close(program.id).catch((error: unknown) => {
        this.#options.logger.warn({ err: error }, 'the store did not take the end of an encoding job')
      })
      if (live && live.program === program)
        live.forgetTimer ??= setTimeout(() => this.#forget(program.roomId, live), KEPT_AFTER_END_MS)
    }
    this.#tell(program)
  }

  #tell(program: Program): void {
    const facts = program.facts()
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

function newLive(program: Program): Live {
  return { program, publisher: null, forgetTimer: null, isFinishing: false, hold: null }
}

/** Encoders reconnect by themselves within seconds: told why they may not, they stop and show a failure. */
function hold(live: Live, description: string): void {
  live.hold = { untilMs: Date.now() + HOLD_AFTER_STOP_MS, description }
}

/** Time first, so that ids sort by age; random behind it, so that none comes twice. */
function createProgramId(): string {
  return Date.now().toString(36) + randomBytes(5).toString('hex')
}
