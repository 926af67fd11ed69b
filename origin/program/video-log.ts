/** The program's video as it was placed: enough of the past for an encoder to begin at any part still to come, and whoever follows. */
import type { FlvTag } from '../../media/flv-tag.ts'

export interface PlacedVideo {
  tag: FlvTag
  ptsMs: number
  keyframe: boolean
}

interface Logged extends PlacedVideo {
  /** The codec configuration in force. */
  header: FlvTag | null
}

/** What is kept at most; a keyframe interval longer than this leaves the last keyframe and what follows, within the bytes. */
const KEPT_MS = 12_000
const KEPT_BYTES = 64 * 1024 * 1024

export class VideoLog {
  /** The newest codec configuration. */
  sequenceHeader: FlvTag | null = null
  readonly #placed: Logged[] = []
  #bytes = 0
  readonly #followers = new Set<(tag: FlvTag) => void>()

  /** Decode time of the newest picture; 0 before there is any. */
  get newestMs(): number {
    return this.#placed.at(-1)?.tag.timestampMs ?? 0
  }

  configure(tag: FlvTag): void {
    this.sequenceHeader = tag
    this.#tell(tag)
  }

  push(placed: PlacedVideo): void {
    this.#placed.push({ ...placed, header: this.sequenceHeader })
    this.#bytes += placed.tag.data.length
    this.#forget(placed.tag.timestampMs - KEPT_MS)
    this.#tell(placed.tag)
  }

  /** Everything from the last keyframe shown at or before a time, or from the oldest one kept, with its codec configurations. */
  since(timeMs: number): FlvTag[] {
    const at = this.#placed.findLastIndex((placed) => placed.keyframe && placed.ptsMs <= timeMs)
    const oldest = this.#placed.findIndex((placed) => placed.keyframe)
    const from = at >= 0 ? at : oldest
    if (from < 0) return this.sequenceHeader ? [this.sequenceHeader] : []
    let inForce: FlvTag | null = null
    return this.#placed.slice(from).flatMap(({ tag, header }) => {
      const isNew = header !== inForce
      inForce = header
      return isNew && header ? [{ ...header, timestampMs: tag.timestampMs }, tag] : [tag]
    })
  }

  /** Calls back with each tag from now on; returns the way to stop. */
  follow(listener: (tag: FlvTag) => void): () => void {
    this.#followers.add(listener)
    return () => void this.#followers.delete(listener)
  }

  #tell(tag: FlvTag): void {
    for (const listener of this.#followers) listener(tag)
  }

  #forget(beforeMs: number): void {
    for (;;) {
      const next = this.#placed.findIndex((placed, index) => index > 0 && placed.keyframe)
      const isOld = next > 0 && (this.#placed[next]?.tag.timestampMs ?? 0) <= beforeMs
      if (next < 0 || (!isOld && this.#bytes <= KEPT_BYTES)) break
      for (const dropped of this.#placed.splice(0, next)) this.#bytes -= dropped.tag.data.length
    }
    // One endless GOP beyond the bytes: nobody can begin in it, so nothing of it is worth keeping.
    if (this.#bytes > KEPT_BYTES) {
      this.#placed.length = 0
      this.#bytes = 0
    }
  }
}
