/** Holds a video's distance to live: measures, lets `reserve` decide, sets the rate. It seeks once at the start and when asked. */
import { MODES, type LatencyMode } from '../decisions/latency-mode.ts'
import {
  chooseJump,
  choosePlaybackRate,
  chooseStartSeek,
  hasSlept,
  MAX_DISTANCE_S,
} from '../decisions/reserve.ts'
import { MeanWindow } from './mean-window.ts'

export interface RateControllerOptions {
  video: HTMLVideoElement
  mode: LatencyMode
  /** newest media at hand minus the playhead; null: not known yet */
  distanceS: () => number | null
  bufferedAheadS: () => number
}

const TICK_MS = 100
/** Parts come in steps. */
const WINDOW_MS = 2000
/** A start counts as one for this long: the buffer must fill before there is anywhere to seek to. */
const START_MS = 2000
/** A distance this far over the target is the viewer's wish, not drift. */
const HELD_MARGIN_S = 1.5
/** After a sleep what is missing must come before the distance is known. */
const WAKING_MS = 20_000
/** One jump needs its time before it can be judged; what is missing after a sleep comes in pieces, and so do the jumps. */
const BETWEEN_JUMPS_MS = { playing: 4000, waking: 1500 }

export class RateController {
  readonly #options: RateControllerOptions
  readonly #distances = new MeanWindow(WINDOW_MS)
  #mode: LatencyMode
  #heldS: number | null = null
  /** until when the seek of the start may happen; null: not yet begun */
  #startsUntilMs: number | null = null
  #timer: ReturnType<typeof setInterval> | null = null
  #looked: { wallMs: number; playedS: number; isHidden: boolean } | null = null
  #sleptAtMs = -Infinity
  #jumpedAtMs = -Infinity
  /** a hidden page's timers come once a minute: playing itself calls too */
  readonly #onProgress = (): void => {
    if (document.hidden) this.#tick()
  }

  constructor(options: RateControllerOptions) {
    this.#options = options
    this.#mode = options.mode
  }

  /** The viewer went back, and stays there. */
  get isHeld(): boolean {
    return this.#heldS !== null
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), TICK_MS)
    this.#options.video.addEventListener('timeupdate', this.#onProgress)
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#options.video.removeEventListener('timeupdate', this.#onProgress)
  }

  /** Goes to the distance of the new mode, forward or back. */
  setMode(mode: LatencyMode): void {
    this.#mode = mode
    this.#heldS = null
    this.#seekBy(this.#excessS())
  }

  /** Forward to the mode's distance; who is closer than that already stays. */
  goToLive(): void {
    this.#heldS = null
    this.#seekBy(Math.max(0, this.#excessS()))
  }

  /** The viewer moves: back as far as there is something, forward to the mode's distance at most. */
  seekBy(seconds: number): void {
    const distance = this.#options.distanceS()
    if (distance === null) return
    const { targetS } = MODES[this.#mode]
    const wanted = Math.max(targetS, Math.min(MAX_DISTANCE_S, distance - seconds))
    this.#seekBy(distance - wanted)
    this.#hold(wanted)
  }

  /** Playing goes on after a pause: where it was, unless that is gone. */
  resume(): void {
    const distance = this.#options.distanceS()
    if (distance === null) return
    if (distance > MAX_DISTANCE_S) this.goToLive()
    else this.#hold(distance)
  }

  #excessS(): number {
    const distance = this.#options.distanceS()
    return distance === null ? 0 : distance - MODES[this.#mode].targetS
  }

  #hold(distance: number): void {
    this.#heldS = distance > MODES[this.#mode].targetS + HELD_MARGIN_S ? distance : null
    this.#distances.clear()
  }

  #tick(): void {
    const { video, distanceS } = this.#options
    this.#noticeSleep()
    const distance = distanceS()
    if (distance === null || video.paused || video.seeking || video.readyState < video.HAVE_CURRENT_DATA)
      return
    const now = performance.now()
    if (this.#seekAtStart(distance, now)) return
    const mean = this.#distances.add(distance, now)
    if (this.#jump({ distance, mean }, now)) return
    // somebody else moved forward: what was held is over
    if (this.#heldS !== null && mean < this.#heldS - HELD_MARGIN_S) this.#hold(mean)
    const rate = choosePlaybackRate({
      mode: this.#mode,
      distanceS: mean,
      rate: video.playbackRate,
      heldDistanceS: this.#heldS,
    })
    if (video.playbackRate !== rate) video.playbackRate = rate
  }

  #noticeSleep(): void {
    const { video } = this.#options
    const looked = {
      wallMs: Date.now(),
      playedS: video.currentTime,
      isHidden: globalThis.document?.hidden ?? false,
    }
    const before = this.#looked
    this.#looked = looked
    if (before === null || video.paused) return
    const step = {
      wallS: (looked.wallMs - before.wallMs) / 1000,
      playedS: looked.playedS - before.playedS,
      isHidden: looked.isHidden || before.isHidden,
    }
    if (hasSlept(step)) this.#sleptAtMs = performance.now()
  }

  #seekAtStart(distanceS: number, now: number): boolean {
    this.#startsUntilMs ??= now + START_MS
    if (now >= this.#startsUntilMs) return false
    const seconds = chooseStartSeek({
      mode: this.#mode,
      distanceS,
      bufferedAheadS: this.#options.bufferedAheadS(),
    })
    if (seconds <= 0) return false
    this.#startsUntilMs = 0
    this.#seekBy(seconds)
    return true
  }

  #jump({ distance, mean }: { distance: number; mean: number }, now: number): boolean {
    const isWaking = now - this.#sleptAtMs < WAKING_MS
    if (now - this.#jumpedAtMs < BETWEEN_JUMPS_MS[isWaking ? 'waking' : 'playing']) return false
    const seconds = chooseJump({
      mode: this.#mode,
      distanceS: isWaking ? distance : mean,
      heldDistanceS: this.#heldS,
      bufferedAheadS: this.#options.bufferedAheadS(),
      hasSlept: isWaking,
    })
    if (seconds <= 0) return false
    this.#jumpedAtMs = now
    this.#heldS = null
    this.#seekBy(seconds)
    return true
  }

  #seekBy(seconds: number): void {
    if (Math.abs(seconds) < 0.05) return
    const { video } = this.#options
    video.currentTime = Math.max(0, video.currentTime + seconds)
    video.playbackRate = 1
    this.#distances.clear()
  }
}
