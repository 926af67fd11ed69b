/** One publisher connection: reads its tags, judges and keeps what is needed of them, says what it is. */
import { parseAudioHeader, parseVideoHeader, type FlvTag, type VideoHeader } from '../../media/flv-tag.ts'
import { MediaError } from '../../media/media-error.ts'
import { MESSAGES_PER_SECOND } from '../ingest/message-budget.ts'
import { GopBuffer, type KeptFrame } from './gop-buffer.ts'
import type { Notice, PublisherKind, SourceFacts } from './live-rooms.ts'
import { findExcess, type PictureLimits } from './picture-limits.ts'
import type { Contender } from './selection.ts'
import { SourceFeed, type SourceFeedOptions } from './source-feed.ts'
import { SourceHealth } from './source-health.ts'
import { SourceMeter } from './source-meter.ts'

export interface SourceLimits extends PictureLimits {
  maxBitrateKbps: number
  firstKeyframeTimeoutMs: number
  audioBitrateKbps: number
}

export interface SourceOptions extends Omit<SourceFeedOptions, 'audioBitrateKbps'> {
  kind: PublisherKind
  limits: SourceLimits
  /** Media has come: the moment to decide whether it is to feed. */
  heard: (source: Source) => void
  /** What it sends cannot be taken. Once. */
  refused: (source: Source, reason: Notice) => void
}

/** Without any word about video, and without video, audio leads after this much time. */
const AUDIO_ALONE_AFTER_MS = 2000
/** Too much for this long without a pause: what has queued up in a hiccup of the network comes in faster, and ends sooner. */
export const TOO_FAST_FOR_MS = 8000
/** Ten seconds at the limit that come at once are 3.5 times as much: this is no hiccup, and ends before it has filled any memory. */
const FLOOD_FACTOR = 5

export class Source {
  readonly kind: PublisherKind
  readonly health = new SourceHealth()
  readonly #options: SourceOptions
  readonly #meter = new SourceMeter()
  readonly #kept = new GopBuffer()
  readonly #feed: SourceFeed
  readonly #startedAtMs: number
  #hasVideo = false
  #isAudioOnly = false
  #isClosed = false
  #isAtKeyframe = false
  /** The tag that has just come went out with what was kept. */
  #isPlaced = false
  #videoConfig: Uint8Array | null = null
  #unreadAudio: string | null = null
  #tooFastSinceMs: number | null = null

  constructor(options: SourceOptions) {
    this.#options = options
    this.kind = options.kind
    this.#startedAtMs = options.now()
    this.#feed = new SourceFeed({ ...options, audioBitrateKbps: options.limits.audioBitrateKbps })
  }

  /** It has said that it has no video, or has not sent any for so long. */
  get isAudioOnly(): boolean {
    return this.#isAudioOnly
  }

  get isFeeding(): boolean {
    return this.#feed.isFeeding
  }

  get frameRate(): number | null {
    return this.#meter.frameRate
  }

  /** As one of those who may feed. `mayBeAudioOnly`: the program has no video of its own. */
  contender(mayBeAudioOnly: boolean): Contender {
    const isAlone = this.#isAudioOnly && mayBeAudioOnly
    return {
      kind: this.kind,
      isHealthy: this.health.ailment === null && !this.#isClosed,
      healthyForMs: this.health.healthyForMs,
      isReady: isAlone || this.#kept.frames.length > 0,
      isAtKeyframe: isAlone || this.#isAtKeyframe,
    }
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

  /** Its connection sends so many messages that they are not even read. */
  overrun(): void {
    const message = `more than ${MESSAGES_PER_SECOND} messages a second: no encoder sends as many, start it again`
    this.#refuse('too_many_messages', message)
  }

  /** Feeds the program from now on. False when there is nothing yet to begin with. */
  join(): boolean {
    if (this.#isAudioOnly && this.#kept.frames.length === 0) {
      this.#feed.joinAudioOnly()
      return true
    }
    const outcome = this.#feed.join(this.#kept, this.#meter.announcesAudio !== false)
    this.#isPlaced = outcome === 'joined'
    return outcome !== null
  }

  /** Another one feeds the program, or none. */
  leave(): void {
    this.#feed.leave()
  }

  close(): void {
    this.#isClosed = true
    this.#feed.close()
    // Its connection may linger for a while: what it has kept need not.
    this.#kept.clear()
  }

  #video(tag: FlvTag): void {
    const header = parseVideoHeader(tag.data)
    if (header.kind === 'end' || header.kind === 'metadata') return
    if (header.codec !== 'avc')
      return this.#refuse('video_codec_unsupported', `video in ${header.codec} is not taken: set H.264`)
    if (header.kind === 'sequence-header') return this.#configure(tag, header)
    const { keyframe } = header
    const dtsMs = tag.timestampMs
    const frame: KeptFrame = { tag, header, dtsMs, ptsMs: dtsMs + header.compositionTimeMs, keyframe }
    this.#kept.video(frame)
    this.#hasVideo ||= keyframe
    this.#isAtKeyframe = keyframe
    this.#hear('video', dtsMs)
    if (!this.#isPlaced) this.#feed.video(frame, this.#kept)
  }

  #audio(tag: FlvTag): void {
    const header = parseAudioHeader(tag.data)
    if (header.codec !== 'aac' && header.codec !== 'mp3') {
      this.#unreadAudio = header.codec
      return
    }
    if (header.kind === 'sequence-header') return this.#feed.configureAudio(tag.data)
    if (header.kind !== 'frames' || tag.data.length <= header.payloadOffset) return
    this.#kept.sound(tag)
    const isAlone = this.#leadsWithAudio()
    this.#isAtKeyframe = false
    this.#hear('audio', tag.timestampMs)
    if (!this.#isPlaced) this.#feed.audio(tag, isAlone)
  }

  #configure(tag: FlvTag, header: VideoHeader): void {
    const config = tag.data.slice(header.payloadOffset)
    const excess = findExcess(config, this.#options.limits)
    if (excess !== null) return this.#refuse('resolution_too_high', excess)
    if (!isSame(config, this.#videoConfig)) this.#kept.clearVideo()
    this.#videoConfig = config
    this.#feed.configureVideo(tag, header)
  }

  #hear(track: 'video' | 'audio', timeMs: number): void {
    this.#isPlaced = false
    this.health.observe(track, timeMs)
    this.#options.heard(this)
  }

  #leadsWithAudio(): boolean {
    if (this.#hasVideo) return false
    if (this.#isAudioOnly) return true
    const announced = this.#meter.announcesVideo
    this.#isAudioOnly =
      announced === false || (announced === undefined && this.#ageMs() > AUDIO_ALONE_AFTER_MS)
    return this.#isAudioOnly
  }

  #judge(): void {
    const { limits } = this.#options
    if (!this.#hasVideo && !this.#isAudioOnly && this.#ageMs() > limits.firstKeyframeTimeoutMs) {
      const seconds = limits.firstKeyframeTimeoutMs / 1000
      return this.#refuse('no_keyframe', `no keyframe in ${seconds} s: set the keyframe interval to 2 s`)
    }
    const loadKbps = this.#meter.loadKbps()
    if (loadKbps > FLOOD_FACTOR * limits.maxBitrateKbps) return this.#refuseBitrate(loadKbps)
    const bitrateKbps = this.#meter.bitrateKbps() ?? 0
    if (bitrateKbps <= limits.maxBitrateKbps) this.#tooFastSinceMs = null
    else this.#tooFastSinceMs ??= this.#options.now()
    if (this.#tooFastSinceMs !== null && this.#options.now() - this.#tooFastSinceMs > TOO_FAST_FOR_MS)
      this.#refuseBitrate(bitrateKbps)
  }

  #refuseBitrate(kbps: number): void {
    const { maxBitrateKbps } = this.#options.limits
    this.#refuse('bitrate_too_high', `${kbps} kbit/s, at most ${maxBitrateKbps}: lower the bitrate`)
  }

  #refuse(code: string, message: string): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#options.refused(this, { code, message })
  }

  #ageMs(): number {
    return this.#options.now() - this.#startedAtMs
  }
}

function isSame(a: Uint8Array, b: Uint8Array | null): boolean {
  return a.length === b?.length && a.every((byte, index) => byte === b[index])
}
