/**
 * The program's one timeline: places every tag of whichever source feeds it. One offset for audio and video, never
 * backward, never ahead of wall time. Pure: the clock is handed in with each tag. All times in milliseconds.
 */

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
/** A step larger than this between tags is a jump of the publisher's clock, unless as much wall time has passed. */
export const JUMP_FORWARD_MS = 1500
/** Audio and video of one source may lie this far apart; farther back is a jump. */
export const JUMP_BACK_MS = 3000
/** How far a source may run ahead of wall time before it is cut back to a keyframe. */
export const AHEAD_LIMIT_MS = 1000
const DEFAULT_FRAME_MS = 1000 / 30
const WRAP_MS = 2 ** 32

export class Timeline {
  /** The program's output rate once it is known; frames of a new source begin on its grid. */
  fps: number | null = null
  #startedAtMs: number | null = null
  #offsetMs: number | null = null
  #previousOffsetMs: number | null = null
  #isCatchingUp = false
  #lastVideoPtsMs: number | null = null
  #lastDtsMs = -Infinity
  #headMs = TIMELINE_START_MS
  #headAtMs = 0
  #unwrapped: { low: number; high: number } | null = null

  /** Newest time placed; `TIMELINE_START_MS` before anything was. */
  get headMs(): number {
    return this.#headMs
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

  /** The source is gone: the next one's first keyframe begins one frame after the last. */
  release(): void {
    this.#offsetMs = null
    this.#previousOffsetMs = null
    this.#isCatchingUp = false
    this.#unwrapped = null
  }

  /** Where a video tag goes, or null when it is to be dropped. */
  placeVideo(times: VideoTimes, nowMs: number): Placed | null {
    const dtsMs = this.#unwrap(times.dtsMs)
    const ptsMs = dtsMs + (times.ptsMs - times.dtsMs)
    if (this.#offsetMs === null || this.#isCatchingUp) {
      if (!times.keyframe || !this.#mayAnchor(nowMs)) return null
      this.#anchor(ptsMs, this.#nextFrameMs(), nowMs)
    }
    const offset = this.#offsetFor(dtsMs, this.#nextFrameMs() - (ptsMs - dtsMs), nowMs)
    if (dtsMs + offset > this.wallMs(nowMs) + AHEAD_LIMIT_MS) {
      this.#isCatchingUp = true
      return null
    }
    return this.#advanceVideo(dtsMs + offset, ptsMs - dtsMs, nowMs)
  }

  /** Where an audio tag goes, or null when it is to be dropped. `isAlone`: the source has no video, so audio anchors. */
  placeAudio(timeMs: number, nowMs: number, isAlone: boolean): number | null {
    const time = this.#unwrap(timeMs)
    if (this.#offsetMs === null || this.#isCatchingUp) {
      if (!isAlone || !this.#mayAnchor(nowMs)) return null
      this.#anchor(time, this.#headMs, nowMs)
    }
    const placed = time + this.#offsetFor(time, this.#headMs, nowMs)
    if (placed > this.wallMs(nowMs) + AHEAD_LIMIT_MS) {
      this.#isCatchingUp = isAlone
      return null
    }
    this.#advanceHead(placed, nowMs)
    return placed
  }

  #advanceVideo(dtsMs: number, compositionMs: number, nowMs: number): Placed {
    const dts = Math.max(dtsMs, this.#lastDtsMs + 1)
    const ptsMs = Math.max(dtsMs + compositionMs, dts)
    this.#lastDtsMs = dts
    this.#lastVideoPtsMs = Math.max(this.#lastVideoPtsMs ?? 0, ptsMs)
    this.#advanceHead(dts, nowMs)
    return { dtsMs: dts, ptsMs }
  }

  #advanceHead(timeMs: number, nowMs: number): void {
    this.#headMs = Math.max(this.#headMs, timeMs)
    this.#headAtMs = nowMs
  }

  #anchor(sourceMs: number, programMs: number, nowMs: number): void {
    this.#startedAtMs ??= nowMs
    this.#previousOffsetMs = this.#offsetMs
    this.#offsetMs = programMs - sourceMs
    this.#isCatchingUp = false
    this.#headAtMs = nowMs
  }

  #mayAnchor(nowMs: number): boolean {
    return this.#startedAtMs === null || this.#nextFrameMs() <= this.wallMs(nowMs) + AHEAD_LIMIT_MS / 2
  }

  /** The offset for a source time: today's, yesterday's for a track that has not jumped yet, or a new one. */
  #offsetFor(sourceMs: number, resumeMs: number, nowMs: number): number {
    const current = this.#offsetMs ?? 0
    const reachMs = Math.max(JUMP_FORWARD_MS, nowMs - this.#headAtMs + AHEAD_LIMIT_MS)
    const isNear = (offset: number) =>
      sourceMs + offset > this.#headMs - JUMP_BACK_MS && sourceMs + offset < this.#headMs + reachMs
    if (isNear(current)) return current
    if (this.#previousOffsetMs !== null && isNear(this.#previousOffsetMs)) return this.#previousOffsetMs
    this.#anchor(sourceMs, Math.max(resumeMs, this.#headMs), nowMs)
    return this.#offsetMs ?? 0
  }

  /** One frame after the newest video frame, on the grid of the output rate. */
  #nextFrameMs(): number {
    if (this.#lastVideoPtsMs === null) return this.#headMs
    if (this.fps === null) return Math.round(this.#lastVideoPtsMs + DEFAULT_FRAME_MS)
    const slot = Math.floor((this.#lastVideoPtsMs * this.fps) / 1000 + 0.5) + 1
    return Math.round((slot * 1000) / this.fps)
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
    else if (step > WRAP_MS / 2) return timeMs + high - WRAP_MS // a late tag from before the wrap
    else this.#unwrapped = { low: timeMs, high }
    return timeMs + this.#unwrapped.high
  }
}
