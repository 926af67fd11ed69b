/** What comes out of a program: its video for encoders, its FLV, its audio on the grid, its parts. Whoever feeds writes here. */
import type { FlvTag } from '../../media/flv-tag.ts'
import { PARTS_PER_SECOND, runningNumberAt } from '../../media/part.ts'
import type { Sign } from '../../media/signature.ts'
import { Packager } from '../packager/packager.ts'
import { AudioTrack, frameAt, frameTimeMs } from './audio-track.ts'
import { CaptureClock } from './capture-clock.ts'
import { aacFrame, FlvLog } from './flv-log.ts'
import type { RestoredProgram } from './restored-program.ts'
import type { SourceSink } from './source-feed.ts'
import { TIMELINE_START_MS } from './timeline.ts'
import { VideoLog } from './video-log.ts'

export interface ProgramOutputOptions {
  programId: string
  audioBitrateKbps: number
  windowSeconds: number
  sign: Sign
  now: () => number
  /** The first frame of video is in the log. */
  onFirstVideo: () => void
}

export class ProgramOutput implements SourceSink {
  readonly videoLog = new VideoLog()
  readonly flvLog = new FlvLog()
  readonly packager: Packager
  readonly #options: ProgramOutputOptions
  readonly #capture = new CaptureClock()
  readonly #audio: AudioTrack
  #hasVideo = false
  #isOver = false
  #lastVideoMs = TIMELINE_START_MS

  constructor(options: ProgramOutputOptions) {
    this.#options = options
    this.#audio = new AudioTrack((frame, data) => this.#emitAudio(frame, data))
    this.packager = new Packager({
      program: options.programId,
      audioBitrateKbps: options.audioBitrateKbps,
      windowSeconds: options.windowSeconds,
      sign: options.sign,
      captureTimeMs: (mediaMs) => this.#capture.wallMs(mediaMs),
      firstPart: runningNumberAt(TIMELINE_START_MS, 1000),
    })
  }

  /** Video has come since this process has begun. */
  get hasVideo(): boolean {
    return this.#hasVideo
  }

  /** The frame that the audio goes on with. */
  get audioNext(): number {
    return this.#audio.next
  }

  /** Where the program is: its newest video, or its newest audio where there is no video. */
  get headMs(): number {
    return this.#hasVideo ? this.#lastVideoMs : frameTimeMs(this.#audio.next)
  }

  videoHeader(tag: FlvTag): void {
    const placed = { ...tag, timestampMs: this.#lastVideoMs }
    this.videoLog.configure(placed)
    this.flvLog.video(placed)
  }

  video(tag: FlvTag, ptsMs: number, keyframe: boolean): void {
    this.#lastVideoMs = tag.timestampMs
    this.#capture.mark(tag.timestampMs, this.#options.now())
    this.videoLog.push({ tag, ptsMs, keyframe })
    this.flvLog.video(tag)
    this.#audio.follow(tag.timestampMs)
    if (this.#hasVideo) return
    this.#hasVideo = true
    this.#options.onFirstVideo()
  }

  audioFrame(frame: number, data: Uint8Array): void {
    if (!this.#isOver) this.#audio.deliver(frame, data) // a converter may still have had some
  }

  audioExpected(isExpected: boolean): void {
    this.#audio.expect(isExpected)
  }

  audioOnly(): void {
    this.packager.open([])
  }

  /** Goes on where a program ended with the process before this one. */
  resume(restored: RestoredProgram): void {
    const nextMs = (restored.nextPart * 1000) / PARTS_PER_SECOND
    this.packager.restore(restored)
    this.#audio.resume(frameAt(nextMs))
    this.#lastVideoMs = nextMs
  }

  /** Nothing more will come: playlists get their EXT-X-ENDLIST. */
  end(): void {
    this.#isOver = true
    this.packager.end()
  }

  close(): void {
    this.#isOver = true
    this.packager.close()
  }

  #emitAudio(frame: number, data: Uint8Array): void {
    if (!this.#hasVideo) this.#capture.mark(frameTimeMs(frame), this.#options.now())
    this.packager.audio(frame, data)
    this.flvLog.audio(aacFrame(frame, data))
  }
}
