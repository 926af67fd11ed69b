/**
 * One broadcast of a room: the one continuous timeline, whichever source feeds it. What happens to the publisher is
 * dealt with here; everything below sees one endless, well-formed stream.
 */
import type { FlvTag } from '../../media/flv-tag.ts'
import { PARTS_PER_SECOND, runningNumberAt } from '../../media/part.ts'
import type { Sign } from '../../media/signature.ts'
import type { Logger } from '../../runtime/logger.ts'
import { Packager } from '../packager/packager.ts'
import { AudioTrack, frameAt, frameTimeMs } from './audio-track.ts'
import { CaptureClock } from './capture-clock.ts'
import type { EncodingPlan } from './encoding-plan.ts'
import { aacFrame, FlvLog } from './flv-log.ts'
import type { LiveFacts, Notice, RoomState, SourceFacts } from './live-rooms.ts'
import type { RestoredProgram } from './restored-program.ts'
import { Source, type SourceLimits, type SourceSink } from './source.ts'
import { Timeline, TIMELINE_START_MS } from './timeline.ts'
import { VideoLog } from './video-log.ts'

export interface ProgramOptions {
  id: string
  roomId: string
  limits: SourceLimits
  windowSeconds: number
  reconnectWindowMs: number
  sign: Sign
  logger: Logger
  now?: () => number
  /** It was there before a restart, and goes on where it ended. */
  restored?: RestoredProgram
  /** The program has video that wants encoding. Once. */
  onEncodingNeeded: (program: Program) => void
  onChange: (program: Program) => void
  /** The source is not acceptable and is to be disconnected. */
  onRefused: (program: Program, reason: Notice) => void
}

export class Program implements SourceSink {
  readonly id: string
  readonly roomId: string
  readonly startedAtMs: number
  readonly videoLog = new VideoLog()
  readonly flvLog = new FlvLog()
  readonly packager: Packager
  readonly #options: ProgramOptions
  readonly #now: () => number
  readonly #timeline = new Timeline()
  readonly #capture = new CaptureClock()
  readonly #audio: AudioTrack
  #state: RoomState = 'starting'
  #source: Source | null = null
  #refusal: Notice | null = null
  #plan: EncodingPlan | null = null
  #isEncodingAsked = false
  #reconnectTimer: NodeJS.Timeout | null = null
  #interruptions = 0
  #interruptedAtMs: number | null = null
  #lastVideoMs = TIMELINE_START_MS
  readonly #drainListeners = new Set<() => void>()

  constructor(options: ProgramOptions) {
    this.id = options.id
    this.roomId = options.roomId
    this.#options = options
    this.#now = options.now ?? Date.now
    this.startedAtMs = options.restored?.startedAtMs ?? this.#now()
    this.#audio = new AudioTrack((frame, data) => this.#emitAudio(frame, data))
    this.packager = new Packager({
      program: options.id,
      audioBitrateKbps: options.limits.audioBitrateKbps,
      windowSeconds: options.windowSeconds,
      sign: options.sign,
      captureTimeMs: (mediaMs) => this.#capture.wallMs(mediaMs),
      firstPart: runningNumberAt(TIMELINE_START_MS, 1000),
    })
    if (options.restored) this.#resume(options.restored)
    this.packager.onPublish(() => this.#follow())
  }

  get state(): RoomState {
    return this.#state
  }

  /** Wall clock at media time 0, in ms since 1970. */
  get epochMs(): number {
    return this.#timeline.epochMs ?? this.startedAtMs
  }

  /** Wall clock of the loss of the last publisher; null while one feeds the program. */
  get interruptedAtMs(): number | null {
    return this.#interruptedAtMs
  }

  /** When nobody may come back any more; null while somebody feeds the program. */
  get windowEndsAtMs(): number | null {
    return this.#interruptedAtMs === null ? null : this.#interruptedAtMs + this.#options.reconnectWindowMs
  }

  get interruptions(): number {
    return this.#interruptions
  }

  /** Ended or refused: nothing more will come. */
  get isOver(): boolean {
    return this.#state === 'ended' || this.#state === 'refused'
  }

  get plan(): EncodingPlan | null {
    return this.#plan
  }

  get frameRate(): number | null {
    return this.#source?.frameRate ?? null
  }

  /** A new source feeds the program from its next keyframe on; the one before it is let go. */
  attach(): Source {
    this.#source?.close()
    this.#timeline.release()
    this.#stopReconnectTimer()
    const { limits, logger } = this.#options
    const source: Source = new Source({
      timeline: this.#timeline,
      sink: this,
      limits,
      logger,
      now: this.#now,
    })
    this.#source = source
    this.#refusal = null
    return source
  }

  /** The source is gone; the program waits for another. */
  detach(source: Source): void {
    source.close()
    if (this.#source !== source) return
    this.#source = null
    this.#timeline.release()
    if (this.isOver) return
    this.#interruptions++
    this.#interruptedAtMs = this.#now()
    this.#setState('interrupted')
    this.#reconnectTimer = setTimeout(() => this.end(), this.#options.reconnectWindowMs)
  }

  /** Feeds end here, so that encoders write out what they hold before the broadcast does. */
  drain(): void {
    this.#source?.close()
    this.#source = null
    for (const listener of [...this.#drainListeners]) listener()
    this.#drainListeners.clear()
  }

  /** Calls back when feeds are to end. Returns the way to stop. */
  onDrain(listener: () => void): () => void {
    this.#drainListeners.add(listener)
    return () => void this.#drainListeners.delete(listener)
  }

  /** Ends the broadcast for good: playlists get their EXT-X-ENDLIST. Idempotent. */
  end(): void {
    if (this.isOver) return
    this.#stopReconnectTimer()
    this.drain()
    this.packager.end()
    this.#setState('ended')
  }

  close(): void {
    this.#stopReconnectTimer()
    this.drain()
    this.packager.close()
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
      state: this.#state,
      programId: this.id,
      startedAtMs: this.startedAtMs,
      interruptedAtMs: this.#interruptedAtMs,
      sources: this.#source ? [{ kind: 'obs', active: true, healthy: true }] : [],
      source: this.#sourceFacts(),
      refusal: this.#refusal,
      renditions: this.packager.tracks().map(({ track, plan, bitrateKbps }) => {
        return { name: track.name, width: plan?.width ?? null, height: plan?.height ?? null, bitrateKbps }
      }),
    }
  }

  videoHeader(tag: FlvTag): void {
    const placed = { ...tag, timestampMs: this.#lastVideoMs }
    this.videoLog.configure(placed)
    this.flvLog.video(placed)
  }

  video(tag: FlvTag, ptsMs: number, keyframe: boolean): void {
    this.#lastVideoMs = tag.timestampMs
    this.#capture.mark(tag.timestampMs, this.#now())
    this.videoLog.push({ tag, ptsMs, keyframe })
    this.flvLog.video(tag)
    this.#audio.follow(tag.timestampMs)
    if (this.#isEncodingAsked) return
    this.#isEncodingAsked = true
    this.#options.onEncodingNeeded(this)
  }

  audioFrame(frame: number, data: Uint8Array): void {
    if (this.isOver) return
    this.#audio.deliver(frame, data)
  }

  audioExpected(isExpected: boolean): void {
    this.#audio.expect(isExpected)
  }

  audioOnly(): void {
    this.packager.open([])
  }

  refuse(reason: Notice): void {
    if (this.isOver) return
    this.#refusal = reason
    this.#options.logger.warn({ code: reason.code, reason: reason.message }, 'source refused')
    this.#stopReconnectTimer()
    this.drain()
    this.packager.end()
    this.#setState('refused')
    this.#options.onRefused(this, reason)
  }

  #emitAudio(frame: number, data: Uint8Array): void {
    if (this.#source?.isAudioOnly) this.#capture.mark(frameTimeMs(frame), this.#now())
    this.packager.audio(frame, data)
    this.flvLog.audio(aacFrame(frame, data))
  }

  /** After a part: the room is live once there is something to play, and a source to make more. */
  #follow(): void {
    if (this.isOver || this.#state === 'live' || !this.#source || !this.packager.isPlayable) return
    this.#interruptedAtMs = null
    this.#setState('live')
  }

  /** Its publisher was lost with the process before this one; everything else is as it was. */
  #resume(restored: RestoredProgram): void {
    const { plan, nextPart, interruptedAtMs } = restored
    const nextMs = (nextPart * 1000) / PARTS_PER_SECOND
    this.packager.restore(restored)
    this.#timeline.resume({ epochMs: restored.epochMs, nextMs, nowMs: this.#now() })
    this.#timeline.fps = plan?.fps ?? null
    this.#audio.resume(frameAt(nextMs))
    this.#plan = plan
    this.#lastVideoMs = nextMs
    this.#interruptions = restored.interruptions
    this.#interruptedAtMs = interruptedAtMs
    this.#state = 'interrupted'
    const endsAtMs = restored.windowEndsAtMs ?? interruptedAtMs + this.#options.reconnectWindowMs
    this.#reconnectTimer = setTimeout(() => this.end(), Math.max(0, endsAtMs - this.#now()))
  }

  #sourceFacts(): SourceFacts | null {
    const facts = this.#source?.facts() ?? null
    if (!facts || !this.#plan) return facts
    const { source, notices } = this.#plan
    return { ...facts, ...source, warnings: [...facts.warnings, ...notices] }
  }

  #setState(state: RoomState): void {
    if (this.#state === state) return
    this.#options.logger.info({ program: this.id, from: this.#state, to: state }, 'program state')
    this.#state = state
    this.#options.onChange(this)
  }

  #stopReconnectTimer(): void {
    if (this.#reconnectTimer) clearTimeout(this.#reconnectTimer)
    this.#reconnectTimer = null
  }
}
