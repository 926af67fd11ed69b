/**
 * One broadcast of a room: the one continuous timeline, whichever source feeds it. What happens to the publisher is
 * dealt with here; everything below sees one endless, well-formed stream.
 */
import { PARTS_PER_SECOND, runningNumberAt } from '../../media/part.ts'
import type { Sign } from '../../media/signature.ts'
import type { Logger } from '../../runtime/logger.ts'
import type { SlateClip } from '../slate/clip.ts'
import type { Packager } from '../packager/packager.ts'
import type { EncodingPlan } from './encoding-plan.ts'
import type { FlvLog } from './flv-log.ts'
import type { LiveFacts, Notice, PublisherKind, SourceFacts } from './live-rooms.ts'
import { ProgramOutput } from './program-output.ts'
import { ProgramLife } from './program-life.ts'
import type { ProgramState } from './program-state.ts'
import type { RestoredProgram } from './restored-program.ts'
import type { SourceFeedOptions } from './source-feed.ts'
import type { Source, SourceLimits } from './source.ts'
import type { Departure, OutageSettings } from './stand-in.ts'
import { everySoOften, Switchboard, TICK_MS, type Switch } from './switchboard.ts'
import { Timeline } from './timeline.ts'
import type { VideoLog } from './video-log.ts'

export interface ProgramOptions {
  id: string
  roomId: string
  limits: SourceLimits
  windowSeconds: number
  /** Of the room, read at each outage. */
  settings: () => OutageSettings
  /** What stands in for publishers; null for nothing. */
  slate: (() => Promise<SlateClip>) | null
  convertAudio?: SourceFeedOptions['convertAudio']
  sign: Sign
  logger: Logger
  now?: () => number
  /** It was there before a restart, and goes on where it ended. */
  restored?: RestoredProgram
  /** Calls back again and again, until it is stopped by what it answers. */
  every?: (ms: number, tick: () => void) => () => void
  /** The program has video that wants encoding. Once. */
  onEncodingNeeded: (program: Program) => void
  onChange: (program: Program) => void
  onSwitch?: (program: Program, change: Switch) => void
  /** The slate has fed for so long, again. */
  onSlate?: (ms: number) => void
  /** What this publisher sends cannot be taken: it is to be told, and disconnected. Null for all of them. */
  onRefused: (program: Program, reason: Notice, kind: PublisherKind | null) => void
}

export class Program {
  readonly id: string
  readonly roomId: string
  readonly startedAtMs: number
  readonly output: ProgramOutput
  readonly #options: ProgramOptions
  readonly #now: () => number
  readonly #timeline = new Timeline()
  readonly #board: Switchboard
  readonly #stopTicking: () => void
  readonly #life: ProgramLife
  #refusal: Notice | null = null
  #plan: EncodingPlan | null = null
  readonly #drainListeners = new Set<() => void>()
  #isDrained = false

  constructor(options: ProgramOptions) {
    this.id = options.id
    this.roomId = options.roomId
    this.#options = options
    this.#now = options.now ?? Date.now
    this.startedAtMs = options.restored?.startedAtMs ?? this.#now()
    this.output = new ProgramOutput({
      ...options,
      programId: options.id,
      audioBitrateKbps: options.limits.audioBitrateKbps,
      now: this.#now,
      onFirstVideo: () => options.onEncodingNeeded(this),
    })
    this.#life = new ProgramLife({ packager: this.packager, onMove: (from, to) => this.#moved(from, to) })
    this.#board = new Switchboard(this.#boardOptions())
    if (options.restored) this.#resume(options.restored)
    this.packager.onPublish(() => this.#life.follow(this.#board.isFed))
    this.#stopTicking = (options.every ?? everySoOften)(TICK_MS, () => this.#board.tick())
  }

  get videoLog(): VideoLog {
    return this.output.videoLog
  }

  get flvLog(): FlvLog {
    return this.output.flvLog
  }

  get packager(): Packager {
    return this.output.packager
  }

  get state(): ProgramState {
    return this.#life.state
  }

  /** Wall clock at media time 0, in ms since 1970. */
  get epochMs(): number {
    return this.#timeline.epochMs ?? this.startedAtMs
  }

  /** Wall clock of the loss of the last publisher; null while one feeds the program. */
  get interruptedAtMs(): number | null {
    return this.#life.interruptedAtMs
  }

  /** When nobody may come back any more; null while somebody feeds the program. */
  get windowEndsAtMs(): number | null {
    return this.#board.windowEndsAtMs
  }

  /** Where the timeline went on behind the last restart; null before the first. */
  get resumedMs(): number | null {
    const { restored } = this.#options
    return restored ? (restored.nextPart * 1000) / PARTS_PER_SECOND : null
  }

  get interruptions(): number {
    return this.#life.interruptions
  }

  /** Ended or refused: nothing more will come. */
  get isOver(): boolean {
    return this.#life.isOver
  }

  get plan(): EncodingPlan | null {
    return this.#plan
  }

  get frameRate(): number | null {
    return this.#board.publisher?.frameRate ?? null
  }

  /** A publisher comes; it feeds the program as soon as it is its turn. */
  connect(kind: PublisherKind): Source {
    return this.#board.connect(kind)
  }

  /** A publisher is gone; if it fed the program, another one does, or the program waits. */
  disconnect(source: Source, departure: Departure): void {
    this.#board.disconnect(source, departure)
    if (this.#isAbandoned) this.end()
  }

  /** Viewers could play something of it at some time. */
  get wasPlayable(): boolean {
    return this.#life.wasPlayable
  }

  /** Its publishers have gone before there was anything to wait for them with. */
  get #isAbandoned(): boolean {
    return !this.wasPlayable && this.#board.publisher === null
  }

  /** Has a connected publisher feed until it is lost. Throws `source_not_live`. */
  takeover(kind: PublisherKind): void {
    this.#board.takeover(kind)
  }

  /** Feeds end here, so that encoders write out what they hold before the broadcast does. */
  drain(): void {
    this.#isDrained = true
    this.#stopTicking()
    this.#board.close()
    for (const listener of [...this.#drainListeners]) listener()
    this.#drainListeners.clear()
  }

  /** Calls back when feeds are to end, at once where they are already. Returns the way to stop. */
  onDrain(listener: () => void): () => void {
    if (this.#isDrained) listener()
    this.#drainListeners.add(listener)
    return () => void this.#drainListeners.delete(listener)
  }

  /** Ends the broadcast for good: playlists get their EXT-X-ENDLIST. Idempotent. */
  end(): void {
    if (this.isOver) return
    this.drain()
    this.output.end()
    this.#life.move('ended')
  }

  close(): void {
    this.drain()
    this.output.close()
  }

  /** The encoder has looked at the source and says what it makes of it. */
  adopt(plan: EncodingPlan): void {
    this.#plan = plan
    this.#timeline.fps = plan.fps
    this.packager.open(plan.renditions)
    this.#options.onChange(this)
  }

  facts(): LiveFacts {
    return {
      state: this.state,
      programId: this.id,
      startedAtMs: this.startedAtMs,
      interruptedAtMs: this.interruptedAtMs,
      sources: this.#board.statuses(),
      source: this.#sourceFacts(),
      refusal: this.#refusal,
      renditions: this.packager.tracks().map(({ track, plan, bitrateKbps }) => {
        return { name: track.name, width: plan?.width ?? null, height: plan?.height ?? null, bitrateKbps }
      }),
    }
  }

  /** What comes cannot be taken at all: the program is over. */
  refuse(reason: Notice): void {
    if (this.isOver) return
    this.#note(reason)
    this.drain()
    this.output.end()
    this.#life.move('refused')
    this.#options.onRefused(this, reason, null)
  }

  /** One publisher cannot be taken. That ends a program that has nothing else yet; a running one goes on without it. */
  #refuseSource(source: Source, reason: Notice): void {
    if (this.isOver) return
    if (this.state === 'starting' && this.#board.statuses().length === 1) return this.refuse(reason)
    this.#note(reason)
    this.#options.onRefused(this, reason, source.kind)
    this.#board.disconnect(source, 'gone')
  }

  #note(reason: Notice): void {
    this.#refusal = reason
    this.#options.logger.warn({ code: reason.code, reason: reason.message }, 'source refused')
  }

  #boardOptions(): ConstructorParameters<typeof Switchboard>[0] {
    const { limits, logger, settings, slate, convertAudio } = this.#options
    return {
      ...{ limits, logger, settings, slate, timeline: this.#timeline, sink: this.output, now: this.#now },
      ...(convertAudio ? { convertAudio } : {}),
      hasVideo: () => this.output.hasVideo || this.#plan !== null,
      onSwitch: (change) => this.#switched(change),
      onSlate: (ms) => this.#options.onSlate?.(ms),
      onLost: (sinceMs) => this.#lost(sinceMs),
      onWindowOver: () => this.end(),
      onRefused: (source, reason) => this.#refuseSource(source, reason),
    }
  }

  #switched(change: Switch): void {
    if (change.to !== 'slate') {
      this.#refusal = null
      this.#life.feeds(runningNumberAt(Math.round(this.output.headMs), 1000))
    }
    this.#options.onSwitch?.(this, change)
    this.#options.onChange(this)
  }

  #lost(sinceMs: number): void {
    if (!this.#isAbandoned) this.#life.lost(sinceMs)
  }

  /** Its publisher was lost with the process before this one; everything else is as it was. */
  #resume(restored: RestoredProgram): void {
    const { plan, nextPart, interruptedAtMs } = restored
    const nextMs = (nextPart * 1000) / PARTS_PER_SECOND
    this.output.resume(restored)
    this.#timeline.resume({ epochMs: restored.epochMs, nextMs, nowMs: this.#now() })
    this.#timeline.fps = plan?.fps ?? null
    this.#plan = plan
    this.#life.resume(restored)
    const { reconnectWindowMs } = this.#options.settings()
    this.#board.resume(interruptedAtMs, restored.windowEndsAtMs ?? interruptedAtMs + reconnectWindowMs)
  }

  #sourceFacts(): SourceFacts | null {
    const facts = this.#board.facts()
    if (!facts || !this.#plan) return facts
    const { source, notices } = this.#plan
    return { ...facts, ...source, warnings: [...facts.warnings, ...notices] }
  }

  #moved(from: ProgramState, to: ProgramState): void {
    this.#options.logger.info({ program: this.id, from, to }, 'program state')
    this.#options.onChange(this)
  }
}
