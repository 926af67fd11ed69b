/** One program played once: its stream, the screen it plays on, and a second screen while the engine is changed. */
import { rankEngines, type EngineKind } from '../decisions/ability.ts'
import type { LatencyMode } from '../decisions/latency-mode.ts'
import type { SharingWishes } from '../decisions/sharing.ts'
import { bufferedAheadS } from '../engine/buffered.ts'
import type { EngineEnd } from '../engine/engine.ts'
import { PlayerError } from '../player-error.ts'
import { waitMs } from '../room/backoff.ts'
import { abilityHere } from './ability-here.ts'
import { Buffering } from './buffering.ts'
import { createEngine } from './create-engine.ts'
import { takeEarly } from './early-start.ts'
import { MEETING_LIMIT_MS, nextHandoverStep } from './handover.ts'
import { Screen } from './screen.ts'
import type { EdgeChoice } from '../stream/edge-choice.ts'
import { openEdges, openStream, type StreamParts } from './stream-parts.ts'

export interface Sound {
  muted: boolean
  volume: number
}

/** The viewer's wishes as they are now. */
export interface Wishes {
  mode: LatencyMode
  /** null: by ability */
  engine: EngineKind | null
  /** null: automatically */
  rendition: string | null
  sound: Sound
  /** what is exchanged with other viewers */
  sharing: SharingWishes
}

export interface SessionOptions {
  stage: HTMLElement
  /** origin of the server, without a slash at the end */
  baseUrl: string
  roomId: string
  wishes: () => Wishes
  onChange: () => void
  /** whom media is asked of, as an earlier session found out; else it is asked */
  edges?: EdgeChoice | null
}

export type SessionEnd = { reason: 'closed' } | { reason: 'ended' } | { reason: 'failed'; error: PlayerError }

const HANDOVER_TICK_MS = 50
/** A new engine that shows nothing after this long is given up. */
const HANDOVER_LIMIT_MS = MEETING_LIMIT_MS * 2

export class Session {
  readonly parts: StreamParts
  readonly closed: Promise<SessionEnd>
  /** set by the first frame, on performance.now()'s scale */
  firstFrameAtMs: number | null = null
  isAutoMuted = false
  readonly #options: SessionOptions
  readonly #closing = new AbortController()
  readonly #buffering: Buffering
  #screen: Screen | null = null
  #changing: Promise<void> = Promise.resolve()
  #past = { stalls: 0, stallMs: 0, droppedFrames: 0 }
  #end: (end: SessionEnd) => void = () => undefined

  constructor(options: SessionOptions) {
    this.#options = options
    this.#buffering = new Buffering(options.onChange)
    const { baseUrl, roomId, edges } = options
    this.parts = (edges ? null : takeEarly(roomId)) ?? openStream(edges ?? openEdges(baseUrl, roomId), roomId)
    this.closed = new Promise((resolve) => (this.#end = resolve))
    void this.parts.lost.then((error) => this.#fail(error))
  }

  /** The viewer is to be told that the picture waits for media. */
  get isBuffering(): boolean {
    return this.#buffering.isTold
  }

  get screen(): Screen | null {
    return this.#screen
  }

  /** Totals over all screens of the session. */
  totals(nowMs: number): { stalls: number; stallMs: number; droppedFrames: number } {
    return this.#screen ? add(this.#past, readScreen(this.#screen, nowMs)) : this.#past
  }

  /** Begins to play with the best engine; failures come out of `closed`. */
  async start(): Promise<void> {
    try {
      const [kind] = rankEngines(abilityHere(), this.#options.wishes().engine)
      if (!kind) throw new PlayerError('engine_unsupported', 'nothing here can play this')
      if (kind !== 'native') await this.parts.stream.master()
      const screen = await this.#bringUp(kind)
      await this.play(screen)
    } catch (error) {
      this.#fail(error)
    }
  }

  async play(screen = this.#screen): Promise<void> {
    if (screen && (await screen.play())) this.isAutoMuted = true
    this.#options.onChange()
  }

  /** Another engine comes up on a second, hidden video and takes over where their times meet; one change at a time. */
  changeEngine(kind: EngineKind): Promise<void> {
    this.#changing = this.#changing.then(() => this.#changeEngine(kind))
    return this.#changing
  }

  async #changeEngine(kind: EngineKind): Promise<void> {
    const old = this.#screen
    if (!old || old.engine?.kind === kind) return
    const next = this.#openScreen({ ...this.#options.wishes().sound, muted: true })
    next.show(false)
    try {
      await this.#run(next, kind)
      await next.play()
      await this.#meet(old, next)
    } catch {
      await next.close()
      return
    }
    this.#past = add(this.#past, readScreen(old, performance.now()))
    this.#screen = next
    Object.assign(next.video, this.#options.wishes().sound)
    next.show(true)
    await old.close()
    if (kind !== 'hls') this.parts.stream.retireExcept([])
    this.#options.onChange()
  }

  /** Nothing worth showing is left: the picture stops where it is. */
  finish(): void {
    this.#screen?.video.pause()
    this.#end({ reason: 'ended' })
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#buffering.close()
    this.#end({ reason: 'closed' })
    await this.#screen?.close()
    this.#screen = null
    this.parts.close()
  }

  async #bringUp(kind: EngineKind): Promise<Screen> {
    const screen = this.#openScreen(this.#options.wishes().sound)
    this.#screen = screen
    await this.#run(screen, kind)
    return screen
  }

  #openScreen(sound: Sound): Screen {
    if (this.#closing.signal.aborted) throw new PlayerError('media_failed', 'the session is closed')
    const { stage, onChange } = this.#options
    const screen = new Screen({
      stage,
      ...sound,
      onFirst: () => {
        this.firstFrameAtMs ??= performance.now()
        this.#buffering.goOn()
        onChange()
      },
    })
    this.#listen(screen)
    return screen
  }

  async #run(screen: Screen, kind: EngineKind): Promise<void> {
    const { roomId, wishes } = this.#options
    const { mode, rendition } = wishes()
    const displayHeight = (): number | null =>
      Math.round(screen.video.clientHeight * devicePixelRatio) || null
    const order = { video: screen.video, parts: this.parts, roomId, mode, rendition, displayHeight }
    const engine = await createEngine(kind, order)
    void engine.closed.then((end) => this.#onEngineEnd(screen, end))
    await screen.run(engine)
  }

  #listen(screen: Screen): void {
    const { video } = screen
    const isShown = (): boolean => screen === this.#screen
    video.addEventListener('waiting', () => isShown() && this.#buffering.wait())
    video.addEventListener('playing', () => isShown() && this.#buffering.goOn())
    for (const name of ['play', 'pause']) video.addEventListener(name, () => this.#options.onChange())
    video.addEventListener('ended', () => screen === this.#screen && this.#end({ reason: 'ended' }))
  }

  async #meet(old: Screen, next: Screen): Promise<void> {
    const began = performance.now()
    for (;;) {
      await waitMs(HANDOVER_TICK_MS, this.#closing.signal)
      const waitedMs = performance.now() - began
      if (this.#closing.signal.aborted || waitedMs > HANDOVER_LIMIT_MS)
        throw new PlayerError('media_failed', 'the new engine shows nothing')
      const step = nextHandoverStep({
        newIsPlaying: next.meter.firstAtMs !== null,
        newAheadS: bufferedAheadS(next.video),
        oldTimeS: old.engine?.facts().mediaTimeS ?? null,
        newTimeS: next.engine?.facts().mediaTimeS ?? null,
        waitedMs,
      })
      if (step.do === 'hold') next.video.pause()
      else if (next.video.paused) await next.play()
      if (step.do === 'skip') next.video.currentTime += step.seconds
      if (step.do === 'swap') return
    }
  }

  #onEngineEnd(screen: Screen, end: EngineEnd): void {
    if (screen === this.#screen && end.reason === 'failed') this.#fail(end.error)
  }

  #fail(cause: unknown): void {
    const error =
      cause instanceof PlayerError ? cause : new PlayerError('media_failed', 'playing failed', { cause })
    this.#end({ reason: 'failed', error })
  }
}

interface Totals {
  stalls: number
  stallMs: number
  droppedFrames: number
}

function readScreen({ video, meter }: Screen, nowMs: number): Totals {
  return { ...meter.read(nowMs), droppedFrames: video.getVideoPlaybackQuality?.().droppedVideoFrames ?? 0 }
}

function add(a: Totals, b: Totals): Totals {
  return {
    stalls: a.stalls + b.stalls,
    stallMs: a.stallMs + b.stallMs,
    droppedFrames: a.droppedFrames + b.droppedFrames,
  }
}
