/**
 * Plays one room on one stage, and knows what its viewer is to be told. It knows nothing of Vue; the page renders its view and
 * sends it wishes.
 */
import { rankEngines, type EngineKind } from './decisions/ability.ts'
import type { LatencyMode } from './decisions/latency-mode.ts'
import type { OutageNotice } from './decisions/outage-notice.ts'
import type { SharingWishes } from './decisions/sharing.ts'
import { bufferedAheadS } from './engine/buffered.ts'
import { NO_FACTS, type EngineFacts } from './engine/engine.ts'
import { abilityHere } from './playback/ability-here.ts'
import { Attempts } from './playback/attempts.ts'
import { OutageWatch } from './playback/outage-watch.ts'
import { playbackState, type PlaybackState } from './playback/playback-state.ts'
import { Sharing } from './playback/sharing.ts'
import type { Session, Sound, Wishes } from './playback/session.ts'
import type { PlayerStats } from './playback/stats.ts'
import { PlayedTime } from './playback/played-time.ts'
import { WatchReports } from './playback/watch-reports.ts'
import { SwitchLog } from './playback/switch-log.ts'
import type { PlayerErrorCode } from './player-error.ts'
import type { RoomChannel } from './room/room-channel.ts'
import { UNKNOWN_ROOM, type RoomView } from './room/room-view.ts'
import { watchWaking } from './room/watch-waking.ts'

export interface PlayerOptions {
  stage: HTMLElement
  /** origin of the server, without a slash at the end */
  baseUrl: string
  roomId: string
  wishes: Wishes
  /** the room's signalling, for a place in the cascade; without it the player keeps to HTTP */
  channel?: RoomChannel | null
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
  /** what is told of an outage */
  notice: OutageNotice | null
  /** on the viewer's screen the streamer has been gone for so long; null while he is not */
  awaySeconds: number | null
}

/** How often it is looked at what a viewer is to be told. */
const LOOK_MS = 200

export class Player {
  readonly #attempts: Attempts
  readonly #onChange: () => void
  readonly #switches = new SwitchLog()
  readonly #outages = new OutageWatch()
  readonly #sharing: Sharing
  readonly #played = new PlayedTime()
  readonly #reports: WatchReports
  readonly #stops: (() => void)[] = []
  #wishes: Wishes
  #room: RoomView = UNKNOWN_ROOM

  constructor({ wishes, channel = null, ...options }: PlayerOptions) {
    this.#wishes = wishes
    this.#onChange = options.onChange
    this.#attempts = new Attempts({ ...options, wishes: () => this.#wishes })
    this.#reports = new WatchReports(channel, performance.now())
    this.#sharing = new Sharing({
      ...{ roomId: options.roomId, channel },
      wishes: () => this.#wishes.sharing,
      totals: () => this.#attempts.totals(),
    })
  }

  start(): void {
    const timer = setInterval(() => {
      this.#look()
      this.#sharing.look(this.#session)
      this.#report()
    }, LOOK_MS)
    this.#stops.push(
      () => clearInterval(timer),
      watchWaking(() => this.#attempts.wake()),
    )
    this.#attempts.start()
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop()
    this.#sharing.close()
    await this.#attempts.close()
  }

  view(): PlayerView {
    const screen = this.#session?.screen ?? null
    const facts = screen?.engine?.facts() ?? NO_FACTS
    const notice = this.#outages.notice
    this.#switches.observe(
      screen?.engine?.kind === 'hls' ? facts.rendition : (screen?.engine?.kind ?? null),
      () => (screen ? screen.meter.largestGapSince(performance.now() - 1500) : 0),
    )
    return {
      state: this.#state(),
      engine: screen?.engine?.kind ?? null,
      facts,
      video: screen?.video ?? null,
      isPaused: !this.#attempts.showsStill && (screen?.video.paused ?? true),
      isBuffering: this.#session?.isBuffering ?? false,
      isAutoMuted: this.#session?.isAutoMuted ?? false,
      error: this.#attempts.error,
      notice,
      awaySeconds: notice?.kind === 'away' ? Math.floor((performance.now() - notice.fromMs) / 1000) : null,
    }
  }

  stats(): PlayerStats {
    const { state, engine, facts, video, notice } = this.view()
    const { bytes, ...totals } = this.#attempts.totals()
    const captured = facts.captureTimeMs
    const shared = this.#sharing.facts()
    const { fromPrimary, fromBackup, sent } = shared.bytes
    return {
      engine,
      pipe: shared.pipe,
      mode: this.#wishes.mode,
      state,
      notice: notice?.kind ?? null,
      firstFrameMs: this.#attempts.firstFrameMs,
      latencyMs: captured === null || !this.#session ? null : Math.round(this.#serverNowMs() - captured),
      reserveMs: video ? Math.round(bufferedAheadS(video) * 1000) : 0,
      ...totals,
      rendition: facts.rendition,
      peerId: shared.peerId,
      bytes: { cascade: fromPrimary + fromBackup, http: bytes, sent },
      parents: shared.parents,
      children: shared.children,
      depth: shared.depth,
      switches: [...this.#switches.list(), ...shared.switches].sort((a, b) => a.at - b.at),
      rejectedParts: shared.rejected,
      verifiedChunks: shared.verifiedChunks,
    }
  }

  /** What the signalling says of the room. */
  setRoom(room: RoomView): void {
    this.#room = room
    this.#outages.setRoom(room, this.#serverNowMs())
    this.#attempts.setRoom(room)
    this.#sharing.setRoom(room)
    this.#look()
    this.#onChange()
  }

  setMode(mode: LatencyMode): void {
    this.#wishes = { ...this.#wishes, mode }
    this.#session?.screen?.engine?.setMode(mode)
    this.#onChange()
  }

  choose(rendition: string | null): void {
    this.#wishes = { ...this.#wishes, rendition }
    this.#session?.screen?.engine?.choose(rendition)
    this.#onChange()
  }

  setEngine(engine: EngineKind | null): void {
    this.#wishes = { ...this.#wishes, engine }
    const [kind] = rankEngines(abilityHere(), engine)
    if (kind && !this.#attempts.hasEnded) void this.#session?.changeEngine(kind)
  }

  /** What is exchanged with other viewers from now on. */
  setSharing(sharing: SharingWishes): void {
    this.#wishes = { ...this.#wishes, sharing }
    this.#sharing.look(this.#session)
    this.#onChange()
  }

  setSound(sound: Sound): void {
    this.#wishes = { ...this.#wishes, sound }
    const session = this.#session
    if (!session) return
    if (!sound.muted) session.isAutoMuted = false
    if (session.screen) Object.assign(session.screen.video, sound)
    this.#onChange()
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

  /** Tries again after an error, or sooner than it would have. */
  retry(): void {
    this.#attempts.retry()
  }

  get #session(): Session | null {
    return this.#attempts.session
  }

  /** What the viewer is to be told of an outage; the end, when nothing else is left to show. */
  #look(): void {
    if (this.#attempts.hasEnded) this.#outages.clear()
    if (this.#attempts.hasEnded || !this.#attempts.hasPicture) return
    const screen = this.#session?.screen ?? null
    const before = this.#outages.notice
    const isOver = this.#outages.look(
      {
        mode: this.#wishes.mode,
        pictureMs: screen?.engine?.facts().captureTimeMs ?? null,
        reserveS: screen ? bufferedAheadS(screen.video) : 0,
        positionS: screen && !screen.video.paused ? screen.video.currentTime : null,
        isOffline: !navigator.onLine,
        isFailing: this.#session?.parts.http.isFailing ?? true,
      },
      performance.now(),
    )
    if (isOver) this.#session?.finish()
    if (this.#outages.notice !== before) this.#onChange()
  }

  #report(): void {
    this.#played.note(this.#session?.screen?.video ?? null)
    if (!this.#attempts.hasPicture) return
    this.#reports.look(performance.now(), () => {
      const { latencyMs, stalls, stallMs } = this.stats()
      return { distanceMs: latencyMs, stalls, stallMs, playedMs: this.#played.ms }
    })
  }

  #serverNowMs(): number {
    return this.#session?.parts.serverNowMs() ?? Date.now()
  }

  #state(): PlaybackState {
    const notice = this.#outages.notice
    return playbackState({
      hasFailed: this.#attempts.error !== null,
      hasEnded: this.#attempts.hasEnded,
      hasFrame: this.#attempts.hasPicture,
      isInterrupted: notice !== null && notice.kind !== 'back',
      room: this.#room.state,
    })
  }
}
