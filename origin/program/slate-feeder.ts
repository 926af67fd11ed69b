/** Feeds a program with its slate: one clip over and over, as fast as time goes by on the wall, on the same timeline as publishers. */
import { SLATE_DURATION_MS, type SlateClip } from '../slate/clip.ts'
import { frameAt, frameTimeMs, SILENT_FRAME } from './audio-track.ts'
import type { SourceSink } from './source-feed.ts'
import type { Timeline } from './timeline.ts'

export interface SlateFeederOptions {
  timeline: Timeline
  sink: SourceSink
  /** Null where the program has no video: then it is silence. */
  clip: SlateClip | null
  now: () => number
}

/** After a pause of this process longer than this (a machine that slept) the slate goes on as if nothing had been. */
const MAX_CATCH_UP_MS = 10_000

export class SlateFeeder {
  readonly #options: SlateFeederOptions
  #startedAtMs = 0
  /** Where on the timeline the clip's first frame is. */
  #originMs = 0
  #nextFrame = 0

  constructor(options: SlateFeederOptions) {
    this.#options = options
  }

  /** Takes the timeline over. False when it is too far ahead of the wall to be gone on with yet. */
  start(): boolean {
    const { timeline, clip, now, sink } = this.#options
    this.#startedAtMs = now()
    if (clip) return this.#join(clip)
    timeline.release()
    const originMs = timeline.placeAudio(0, now(), true)
    if (originMs === null) return false
    this.#originMs = originMs
    sink.audioExpected(true)
    return true
  }

  /** Brings the program up to the wall's time. Call it often: a frame comes out at the first call after it is due. */
  tick(): void {
    const { timeline, clip, now } = this.#options
    const behindMs = now() - this.#startedAtMs - this.#timeOf(clip, this.#nextFrame)
    if (behindMs > MAX_CATCH_UP_MS) this.#startedAtMs += behindMs
    const elapsedMs = now() - this.#startedAtMs
    if (clip) this.#video(clip, elapsedMs)
    else {
      timeline.placeAudio(elapsedMs, now(), true)
      this.#nextFrame = Math.floor(elapsedMs / SLATE_DURATION_MS)
    }
    this.#audio(clip, this.#originMs + elapsedMs)
  }

  #join({ video, header }: SlateClip): boolean {
    const { timeline, sink, now } = this.#options
    const [first] = video
    const joined = first ? timeline.join([{ dtsMs: 0, ptsMs: 0, keyframe: true }], now()) : null
    const placed = joined?.placed[0]
    if (!first || !placed) return false
    this.#originMs = placed.ptsMs
    this.#nextFrame = 1
    sink.audioExpected(true)
    sink.videoHeader({ type: 'video', timestampMs: placed.dtsMs, data: header })
    sink.video({ type: 'video', timestampMs: placed.dtsMs, data: first.data }, placed.ptsMs, true)
    return true
  }

  #video(clip: SlateClip, elapsedMs: number): void {
    const { timeline, sink, now } = this.#options
    for (; this.#timeOf(clip, this.#nextFrame) <= elapsedMs; this.#nextFrame++) {
      const timeMs = this.#timeOf(clip, this.#nextFrame)
      const frame = clip.video[this.#nextFrame % clip.video.length]
      if (!frame) return
      const { keyframe, data } = frame
      const placed = timeline.placeVideo({ dtsMs: timeMs, ptsMs: timeMs, keyframe }, now())
      if (placed) sink.video({ type: 'video', timestampMs: placed.dtsMs, data }, placed.ptsMs, keyframe)
    }
  }

  #audio(clip: SlateClip | null, untilMs: number): void {
    const { sink } = this.#options
    const origin = frameAt(this.#originMs)
    while (frameTimeMs(sink.audioNext) <= untilMs) {
      // What lies before the slate is silence, put there by the track.
      const frame = Math.max(sink.audioNext, origin)
      const sound = clip?.audio[(frame - origin) % clip.audio.length] ?? SILENT_FRAME
      sink.audioFrame(frame, sound)
    }
  }

  /** When a frame is due, counted over all loops; without a clip a loop is all there is to count. */
  #timeOf(clip: SlateClip | null, frame: number): number {
    const count = clip?.video.length ?? 1
    return Math.floor(frame / count) * SLATE_DURATION_MS + (clip?.video[frame % count]?.timeMs ?? 0)
  }
}
