/** What can be said of a source by watching its tags: rates, keyframes, and what will hurt. Pure: the clock is handed in. */
import { parseAudioSpecificConfig, type AacConfig } from '../../media/aac.ts'
import { readMetadata, type AmfValue } from '../../media/amf0.ts'
import { parseAudioHeader, parseVideoHeader, type FlvTag } from '../../media/flv-tag.ts'
import { EmptyPicture } from './empty-picture.ts'
import { ByteWindow } from './byte-window.ts'
import { MediaError } from '../../media/media-error.ts'
import type { Notice, SourceFacts } from './live-rooms.ts'
import { SourceClock } from './source-clock.ts'

const WINDOW_MS = 4000
const LONG_KEYFRAME_INTERVAL_MS = 4000
const MAX_DELTAS = 128
/** An AAC frame no larger than this holds next to nothing: silence takes 6 to 10 bytes, and a quiet room more. */
const SILENT_FRAME_BYTES = 16
/** So many in a row: ten seconds. */
const SILENT_FRAMES = 470
const EMPTY_FOR_MS = 10_000
/** What is read of `onMetaData`; the rest is the publisher's, of any size, and not kept. */
const METADATA_KEYS = [
  'videocodecid',
  'audiocodecid',
  'width',
  'height',
  'framerate',
  'audiosamplerate',
  'encoder',
]

export class SourceMeter {
  #metadata: Record<string, AmfValue> = {}
  #videoCodec: string | null = null
  #audioCodec: string | null = null
  #aac: AacConfig | null = null
  readonly #bytes = new ByteWindow(WINDOW_MS)
  #deltasMs: number[] = []
  #lastVideoDtsMs: number | null = null
  #lastKeyframeMs: number | null = null
  #keyframeIntervalMs: number | null = null
  #hasBFrames = false
  #silentFrames = 0
  readonly #clock = new SourceClock()
  readonly #picture = new EmptyPicture()

  /** Whether the publisher announced a video track (undefined: it has not said). */
  get announcesVideo(): boolean | undefined {
    if (this.#videoCodec !== null || 'videocodecid' in this.#metadata || 'width' in this.#metadata)
      return true
    return 'audiocodecid' in this.#metadata ? false : undefined
  }

  get announcesAudio(): boolean | undefined {
    if (this.#audioCodec !== null || 'audiocodecid' in this.#metadata) return true
    return 'videocodecid' in this.#metadata ? false : undefined
  }

  /** Frames per second as announced, or as measured. */
  get frameRate(): number | null {
    return numberOf(this.#metadata['framerate']) ?? this.#measuredRate()
  }

  observe(tag: FlvTag, nowMs: number): void {
    this.#bytes.add(tag.data.length, nowMs)
    if (tag.type === 'script') this.#observeMetadata(tag)
    else if (tag.type === 'video') this.#observeVideo(tag, nowMs)
    else this.#observeAudio(tag, nowMs)
  }

  facts(): SourceFacts {
    return {
      videoCodec: this.#videoCodec,
      audioCodec: this.#audioCodec,
      width: numberOf(this.#metadata['width']),
      height: numberOf(this.#metadata['height']),
      fps: this.#measuredRate() ?? this.frameRate,
      bitrateKbps: this.bitrateKbps(),
      keyframeIntervalMs: this.#keyframeIntervalMs,
      audioSampleRate: this.#aac?.sampleRate ?? numberOf(this.#metadata['audiosamplerate']),
      audioChannels: this.#aac?.channels ?? null,
      encoder: textOf(this.#metadata['encoder']),
      warnings: this.#warnings(),
    }
  }

  bitrateKbps(): number | null {
    return this.#bytes.kbps
  }

  /** The window spread over its whole length, also when there is less of it yet: what a flood is known by at once. */
  loadKbps(): number {
    return Math.round((this.#bytes.bytes * 8) / WINDOW_MS)
  }

  #observeMetadata(tag: FlvTag): void {
    const metadata = readMetadata(tag.data)
    for (const key of METADATA_KEYS) if (key in metadata) this.#metadata[key] = metadata[key] ?? null
  }

  #observeVideo(tag: FlvTag, nowMs: number): void {
    const header = parseVideoHeader(tag.data)
    this.#videoCodec = header.codec
    const payload = tag.data.subarray(header.payloadOffset)
    if (header.kind === 'sequence-header' && header.codec === 'avc') this.#configure(payload)
    if (header.kind !== 'frames') return
    this.#picture.observe(payload, { dtsMs: tag.timestampMs, keyframe: header.keyframe })
    this.#clock.observe(tag.timestampMs, nowMs)
    if (header.compositionTimeMs !== 0) this.#hasBFrames = true
    if (this.#lastVideoDtsMs !== null) {
      this.#deltasMs.push(tag.timestampMs - this.#lastVideoDtsMs)
      if (this.#deltasMs.length > MAX_DELTAS) this.#deltasMs.shift()
    }
    this.#lastVideoDtsMs = tag.timestampMs
    if (!header.keyframe) return
    if (this.#lastKeyframeMs !== null && tag.timestampMs > this.#lastKeyframeMs)
      this.#keyframeIntervalMs = tag.timestampMs - this.#lastKeyframeMs
    this.#lastKeyframeMs = tag.timestampMs
  }

  #configure(record: Uint8Array): void {
    try {
      this.#picture.configure(record)
    } catch (error) {
      if (!(error instanceof MediaError)) throw error // the decoder will say what is wrong with it
    }
  }

  #observeAudio(tag: FlvTag, nowMs: number): void {
    const header = parseAudioHeader(tag.data)
    this.#audioCodec = header.codec
    if (this.#videoCodec === null && header.kind === 'frames') this.#clock.observe(tag.timestampMs, nowMs)
    if (header.codec !== 'aac') return
    const isSilent = tag.data.length - header.payloadOffset <= SILENT_FRAME_BYTES
    if (header.kind === 'frames') this.#silentFrames = isSilent ? this.#silentFrames + 1 : 0
    if (header.kind === 'sequence-header')
      this.#aac = parseAudioSpecificConfig(tag.data.subarray(header.payloadOffset))
  }

  #measuredRate(): number | null {
    if (this.#deltasMs.length < 8) return null
    const total = this.#deltasMs.reduce((sum, delta) => sum + delta, 0)
    return total <= 0 ? null : Math.round((this.#deltasMs.length * 100_000) / total) / 100
  }

  #warnings(): Notice[] {
    const warnings: Notice[] = []
    const warn = (code: string, message: string) => warnings.push({ code, message })
    const openMs =
      this.#lastKeyframeMs !== null && this.#lastVideoDtsMs !== null
        ? this.#lastVideoDtsMs - this.#lastKeyframeMs
        : 0
    const intervalMs = Math.max(this.#keyframeIntervalMs ?? 0, openMs)
    if (intervalMs > LONG_KEYFRAME_INTERVAL_MS)
      warn(
        'keyframe_interval_long',
        `keyframes every ${(intervalMs / 1000).toFixed(1)} s: set the keyframe interval to 2 s`,
      )
    if (this.#isRateVariable())
      warn('frame_rate_variable', 'the frame rate varies: set a constant frame rate')
    if (this.#hasBFrames)
      warn('b_frames', 'B-frames add delay: set the encoder to none (x264: bframes=0 or tune zerolatency)')
    if (this.#aac && this.#aac.sampleRate !== 48_000)
      warn('audio_not_48khz', `audio at ${this.#aac.sampleRate} Hz is resampled: set 48 kHz`)
    if (this.#silentFrames >= SILENT_FRAMES)
      warn('audio_silent', 'the audio has been silent for ten seconds: check what is muted in the encoder')
    if (this.#picture.emptyForMs >= EMPTY_FOR_MS)
      warn(
        'picture_empty',
        'the picture has been black, or of one colour, for ten seconds: check the scene in the encoder',
      )
    this.#warnOfClock(warn)
    return warnings
  }

  #warnOfClock(warn: (code: string, message: string) => void): void {
    const percent = this.#clock.driftPercent
    if (percent === null) return
    const by = `${Math.abs(percent).toFixed(1)} %`
    if (percent > 0)
      warn(
        'clock_fast',
        `the stream runs ${by} faster than time, so a second or two is skipped now and then: play at speed 1 (ffmpeg: -re), restart the encoder`,
      )
    else
      warn(
        'clock_slow',
        `the stream comes in ${by} slower than time, so viewers run dry: the encoder or the upload cannot keep up, lower bitrate, size or frame rate`,
      )
  }

  #isRateVariable(): boolean {
    if (this.#deltasMs.length < 30) return false
    const sorted = [...this.#deltasMs].sort((a, b) => a - b)
    const median = sorted[sorted.length >> 1] ?? 0
    const odd = sorted.filter((delta) => Math.abs(delta - median) > Math.max(4, median * 0.25)).length
    return odd > sorted.length * 0.1
  }
}

function numberOf(value: AmfValue | undefined): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null
}

/** Text a publisher chose, cut to what a page can show. */
function textOf(value: AmfValue | undefined): string | null {
  return typeof value === 'string' ? value.slice(0, 100) : null
}
