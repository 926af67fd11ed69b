/**
 * Joins the upstream's connections into one timeline. A new connection begins some seconds back: what was sent before is
 * dropped, so that it goes on without a hole where the two overlap, and at the next keyframe where they do not.
 */

import type { FlvTag } from '../../media/flv-stream.ts'
import type { TagKind } from './tag-kind.ts'

/** Where programs are not named, a connection that begins further back than any ring reaches has another timeline. */
const OTHER_TIMELINE_MS = 30_000
/** Between the last tag of one timeline and the first of the next: a frame, about. */
const SEAM_MS = 33
/** A picture is decoded so much before it is shown, at most: the first one behind a restart may have a time before it. */
const REORDER_MS = 500

export interface SpliceBeginning {
  program: string | null
  resumedMs: number | null
  rendition: string
}

export class Splice {
  #offsetMs = 0
  #lastVideoMs: number | null = null
  #lastAudioMs: number | null = null
  /** `joining` until the place where this connection may go on; `joined` connections may repeat what was sent. */
  #state: 'first' | 'joining' | 'joined' = 'first'
  #program: string | null = null
  #isOtherProgram: boolean | null = null
  #resumedMs: number | null = null
  /** From this time of the program on, this connection has other frames than the one before. */
  #anewFromMs: number | null = null
  #rendition: string | null = null
  /** Frames of this connection do not build on those of the one before: it goes on with a keyframe behind them. */
  #isOtherPicture = false

  /**
   * To be called before the first tag of every connection, with its program when that is known, and where that went on behind
   * the last restart of its origin: frames of later times were sent before it, too, and are made anew. Renditions of one program have
   * one timeline and the same sound.
   */
  begin({ program, resumedMs, rendition }: SpliceBeginning): void {
    if (this.#rendition !== null && rendition !== this.#rendition) this.#isOtherPicture = true
    this.#rendition = rendition
    this.#anewFromMs = resumedMs === this.#resumedMs ? null : resumedMs
    this.#resumedMs = resumedMs
    const isKnown = program !== null && this.#program !== null
    this.#isOtherProgram = isKnown ? program !== this.#program : null
    this.#program = program
    if (this.#newestMs() !== null) this.#state = 'joining'
  }

  /** The tag with its time on the one timeline; null when it is not to be sent. */
  accept(tag: FlvTag, kind: TagKind): FlvTag | null {
    // ffmpeg takes metadata at any other time for a track of its own.
    if (kind === 'metadata') return { ...tag, timestampMs: 0 }
    if (kind !== 'keyframe' && kind !== 'video' && kind !== 'audio') {
      return { ...tag, timestampMs: this.#newestMs() ?? tag.timestampMs }
    }
    const isJoined = this.#state !== 'joining' || this.#join(tag, kind) || this.#isSoundOf(kind)
    if (!isJoined) return null
    const timestampMs = (tag.timestampMs + this.#offsetMs) >>> 0
    const lastMs = tag.type === 'video' ? this.#lastVideoMs : this.#lastAudioMs
    if (this.#state !== 'first' && lastMs !== null && since(lastMs, timestampMs) <= 0) return null
    if (tag.type === 'video') this.#lastVideoMs = timestampMs
    else this.#lastAudioMs = timestampMs
    return this.#offsetMs === 0 ? tag : { ...tag, timestampMs }
  }

  /** Whether the connection goes on with this tag or a later one; false while it could only leave broken frames. */
  #join(tag: FlvTag, kind: TagKind): boolean {
    const canBegin = kind === 'keyframe' || this.#lastVideoMs === null
    if (!canBegin) return false
    const newestMs = this.#newestMs() ?? 0
    const aheadMs = since(newestMs, (tag.timestampMs + this.#offsetMs) >>> 0)
    const isOther = this.#isOtherProgram ?? aheadMs < -OTHER_TIMELINE_MS
    const isRepeated = !isOther && this.#anewFromMs !== null && aheadMs <= 0
    // What lies before the restart was sent already; the rest goes behind what was sent, not over it.
    if (isRepeated && tag.timestampMs < (this.#anewFromMs ?? 0) - REORDER_MS) return false
    if (isOther || isRepeated) this.#offsetMs = newestMs + SEAM_MS - tag.timestampMs
    else if (this.#isOtherPicture && this.#lastVideoMs !== null) {
      const isBehind = since(this.#lastVideoMs, (tag.timestampMs + this.#offsetMs) >>> 0) > 0
      if (!isBehind) return false
    }
    this.#state = 'joined'
    this.#isOtherPicture = false
    return true
  }

  /** While another picture's keyframe is waited for, the sound goes on: it is the same. */
  #isSoundOf(kind: TagKind): boolean {
    return (
      kind === 'audio' && this.#isOtherPicture && this.#isOtherProgram === false && this.#anewFromMs === null
    )
  }

  #newestMs(): number | null {
    if (this.#lastVideoMs === null || this.#lastAudioMs === null)
      return this.#lastVideoMs ?? this.#lastAudioMs
    return since(this.#lastAudioMs, this.#lastVideoMs) > 0 ? this.#lastVideoMs : this.#lastAudioMs
  }
}

/** From one 32-bit time to another, signed: FLV's clock wraps after 49.7 days. */
function since(fromMs: number, toMs: number): number {
  return (toMs - fromMs) | 0
}
