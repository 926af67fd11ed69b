/**
 * The program's one timeline: places every tag of whichever source feeds it. One offset for audio and video, never
 * backward, never ahead of wall time. Pure: the clock is handed in with each tag. All times in milliseconds.
 */
import { KeyframeCadence } from './keyframe-cadence.ts'
import { packTight } from './pack-tight.ts'

export interface VideoTimes {
  dtsMs: number
  ptsMs: number
  keyframe: boolean
}

export interface Placed {
  dtsMs: number
  ptsMs: number
}

/** Room for audio priming before the first frame. */
export const TIMELINE_START_MS = 10_000
/** A step of one track larger than this is a jump of the publisher's clock, unless as much wall time has passed. */
export const JUMP_FORWARD_MS = 1500
/** A step back larger than this is one too: decode times of a track never go back. */
export const JUMP_BACK_MS = 100
/** A track follows the other one's jump when that puts it this close behind what was placed last. */
export const TRACKS_APART_MS = 3000
/** How far a source may run ahead of wall time before it is cut back to a keyframe. */
export const AHEAD_LIMIT_MS = 1000
/** Sixteen reordered frames at ten a second are less: a frame shown later than this behind its decoding is not believed. */
export const MAX_COMPOSITION_MS = 2000
const DEFAULT_FRAME_MS = 1000 / 30
/** One AAC frame at 48 kHz. */
const AUDIO_FRAME_MS = 1024 / 48
const WRAP_MS = 2 ** 32

/** Where one track of the source is: it keeps its offset until its own clock jumps. */
interface TrackClock {
  offsetMs: number | null
  sourceMs: number
  atMs: number
}

export class Timeline {
  /** The program's output rate once it is known; frames of a new source begin on its grid. */
  fps: number | null = null
  #startedAtMs: number | null = null
  #anchor = 0
  #offsetMs: number | null = null
  #video: TrackClock = newClock()
  #audio: TrackClock = newClock()
  #isCatchingUp = false
  #lastVideoPtsMs: number | null = null
  #lastAudioMs: number | null = null
  /** Where the first video after a restart may begin. */
  #resumeMs: number | null = null
  #lastDtsMs = -Infinity
  #headMs = TIMELINE_START_MS
  #headAtMs = 0
  #unwrapped: { low: number; high: number } | null = null
  #cadence = new KeyframeCadence(AHEAD_LIMIT_MS)

  /** Newest time placed; `TIMELINE_START_MS` before anything was. */
  get headMs(): number {
    return this.#headMs
  }

  /** Changes whenever a source takes over, or the timeline waits for one. */
  get anchor(): number {
    return this.#anchor
  }

  get isAnchored(): boolean {
    return this.#offsetMs !== null
  }

  /** Wall clock at media time 0: the one linear map of EXT-X-PROGRAM-DATE-TIME. Null before anything was placed. */
  get epochMs(): number | null {
    return this.#startedAtMs === null ? null : this.#startedAtMs - TIMELINE_START_MS
  }

  /** The program's time by the wall clock: nothing is placed later than this plus a second. */
  wallMs(nowMs: number): number {
    return TIMELINE_START_MS + (nowMs - (this.#startedAtMs ?? nowMs))
  }

  /** What is before this time was placed before a restart: the next source's first keyframe begins at it, or on the grid right behind it. */
  resume({ epochMs, nextMs, nowMs }: { epochMs: number; nextMs: number; nowMs: number }): void {
    this.#startedAtMs = epochMs + TIMELINE_START_MS
    this.#headMs = nextMs
    this.#headAtMs = nowMs
    this.#lastAudioMs = nextMs - AUDIO_FRAME_MS
    this.#resumeMs = nextMs
  }

  /** The source is gone: the next one's first keyframe begins one frame after the last. */
  release(): void {
    this.#anchor++
    this.#offsetMs = null
    this.#isCatchingUp = false
    this.#unwrapped = null
    this.#cadence = new KeyframeCadence(AHEAD_LIMIT_MS)
  }

  /**
   * A source takes over with what is kept of it, in decode order from a keyframe: a millisecond apart, so that the newest frame
   * is the program's next one. Null, and nothing is placed, when that would be too far ahead of the wall's time.
   */
  join(frames: readonly VideoTimes[], nowMs: number): { placed: Placed[]; offsetMs: number } | null {
    const times = frames.map(({ dtsMs, ptsMs }) => ({
      dtsMs,
      ptsMs: dtsMs + boundComposition(ptsMs - dtsMs),
    }))
    const last = times.at(-1)
    if (!last) return null
    const { frames: tight, referencePtsMs, tightCount, delayMs } = packTight(times)
    const shownMs = (this.#lastVideoPtsMs ?? this.#nextFrameMs() - 1) + tightCount
    const decodedMs = this.#lastDtsMs + times.length
    const nextMs = Math.max(this.#nextFrameMs(), this.#onGrid(Math.max(shownMs, decodedMs + delayMs)))
    if (nextMs > this.wallMs(nowMs) + AHEAD_LIMIT_MS) return null
    const offsetMs = nextMs - referencePtsMs
    // As far before it is shown as the source has it, where there is room for all.
    const dtsMs = Math.max(Math.min(last.dtsMs + offsetMs, nextMs - delayMs), decodedMs)
    const placed = tight.map((frame) => ({ dtsMs: dtsMs + frame.dtsMs, ptsMs: nextMs + frame.ptsMs }))
    this.release()
    this.#unwrapped = { low: last.dtsMs, high: 0 }
    this.#begin(offsetMs, nowMs)
    this.#video = { offsetMs, sourceMs: last.dtsMs, atMs: nowMs }
    this.#lastDtsMs = dtsMs
    this.#lastVideoPtsMs = Math.max(...placed.map(({ ptsMs }) => ptsMs))
    this.#advanceHead(dtsMs, nowMs)
    return { placed, offsetMs }
  }

  /** Where a video tag goes, or null when it is to be dropped. */
  placeVideo(times: VideoTimes, nowMs: number): Placed | null {
    const sourceMs = this.#unwrap(times.dtsMs)
    const compositionMs = boundComposition(times.ptsMs - times.dtsMs)
    if (this.#offsetMs === null || this.#isCatchingUp) {
      if (!times.keyframe || !this.#mayAnchor(nowMs)) return null
      this.#begin(this.#nextFrameMs() - compositionMs - sourceMs, nowMs)
    }
    const resumeMs = this.#nextFrameMs() - compositionMs
    const wantedMs = sourceMs + this.#offsetFor(this.#video, { sourceMs, resumeMs, nowMs })
    const dtsMs = Math.max(wantedMs, this.#lastDtsMs + 1)
    const aheadMs = dtsMs - this.wallMs(nowMs)
    if (aheadMs > AHEAD_LIMIT_MS || (!times.keyframe && this.#cadence.isTimeToSkip(sourceMs, aheadMs))) {
      this.#isCatchingUp = true
      return null
    }
    if (times.keyframe) this.#cadence.keyframe(sourceMs, aheadMs)
    const ptsMs = Math.max(wantedMs + compositionMs, dtsMs)
    this.#lastDtsMs = dtsMs
    this.#lastVideoPtsMs = Math.max(this.#lastVideoPtsMs ?? 0, ptsMs)
    this.#advanceHead(dtsMs, nowMs)
    return { dtsMs, ptsMs }
  }

  /** Where an audio tag goes, or null when it is to be dropped. `isAlone`: the source has no video, so audio anchors. */
  placeAudio(timeMs: number, nowMs: number, isAlone: boolean): number | null {
    const sourceMs = this.#unwrap(timeMs)
    const resumeMs = this.#lastAudioMs === null ? this.#headMs : this.#lastAudioMs + AUDIO_FRAME_MS
    if (this.#offsetMs === null || this.#isCatchingUp) {
      if (!isAlone || !this.#mayAnchor(nowMs)) return null
      this.#begin(Math.max(resumeMs, this.#headMs) - sourceMs, nowMs)
    }
    const placed = sourceMs + this.#offsetFor(this.#audio, { sourceMs, resumeMs, nowMs })
    if (placed > this.wallMs(nowMs) + AHEAD_LIMIT_MS) {
      this.#isCatchingUp = true
      return null
    }
    this.#lastAudioMs = Math.max(this.#lastAudioMs ?? 0, placed)
    this.#advanceHead(placed, nowMs)
    return placed
  }

  #advanceHead(timeMs: number, nowMs: number): void {
    this.#headMs = Math.max(this.#headMs, timeMs)
    this.#headAtMs = nowMs
  }

  /** A source comes, or comes back from too far ahead: both tracks begin anew, at one offset. */
  #begin(offsetMs: number, nowMs: number): void {
    this.#startedAtMs ??= nowMs
    this.#offsetMs = offsetMs
    this.#video = newClock()
    this.#audio = newClock()
    this.#isCatchingUp = false
    this.#headAtMs = nowMs
    this.#cadence.restart()
  }

  #mayAnchor(nowMs: number): boolean {
    return this.#startedAtMs === null || this.#nextFrameMs() <= this.wallMs(nowMs) + AHEAD_LIMIT_MS / 2
  }

  /**
   * A track keeps its offset until its clock jumps. Then it takes the offset of the other track, where that one has jumped
   * already, or a new one, for the other to follow: one offset again, without going back and forth between two.
   */
  #offsetFor(
    clock: TrackClock,
    { sourceMs, resumeMs, nowMs }: { sourceMs: number; resumeMs: number; nowMs: number },
  ): number {
    const current = this.#offsetMs ?? 0
    const isSteady = clock.offsetMs !== null && !this.#isJump(clock, sourceMs, nowMs)
    let offsetMs = isSteady ? clock.offsetMs : null
    if (clock.offsetMs !== current && this.#isNear(sourceMs + current, nowMs)) offsetMs ??= current
    offsetMs ??= resumeMs - sourceMs
    if (!isSteady) this.#offsetMs = offsetMs
    Object.assign(clock, { offsetMs, sourceMs, atMs: nowMs })
    return offsetMs
  }

  #isJump(clock: TrackClock, sourceMs: number, nowMs: number): boolean {
    const stepMs = sourceMs - clock.sourceMs
    // The other track has jumped: a step too small to be believed on its own is the same jump.
    const sense = clock.offsetMs === this.#offsetMs ? 1 : 0.5
    if (stepMs < -JUMP_BACK_MS * sense) return true
    const isFar = stepMs > Math.max(JUMP_FORWARD_MS * sense, nowMs - clock.atMs + AHEAD_LIMIT_MS * sense)
    // Where the other track has been already, there is a gap and no jump.
    return isFar && sourceMs + (clock.offsetMs ?? 0) > this.#headMs + JUMP_BACK_MS
  }

  #isNear(placedMs: number, nowMs: number): boolean {
    const reachMs = Math.max(JUMP_FORWARD_MS, nowMs - this.#headAtMs + AHEAD_LIMIT_MS)
    return placedMs > this.#headMs - TRACKS_APART_MS && placedMs < this.#headMs + reachMs
  }

  /** One frame after the newest video frame, on the grid of the output rate. */
  #nextFrameMs(): number {
    if (this.#lastVideoPtsMs === null) return this.#onGrid(this.#resumeMs ?? this.#headMs)
    if (this.fps === null) return Math.round(this.#lastVideoPtsMs + DEFAULT_FRAME_MS)
    const slot = Math.floor((this.#lastVideoPtsMs * this.fps) / 1000 + 0.5) + 1
    return Math.round((slot * 1000) / this.fps)
  }

  /** The first frame of the output rate at or after a time; whole milliseconds are as near to a frame as can be told. */
  #onGrid(timeMs: number): number {
    if (this.fps === null) return timeMs
    return Math.round((Math.ceil(((timeMs - 0.5) * this.fps) / 1000) * 1000) / this.fps)
  }

  /** RTMP's clock has 32 bits and wraps after 49.7 days. */
  #unwrap(timeMs: number): number {
    if (this.#unwrapped === null) {
      this.#unwrapped = { low: timeMs, high: 0 }
      return timeMs
    }
    const { low, high } = this.#unwrapped
    const step = timeMs - low
    if (step < -WRAP_MS / 2) this.#unwrapped = { low: timeMs, high: high + WRAP_MS }
    else if (step > WRAP_MS / 2)
      return timeMs + high - WRAP_MS // a late tag from before the wrap
    else this.#unwrapped = { low: timeMs, high }
    return timeMs + this.#unwrapped.high
  }
}

function boundComposition(compositionMs: number): number {
  return Math.min(Math.max(compositionMs, 0), MAX_COMPOSITION_MS)
}

function newClock(): TrackClock {
  return { offsetMs: null, sourceMs: 0, atMs: 0 }
}
