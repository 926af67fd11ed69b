/**
 * Plays one room on one stage: a session while there is a program, patience while there is none, another try when one fails.
 * It knows nothing of Vue; the page renders its view and sends it wishes.
 */
import { rankEngines, type EngineKind } from './decisions/ability.ts'
import type { LatencyMode } from './decisions/latency-mode.ts'
import { bufferedAheadS } from './engine/buffered.ts'
import { NO_FACTS, type EngineFacts } from './engine/engine.ts'
import { abilityHere } from './playback/ability-here.ts'
import { playbackState, type PlaybackState } from './playback/playback-state.ts'
import { Session, type SessionEnd, type Sound, type Wishes } from './playback/session.ts'
import type { PlayerStats } from './playback/stats.ts'
import { SwitchLog } from './playback/switch-log.ts'
import type { PlayerErrorCode } from './player-error.ts'
import { backoffMs, waitMs } from './room/backoff.ts'
import { UNKNOWN_ROOM, type RoomView } from './room/room-view.ts'

export interface PlayerOptions {
  stage: HTMLElement
  /** origin of the server, without a slash at the end */
  baseUrl: string
  roomId: string
  wishes: Wishes
  /** what the first frame is measured from, on performance.now()'s scale */
  startedAtMs: number
  /** something of `view()` has changed */
  onChange: () => void
}

/** What a page shows. */
export interface PlayerView {
  state: PlaybackState
  engine: EngineKind | null
  facts: EngineFacts
  video: HTMLVideoElement | null
  isPaused: boolean
  isBuffering: boolean
  /** the browser allowed no sound: one press gives it */
  isAutoMuted: boolean
  error: PlayerErrorCode | null
}

const RESTART = { firstMs: 300, maxMs: 8000 }
const MAX_FAILURES = 8
/** So long without trouble makes earlier failures forgotten. */
const STEADY_MS = 30_000
/** A room that is not live is looked at again, even if nobody tells of a change. */
const LOOK_AGAIN_MS = 3000

export class Player {
  readonly #options: PlayerOptions
  readonly #closing = new AbortController()
  readonly #switches = new SwitchLog()
  #wishes: Wishes
  #room: RoomView = UNKNOWN_ROOM
  #session: Session | null = null
  #hasEnded = false
  #error: PlayerErrorCode | null = null
  #firstFrameMs: number | null = null
  #past = { stalls: 0, stallMs: 0, droppedFrames: 0, bytes: 0 }
  #wake = new AbortController()

  constructor(options: PlayerOptions) {
    this.#options = options
    this.#wishes = options.wishes
  }

  start(): void {
    void this.#run()
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#wake.abort()
    await this.#endSession()
  }

  view(): PlayerView {
    const screen = this.#session?.screen ?? null
    const facts = screen?.engine?.facts() ?? NO_FACTS
    this.#switches.observe(
      screen?.engine?.kind === 'hls' ? facts.rendition : (screen?.engine?.kind ?? null),
      () => (screen ? screen.meter.largestGapSince(performance.now() - 1500) : 0),
    )
    return {
      state: this.#state(),
      engine: screen?.engine?.kind ?? null,
      facts,
      video: screen?.video ?? null,
      isPaused: screen?.video.paused ?? true,
      isBuffering: this.#session?.isBuffering ?? false,
      isAutoMuted: this.#session?.isAutoMuted ?? false,
      error: this.#error,
    }
  }

  stats(): PlayerStats {
    const { state, engine, facts, video } = this.view()
    const totals = this.#session?.totals(performance.now()) ?? { stalls: 0, stallMs: 0, droppedFrames: 0 }
    const captured = facts.captureTimeMs
    return {
      engine,
      pipe: 'http',
      mode: this.#wishes.mode,
      state,
      firstFrameMs: this.#firstFrameMs,
      latencyMs:
        captured === null || !this.#session ? null : Math.round(this.#session.parts.serverNowMs() - captured),
      reserveMs: video ? Math.round(bufferedAheadS(video) * 1000) : 0,
      stalls: this.#past.stalls + totals.stalls,
      stallMs: this.#past.stallMs + totals.stallMs,
      droppedFrames: this.#past.droppedFrames + totals.droppedFrames,
      rendition: facts.rendition,
      peerId: null,
      bytes: { cascade: 0, http: this.#past.bytes + (this.#session?.parts.meter.bytes ?? 0) },
      parents: [],
      switches: this.#switches.list(),
      rejectedParts: 0,
    }
  }

  /** What the signalling says of the room. */
  setRoom(room: RoomView): void {
    const before = this.#room
    this.#room = room
    const isNew = isOn(room) && (!isOn(before) || room.programId !== before.programId)
    if (isNew) this.#wake.abort()
    if (isNew) this.retry()
    this.#options.onChange()
  }

  setMode(mode: LatencyMode): void {
    this.#wishes = { ...this.#wishes, mode }
    this.#session?.screen?.engine?.setMode(mode)
    this.#options.onChange()
  }

  choose(rendition: string | null): void {
    this.#wishes = { ...this.#wishes, rendition }
    this.#session?.screen?.engine?.choose(rendition)
    this.#options.onChange()
  }

  setEngine(engine: EngineKind | null): void {
    this.#wishes = { ...this.#wishes, engine }
    const [kind] = rankEngines(abilityHere(), engine)
    if (kind && !this.#hasEnded) void this.#session?.changeEngine(kind)
  }

  setSound(sound: Sound): void {
    this.#wishes = { ...this.#wishes, sound }
    const session = this.#session
    if (!session) return
    if (!sound.muted) session.isAutoMuted = false
    if (session.screen) Object.assign(session.screen.video, sound)
    this.#options.onChange()
  }

  goToLive(): void {
    this.#session?.screen?.engine?.goToLive()
    void this.#session?.play()
  }

  /** Moves within what can be had; the player stays at the new distance. */
  seekBy(seconds: number): void {
    this.#session?.screen?.engine?.seekBy(seconds)
  }

  play(): void {
    const screen = this.#session?.screen
    if (screen?.video.paused) screen.engine?.resume()
    void this.#session?.play()
  }

  pause(): void {
    this.#session?.screen?.video.pause()
  }

  /** Tries again after an error. */
  retry(): void {
    if (this.#error === null) return
    this.#error = null
    void this.#run()
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.#closing.signal.aborted;) {
      const began = performance.now()
      const end = await this.#playOnce()
      const program = await this.#programOf(this.#session)
      if (end.reason === 'closed') return
      if (end.reason === 'ended') {
        await this.#rest(program)
        failures = 0
        continue
      }
      await this.#endSession()
      if (end.error.code === 'room_not_live' || end.error.code === 'room_not_found') {
        await this.#pause(LOOK_AGAIN_MS)
        continue
      }
      failures = performance.now() - began > STEADY_MS ? 1 : failures + 1
      if (failures > MAX_FAILURES || end.error.code === 'engine_unsupported')
        return this.#giveUp(end.error.code)
      await this.#pause(backoffMs(failures - 1, RESTART))
    }
  }

  async #playOnce(): Promise<SessionEnd> {
    const { stage, baseUrl, roomId, onChange } = this.#options
    const session = new Session({
      stage,
      baseUrl,
      roomId,
      wishes: () => this.#wishes,
      onChange: () => this.#onChange(onChange),
    })
    this.#session = session
    void session.start()
    return session.closed
  }

  #onChange(tell: () => void): void {
    const at = this.#session?.firstFrameAtMs ?? null
    if (at !== null) this.#firstFrameMs ??= Math.round(at - this.#options.startedAtMs)
    tell()
  }

  /** After the end of a program: its last picture stays until another one begins. */
  async #rest(program: string | null): Promise<void> {
    this.#hasEnded = true
    this.#options.onChange()
    while (!this.#closing.signal.aborted) {
      if (isOn(this.#room) && this.#room.programId !== program) break
      await this.#pause(60_000)
    }
    this.#hasEnded = false
    await this.#endSession()
  }

  async #programOf(session: Session | null): Promise<string | null> {
    return (
      session?.parts.stream.master().then(
        ({ program }) => program,
        () => null,
      ) ?? null
    )
  }

  async #endSession(): Promise<void> {
    const session = this.#session
    this.#session = null
    if (!session) return
    const totals = session.totals(performance.now())
    this.#past = {
      stalls: this.#past.stalls + totals.stalls,
      stallMs: this.#past.stallMs + totals.stallMs,
      droppedFrames: this.#past.droppedFrames + totals.droppedFrames,
      bytes: this.#past.bytes + session.parts.meter.bytes,
    }
    await session.close()
    this.#options.onChange()
  }

  /** Waits, unless the room wakes us. */
  async #pause(ms: number): Promise<void> {
    this.#wake = new AbortController()
    await waitMs(ms, AbortSignal.any([this.#wake.signal, this.#closing.signal]))
  }

  #giveUp(code: PlayerErrorCode): void {
    this.#error = code
    this.#options.onChange()
  }

  #state(): PlaybackState {
    return playbackState({
      hasFailed: this.#error !== null,
      hasEnded: this.#hasEnded,
      hasFrame: (this.#session?.firstFrameAtMs ?? null) !== null,
      room: this.#room.state,
    })
  }
}

function isOn({ state }: RoomView): boolean {
  return state === 'live' || state === 'interrupted'
}
