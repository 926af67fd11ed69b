/** Turns tags into ring entries: many tags in one buffer, a new one at every keyframe and change of headers. */

import { encodeFlvTag, FLV_HEADER } from '../../media/flv-stream.ts'
import type { FlvTag } from '../../media/flv-stream.ts'
import type { FlvHeaders, GopRing } from './gop-ring.ts'
import type { TagKind } from './tag-kind.ts'

const HEADER_KINDS = ['metadata', 'video-config', 'audio-config'] as const
type HeaderKind = (typeof HEADER_KINDS)[number]

// FLV header, annex E.2: TypeFlagsAudio and TypeFlagsVideo.
const FLAGS_OFFSET = 4
const HAS_AUDIO = 4
const HAS_VIDEO = 1
// A stream without video has no keyframes; any of its tags will do, and one a second is enough.
const AUDIO_JOIN_MS = 1000

export class Batcher {
  readonly #ring: GopRing
  readonly #headerTags = new Map<HeaderKind, FlvTag>()
  #headers: FlvHeaders = { file: fileHeader(false, false), tagsAt: () => Buffer.alloc(0) }
  #pending: Uint8Array[] = []
  #firstMs = 0
  #lastMs = 0
  #startsGop = false
  #hasVideo = false
  #audioJoinMs: number | null = null

  constructor(ring: GopRing) {
    this.#ring = ring
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  add(tag: FlvTag, kind: TagKind): void {
    if (isHeader(kind)) {
      if (!this.#isNewHeader(tag, kind)) return
      this.close()
      this.#setHeader(tag, kind)
    } else if (this.#canBeginWith(tag, kind)) {
      this.close()
      this.#startsGop = true
    }
    if (tag.type === 'video') this.#hasVideo = true
    if (this.isEmpty) this.#firstMs = tag.timestampMs
    this.#lastMs = tag.timestampMs
    this.#pending.push(encodeFlvTag(tag))
  }

  /** Puts what has gathered into the ring as one entry. */
  close(): void {
    if (this.isEmpty) return
    this.#ring.append({
      bytes: Buffer.concat(this.#pending),
      timestampMs: this.#firstMs,
      lastMs: this.#lastMs,
      startsGop: this.#startsGop,
      headers: this.#headers,
    })
    this.#pending = []
    this.#startsGop = false
  }

  #canBeginWith(tag: FlvTag, kind: TagKind): boolean {
    if (kind === 'keyframe') return true
    if (kind !== 'audio' || this.#hasVideo) return false
    // The first second waits for video to show itself.
    this.#audioJoinMs ??= tag.timestampMs
    if (((tag.timestampMs - this.#audioJoinMs) | 0) < AUDIO_JOIN_MS) return false
    this.#audioJoinMs = tag.timestampMs
    return true
  }

  #isNewHeader(tag: FlvTag, kind: HeaderKind): boolean {
    const known = this.#headerTags.get(kind)
    return known === undefined || Buffer.compare(known.data, tag.data) !== 0
  }

  #setHeader(tag: FlvTag, kind: HeaderKind): void {
    this.#headerTags.set(kind, tag)
    const tags = HEADER_KINDS.flatMap((name) => this.#headerTags.get(name) ?? [])
    this.#headers = {
      file: fileHeader(this.#headerTags.has('audio-config'), this.#headerTags.has('video-config')),
      tagsAt: (timestampMs) => Buffer.concat(tags.map((it) => encodeFlvTag(atTime(it, timestampMs)))),
    }
  }
}

function isHeader(kind: TagKind): kind is HeaderKind {
  return kind === 'metadata' || kind === 'video-config' || kind === 'audio-config'
}

/** ffmpeg takes metadata at any time but 0 for a track of its own. */
function atTime(tag: FlvTag, timestampMs: number): FlvTag {
  return tag.type === 'script' ? tag : { ...tag, timestampMs }
}

// mpegts.js waits for both tracks where the flags promise both.
function fileHeader(hasAudio: boolean, hasVideo: boolean): Buffer {
  const header = Buffer.from(FLV_HEADER)
  header[FLAGS_OFFSET] = (hasAudio ? HAS_AUDIO : 0) | (hasVideo ? HAS_VIDEO : 0)
  return header
}
