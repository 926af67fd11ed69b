/** The program as one endless FLV: audio and video merged in decode order, with the GOP a newcomer begins with. */
import { encodeAudioSpecificConfig, PROGRAM_AUDIO } from '../../media/aac.ts'
import { concatBytes } from '../../media/bytes.ts'
import { encodeScript } from '../../media/amf0.ts'
import { isKeyframe, isSequenceHeader, type FlvTag } from '../../media/flv-tag.ts'
import { frameTimeMs } from './audio-track.ts'

/** AAC, 44 kHz, 16 bit, stereo, as annex E.4.2.1 wants for every AAC. */
const AAC_TAG_BYTE = 0xaf
/** Video waits this long at most for audio that lies before it. */
const MAX_HOLD_MS = 1000
/** The same in tags, against a source that sends many of one time. */
const MAX_WAITING = 256
/** A newcomer may begin this far back: continuity viewers play nine seconds behind. */
const KEPT_MS = 12_000
const MAX_KEPT_TAGS = 20_000
const MAX_KEPT_BYTES = 64 * 1024 * 1024

export function aacSequenceHeader(timestampMs: number): FlvTag {
  const data = concatBytes([Uint8Array.of(AAC_TAG_BYTE, 0), encodeAudioSpecificConfig(PROGRAM_AUDIO)])
  return { type: 'audio', timestampMs, data }
}

export function aacFrame(frame: number, data: Uint8Array): FlvTag {
  const timestampMs = Math.round(frameTimeMs(frame))
  return { type: 'audio', timestampMs, data: concatBytes([Uint8Array.of(AAC_TAG_BYTE, 1), data]) }
}

export class FlvLog {
  #waiting: FlvTag[] = []
  #audioReachedMs = -Infinity
  #lastMs = 0
  #videoHeader: FlvTag | null = null
  #kept: FlvTag[] = []
  #keptBytes = 0
  readonly #followers = new Set<(tag: FlvTag) => void>()

  video(tag: FlvTag): void {
    this.#waiting.push(tag)
    this.#release()
  }

  audio(tag: FlvTag): void {
    this.#audioReachedMs = tag.timestampMs
    this.#release()
    this.#emit(tag)
  }

  /** What a newcomer gets first: metadata, codec configurations, and everything since the last keyframe before `behindMs` ago. */
  beginning(behindMs = 0): FlvTag[] {
    const tags = this.#kept.slice(this.#findJoin(this.#lastMs - behindMs))
    const timestampMs = tags[0]?.timestampMs ?? this.#lastMs
    const metadata = encodeScript('onMetaData', { encoder: 'Headwater', audiocodecid: 10, videocodecid: 7 })
    const headers: FlvTag[] = [{ type: 'script', timestampMs: 0, data: metadata }] // ffmpeg takes a later one for subtitles
    if (this.#videoHeader) headers.push({ ...this.#videoHeader, timestampMs })
    headers.push(aacSequenceHeader(timestampMs))
    return [...headers, ...tags]
  }

  /** Calls back with each tag from now on; returns the way to stop. */
  follow(listener: (tag: FlvTag) => void): () => void {
    this.#followers.add(listener)
    return () => void this.#followers.delete(listener)
  }

  #release(): void {
    for (;;) {
      const next = this.#waiting[0]
      const newest = this.#waiting.at(-1)
      if (!next || !newest) return
      const isDue =
        next.timestampMs <= this.#audioReachedMs ||
        next.timestampMs < newest.timestampMs - MAX_HOLD_MS ||
        this.#waiting.length > MAX_WAITING
      if (!isDue) return
      this.#waiting.shift()
      this.#emit(next)
    }
  }

  #emit(tag: FlvTag): void {
    // Audio that video did not wait for would go back in time.
    const ordered = { ...tag, timestampMs: Math.max(tag.timestampMs, this.#lastMs) }
    this.#lastMs = ordered.timestampMs
    if (tag.type === 'video' && isSequenceHeader(tag)) this.#configure(ordered)
    else this.#keep(ordered)
    for (const listener of this.#followers) listener(ordered)
  }

  /** Another configuration than before: nobody can begin with the frames before it. */
  #configure(header: FlvTag): void {
    if (this.#videoHeader !== null && !isSameData(this.#videoHeader, header)) this.#forget()
    this.#videoHeader = header
  }

  #forget(): void {
    this.#kept = []
    this.#keptBytes = 0
  }

  #keep(tag: FlvTag): void {
    this.#kept.push(tag)
    this.#keptBytes += tag.data.length
    const isFull = this.#kept.length > MAX_KEPT_TAGS || this.#keptBytes > MAX_KEPT_BYTES
    if (!this.#canBegin(tag) && !isFull) return
    // One GOP that is larger than all that may be kept is of no use to anybody.
    const from =
      isFull && this.#findJoin(this.#lastMs) === 0
        ? this.#kept.length
        : this.#findJoin(this.#lastMs - KEPT_MS)
    for (const dropped of this.#kept.splice(0, from)) this.#keptBytes -= dropped.data.length
  }

  /** The last place at or before a time where playing can begin, else the first one. */
  #findJoin(timeMs: number): number {
    const at = this.#kept.findLastIndex((tag) => tag.timestampMs <= timeMs && this.#canBegin(tag))
    if (at >= 0) return at
    const first = this.#kept.findIndex((tag) => this.#canBegin(tag))
    return first < 0 ? this.#kept.length : first
  }

  #canBegin(tag: FlvTag): boolean {
    return this.#videoHeader === null || isKeyframe(tag)
  }
}

function isSameData(a: FlvTag, b: FlvTag): boolean {
  return a.data.length === b.data.length && a.data.every((byte, index) => byte === b.data[index])
}
