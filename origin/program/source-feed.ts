/** Brings what a source sends onto the program's timeline, while it is the one that feeds. */
import { concatBytes } from '../../media/bytes.ts'
import type { FlvTag, VideoHeader } from '../../media/flv-tag.ts'
import type { Logger } from '../../runtime/logger.ts'
import { AudioNormaliser, type AudioConverter, type AudioNormaliserOptions } from './audio-normaliser.ts'
import { frameTimeMs } from './audio-track.ts'
import type { GopBuffer, KeptFrame } from './gop-buffer.ts'
import type { Timeline } from './timeline.ts'

/** Where what the source sends goes. */
export interface SourceSink {
  /** The frame the program's audio goes on with. */
  readonly audioNext: number
  videoHeader(tag: FlvTag): void
  video(tag: FlvTag, ptsMs: number, keyframe: boolean): void
  audioFrame(frame: number, data: Uint8Array): void
  audioExpected(isExpected: boolean): void
  /** The source has no video: audio leads. */
  audioOnly(): void
}

export interface SourceFeedOptions {
  timeline: Timeline
  sink: SourceSink
  audioBitrateKbps: number
  logger: Logger
  now: () => number
  /** A small ffmpeg each, unless told otherwise. */
  convertAudio?: ((options: AudioNormaliserOptions) => AudioConverter) | undefined
}

/** A source that was silent goes on where it stopped when no more than this is missing; a hole in video freezes players. */
const MAX_HOLE_MS = 500
/** The audio converter gets this much before what is needed of it. */
const PREROLL_MS = 100
/** FrameType and CodecID (annex E.4.3.1) of a keyframe and of any other frame. */
const [KEYFRAME_AVC, INTER_AVC] = [0x17, 0x27]

export class SourceFeed {
  readonly #options: SourceFeedOptions
  readonly #normaliser: AudioConverter
  #isFeeding = false
  /** The timeline's anchor is this source's as long as nobody else has changed it. */
  #anchor: number | null = null
  #header: FlvTag | null = null
  #lastDtsMs: number | null = null
  /** Frames have come that were not placed: what follows cannot be decoded without them. */
  #hasSkipped = false
  #isResuming = false

  constructor(options: SourceFeedOptions) {
    this.#options = options
    const { sink, audioBitrateKbps: bitrateKbps, logger } = options
    const onFrame = (frame: number, data: Uint8Array): void => sink.audioFrame(frame, data)
    const convert = options.convertAudio ?? ((wanted: AudioNormaliserOptions) => new AudioNormaliser(wanted))
    this.#normaliser = convert({ bitrateKbps, logger, onFrame })
  }

  get isFeeding(): boolean {
    return this.#isFeeding
  }

  /**
   * Feeds from now on: where it stopped, if nothing is missing, or with what is kept of it. False when there is nothing to begin
   * with. Answers `resumed` when the tag that has just come is yet to be placed.
   */
  join(kept: GopBuffer, expectsAudio: boolean): 'joined' | 'resumed' | null {
    this.#isResuming = this.#canResume()
    if (this.#isResuming) {
      this.#isFeeding = true
      return 'resumed'
    }
    return this.#begin(kept, expectsAudio) ? 'joined' : null
  }

  /** Feeds with sound alone: the next tag of it begins. */
  joinAudioOnly(): void {
    const { sink, timeline } = this.#options
    timeline.release()
    this.#anchor = timeline.anchor
    this.#isFeeding = true
    sink.audioExpected(true)
    sink.audioOnly()
  }

  /** Another one feeds, or none; what sound is under way still comes. */
  leave(): void {
    this.#isFeeding = false
    this.#normaliser.finish()
  }

  close(): void {
    this.#isFeeding = false
    this.#normaliser.close()
  }

  configureVideo(tag: FlvTag, header: VideoHeader): void {
    this.#header = { ...tag, data: avcBody(tag.data, header, 0) }
    if (this.#isFeeding) this.#options.sink.videoHeader(this.#header)
  }

  configureAudio(sequenceHeader: Uint8Array): void {
    this.#normaliser.configure(sequenceHeader)
  }

  /** A frame that has just come; `kept` holds it already. */
  video(frame: KeptFrame, kept: GopBuffer): void {
    if (!this.#isFeeding) {
      this.#hasSkipped = true
      return
    }
    const isHole = this.#isResuming && frame.dtsMs - (this.#lastDtsMs ?? 0) > MAX_HOLE_MS
    this.#isResuming = false
    if (isHole && this.#begin(kept, true)) return
    const { timeline, sink, now } = this.#options
    const placed = timeline.placeVideo(frame, now())
    if (!placed) return
    this.#lastDtsMs = frame.dtsMs
    const data = avcBody(frame.tag.data, frame.header, placed.ptsMs - placed.dtsMs)
    sink.video({ type: 'video', timestampMs: placed.dtsMs, data }, placed.ptsMs, frame.keyframe)
  }

  audio(tag: FlvTag, isAlone: boolean): void {
    if (!this.#isFeeding) return
    const { timeline, now } = this.#options
    const placed = timeline.placeAudio(tag.timestampMs, now(), isAlone)
    if (placed !== null) this.#normaliser.push(placed, tag.data)
  }

  #canResume(): boolean {
    return this.#anchor !== null && this.#anchor === this.#options.timeline.anchor && !this.#hasSkipped
  }

  #begin(kept: GopBuffer, expectsAudio: boolean): boolean {
    const { timeline, sink, now } = this.#options
    const joined = timeline.join(kept.frames, now())
    if (!joined) return false
    this.#isFeeding = true
    this.#hasSkipped = false
    this.#anchor = timeline.anchor
    sink.audioExpected(expectsAudio)
    if (this.#header) sink.videoHeader(this.#header)
    kept.frames.forEach((frame, index) => {
      const placed = joined.placed[index]
      if (!placed) return
      // Copied: what is kept may have been placed before, and is in the log.
      const data = avcBody(frame.tag.data.slice(), frame.header, placed.ptsMs - placed.dtsMs)
      sink.video({ type: 'video', timestampMs: placed.dtsMs, data }, placed.ptsMs, frame.keyframe)
    })
    this.#lastDtsMs = kept.frames.at(-1)?.dtsMs ?? null
    const fromMs = frameTimeMs(sink.audioNext) - PREROLL_MS - joined.offsetMs
    for (const tag of kept.audio) if (tag.timestampMs >= fromMs) this.audio(tag, false)
    return true
  }
}

/** The tag's body with its composition time on the timeline; an Enhanced RTMP one as annex E has it, which every reader knows. */
function avcBody(
  data: Uint8Array,
  { kind, keyframe, payloadOffset }: VideoHeader,
  compositionMs: number,
): Uint8Array {
  const isSequenceHeader = kind === 'sequence-header'
  const frame = isSequenceHeader || keyframe ? KEYFRAME_AVC : INTER_AVC
  const composition = [compositionMs >> 16, compositionMs >> 8, compositionMs].map((byte) => byte & 0xff)
  const head = Uint8Array.of(frame, isSequenceHeader ? 0 : 1, ...composition)
  if (payloadOffset !== head.length) return concatBytes([head, data.subarray(payloadOffset)])
  data.set(head) // ours: the session has copied it
  return data
}
