/** One publisher connection feeding a program: reads its tags, brings its audio to one format, says what it is. */
import { concatBytes } from '../../media/bytes.ts'
import { parseAudioHeader, parseVideoHeader, type FlvTag, type VideoHeader } from '../../media/flv-tag.ts'
import { MediaError } from '../../media/media-error.ts'
import type { Logger } from '../../runtime/logger.ts'
import { AudioNormaliser } from './audio-normaliser.ts'
import type { Notice, SourceFacts } from './live-rooms.ts'
import { SourceMeter } from './source-meter.ts'
import type { Timeline } from './timeline.ts'

export interface SourceLimits {
  maxBitrateKbps: number
  firstKeyframeTimeoutMs: number
  audioBitrateKbps: number
}

/** Where what the source sends goes. */
export interface SourceSink {
  videoHeader(tag: FlvTag): void
  video(tag: FlvTag, ptsMs: number, keyframe: boolean): void
  audioFrame(frame: number, data: Uint8Array): void
  audioExpected(isExpected: boolean): void
  /** The source has no video: audio leads. */
  audioOnly(): void
  refuse(reason: Notice): void
}

export interface SourceOptions {
  timeline: Timeline
  sink: SourceSink
  limits: SourceLimits
  logger: Logger
  now: () => number
}

/** Without any word about video, and without video, audio leads after this much time. */
const AUDIO_ALONE_AFTER_MS = 2000
/** Too much for this long without a pause: what has queued up in a hiccup of the network comes in faster, and ends sooner. */
export const TOO_FAST_FOR_MS = 8000
/** FrameType and CodecID (annex E.4.3.1) of a keyframe and of any other frame. */
const [KEYFRAME_AVC, INTER_AVC] = [0x17, 0x27]

export class Source {
  readonly #options: SourceOptions
  readonly #meter = new SourceMeter()
  readonly #normaliser: AudioNormaliser
  readonly #startedAtMs: number
  #hasVideo = false
  #isAudioOnly = false
  #isClosed = false
  #unreadAudio: string | null = null
  #tooFastSinceMs: number | null = null

  constructor(options: SourceOptions) {
    this.#options = options
    this.#startedAtMs = options.now()
    const { sink, limits, logger } = options
    this.#normaliser = new AudioNormaliser({
      bitrateKbps: limits.audioBitrateKbps,
      logger,
      onFrame: (frame, data) => sink.audioFrame(frame, data),
    })
  }

  get isAudioOnly(): boolean {
    return this.#isAudioOnly
  }

  get frameRate(): number | null {
    return this.#meter.frameRate
  }

  facts(): SourceFacts {
    const facts = this.#meter.facts()
    if (this.#unreadAudio === null) return facts
    const message = `audio in ${this.#unreadAudio} is not understood and is silent: set AAC`
    return { ...facts, warnings: [...facts.warnings, { code: 'audio_codec_unsupported', message }] }
  }

  /** Throws nothing: what is not FLV refuses the source. */
  receive(tag: FlvTag): void {
    if (this.#isClosed || tag.data.length === 0) return // some encoders send empty messages
    try {
      this.#meter.observe(tag, this.#options.now())
      if (tag.type === 'video') this.#video(tag)
      else if (tag.type === 'audio') this.#audio(tag)
      this.#judge()
    } catch (error) {
      if (!(error instanceof MediaError)) throw error
      this.#refuse('source_malformed', `the stream could not be read: ${error.message}`)
    }
  }

  close(): void {
    this.#isClosed = true
    this.#normaliser.close()
  }

  #video(tag: FlvTag): void {
    const { sink, timeline, now } = this.#options
    const header = parseVideoHeader(tag.data)
    if (header.kind === 'end' || header.kind === 'metadata') return
    if (header.codec !== 'avc')
      return this.#refuse('video_codec_unsupported', `video in ${header.codec} is not taken: set H.264`)
    if (header.kind === 'sequence-header')
      return sink.videoHeader({ ...tag, data: avcBody(tag.data, header, 0) })
    const ptsMs = tag.timestampMs + header.compositionTimeMs
    const placed = timeline.placeVideo({ dtsMs: tag.timestampMs, ptsMs, keyframe: header.keyframe }, now())
    if (!placed) return
    if (!this.#hasVideo) {
      this.#hasVideo = true
      sink.audioExpected(this.#meter.announcesAudio !== false)
    }
    const data = avcBody(tag.data, header, placed.ptsMs - placed.dtsMs)
    sink.video({ type: 'video', timestampMs: placed.dtsMs, data }, placed.ptsMs, header.keyframe)
  }

  #audio(tag: FlvTag): void {
    const { timeline, now } = this.#options
    const header = parseAudioHeader(tag.data)
    if (header.codec !== 'aac' && header.codec !== 'mp3') {
      this.#unreadAudio = header.codec
      return
    }
    if (header.kind === 'sequence-header') return this.#normaliser.configure(tag.data)
    if (header.kind !== 'frames' || tag.data.length <= header.payloadOffset) return
    const placed = timeline.placeAudio(tag.timestampMs, now(), this.#leadsWithAudio())
    if (placed !== null) this.#normaliser.push(placed, tag.data)
  }

  #leadsWithAudio(): boolean {
    if (this.#hasVideo) return false
    if (this.#isAudioOnly) return true
    const announced = this.#meter.announcesVideo
    const isAlone = announced === false || (announced === undefined && this.#ageMs() > AUDIO_ALONE_AFTER_MS)
    if (!isAlone) return false
    this.#isAudioOnly = true
    this.#options.sink.audioOnly()
    return true
  }

  #judge(): void {
    const { limits } = this.#options
    if (!this.#hasVideo && !this.#isAudioOnly && this.#ageMs() > limits.firstKeyframeTimeoutMs) {
      const seconds = limits.firstKeyframeTimeoutMs / 1000
      return this.#refuse('no_keyframe', `no keyframe in ${seconds} s: set the keyframe interval to 2 s`)
    }
    const bitrateKbps = this.#meter.bitrateKbps() ?? 0
    if (bitrateKbps <= limits.maxBitrateKbps) this.#tooFastSinceMs = null
    else this.#tooFastSinceMs ??= this.#options.now()
    if (this.#tooFastSinceMs !== null && this.#options.now() - this.#tooFastSinceMs > TOO_FAST_FOR_MS)
      this.#refuse(
        'bitrate_too_high',
        `${bitrateKbps} kbit/s, at most ${limits.maxBitrateKbps}: lower the bitrate`,
      )
  }

  #refuse(code: string, message: string): void {
    if (this.#isClosed) return
    this.close()
    this.#options.sink.refuse({ code, message })
  }

  #ageMs(): number {
    return this.#options.now() - this.#startedAtMs
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
