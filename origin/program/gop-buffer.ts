/** What is kept of a publisher: its newest GOP and as much sound, so that a program can go on with it at any moment. Bounded. */
import type { FlvTag, VideoHeader } from '../../media/flv-tag.ts'
import { JUMP_BACK_MS, JUMP_FORWARD_MS } from './timeline.ts'

export interface KeptFrame {
  tag: FlvTag
  header: VideoHeader
  dtsMs: number
  ptsMs: number
  keyframe: boolean
}

/** Ten seconds at 60 fps; a GOP longer or larger than this is no use to join in the middle of. */
export const MAX_KEPT_FRAMES = 600
const MAX_KEPT_BYTES = 24 * 1024 * 1024
/** Sound that lags behind its picture comes late, and what is older than this was heard already. */
const KEPT_AUDIO_TAGS = 150

export class GopBuffer {
  /** From the newest keyframe on, in decode order. */
  frames: KeptFrame[] = []
  audio: FlvTag[] = []
  #bytes = 0

  video(frame: KeptFrame): void {
    if (frame.keyframe || this.#isBroken(frame.dtsMs)) this.clearVideo()
    if (!frame.keyframe && this.frames.length === 0) return
    this.frames.push(frame)
    this.#bytes += frame.tag.data.length
    if (this.frames.length > MAX_KEPT_FRAMES || this.#bytes > MAX_KEPT_BYTES) this.clearVideo()
  }

  sound(tag: FlvTag): void {
    this.audio.push(tag)
    if (this.audio.length > KEPT_AUDIO_TAGS) this.audio.shift()
  }

  /** Nobody can begin with what is kept: another codec configuration, or too much. */
  clearVideo(): void {
    this.frames = []
    this.#bytes = 0
  }

  clear(): void {
    this.clearVideo()
    this.audio = []
  }

  /** A GOP whose times jump in the middle has no place on a timeline as a whole. */
  #isBroken(dtsMs: number): boolean {
    const last = this.frames.at(-1)
    if (!last) return false
    return dtsMs < last.dtsMs - JUMP_BACK_MS || dtsMs > last.dtsMs + JUMP_FORWARD_MS
  }
}
