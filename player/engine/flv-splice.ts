/**
 * Joins the connections of one FLV viewer into one stream: what a later one repeats is dropped, and it goes on exactly where the
 * last one broke. mpegts.js never notices that there was another.
 */
import { encodeFlvTag, FlvParser, isKeyframe, isSequenceHeader, type FlvTag } from '../../media/flv-stream.ts'
import { concatBytes } from '../../media/bytes.ts'
import { PlayerError } from '../player-error.ts'

/** Signature, flags and the first PreviousTagSize (annex E.2). */
const FILE_HEADER_BYTES = 13
/** Two frames at 24 fps: a larger hole in the picture freezes mpegts.js for good. */
const LARGEST_HOLE_MS = 85

/** An inter frame in AVC (annex E.4.3.1). */
const INTER_PICTURE = 0x27
/** After a frame made anew follows the last one of before: about a frame. */
const SEAM_MS = 33
/** Pictures whose sizes are remembered: those of the longest stretch that a new connection repeats, at 60 fps. */
const MAX_REMEMBERED = 1200

type MediaType = 'audio' | 'video'

export class FlvSplice {
  readonly #onTag: (tag: FlvTag) => void
  readonly #lastMs: Record<MediaType, number | null> = { audio: null, video: null }
  readonly #headers: Record<MediaType, Uint8Array | null> = { audio: null, video: null }
  #waiting: Record<MediaType, FlvTag | null> = { audio: null, video: null }
  #parser = new FlvParser()
  /** the first connection's file header, while it is incomplete; null once it was handed on */
  #fileHeader: number[] | null = []
  #isFirst = true
  /** the last picture handed on, and whether this connection has brought it too: pictures behind it are only then its like */
  #lastPicture: FlvTag | null = null
  #hasJoined = true
  /** sizes of the pictures handed on, by their times */
  readonly #sizes = new Map<number, number>()
  #isCompared = false
  #offsetMs = 0

  /** `onTag` is told of everything that is handed on, headers too. */
  constructor(onTag: (tag: FlvTag) => void) {
    this.#onTag = onTag
  }

  /** Another connection: its bytes come from their start. */
  begin(): void {
    const hasMedia = this.#lastMs.audio !== null || this.#lastMs.video !== null
    if (hasMedia) this.#isFirst = false
    this.#hasJoined = this.#lastPicture === null
    this.#parser = new FlvParser()
    this.#waiting = { audio: null, video: null }
    this.#isCompared = this.#isFirst
  }

  /**
   * What of this chunk is to be handed on, in whole tags. Throws `MediaError` where it is no FLV, `fell_behind` where the new
   * connection begins after the place where the last one broke.
   */
  push(chunk: Uint8Array): Uint8Array {
    const pieces: Uint8Array[] = []
    this.#takeFileHeader(chunk, pieces)
    for (const tag of this.#parser.push(chunk)) this.#take(tag, pieces)
    return concatBytes(pieces)
  }

  #takeFileHeader(chunk: Uint8Array, pieces: Uint8Array[]): void {
    if (this.#fileHeader === null) return
    this.#fileHeader.push(...chunk.subarray(0, FILE_HEADER_BYTES - this.#fileHeader.length))
    if (this.#fileHeader.length < FILE_HEADER_BYTES) return
    pieces.push(Uint8Array.from(this.#fileHeader))
    this.#fileHeader = null
  }

  #take(tag: FlvTag, pieces: Uint8Array[]): void {
    if (tag.type === 'script') {
      if (this.#isFirst) this.#hand(tag, pieces)
      return
    }
    const { type } = tag
    if (isSequenceHeader(tag)) {
      this.#waiting[type] = isSame(tag.data, this.#headers[type]) ? null : tag
      return
    }
    if (!this.#isCompared && type === 'video' && isKeyframe(tag)) this.#compare(tag)
    const timestampMs = (tag.timestampMs + this.#offsetMs) >>> 0
    const lastMs = this.#lastMs[type]
    const stepMs = lastMs === null ? 0 : (timestampMs - lastMs) | 0
    if (!this.#isFirst && lastMs !== null && stepMs <= 0) {
      if (stepMs === 0 && type === 'video')
        this.#hasJoined ||= isSame(tag.data, this.#lastPicture?.data ?? null)
      return
    }
    if (!this.#isFirst && stepMs > LARGEST_HOLE_MS)
      throw new PlayerError('fell_behind', `the stream goes on ${stepMs} ms after the place where it broke`)
    const before = this.#lastPicture
    if (type === 'video') this.#checkJoin(tag)
    const header = this.#waiting[type]
    if (header) {
      this.#headers[type] = header.data.slice()
      this.#waiting[type] = null
      if (type === 'video' && before) this.#bridge(before, timestampMs, pieces)
      this.#hand({ ...header, timestampMs }, pieces)
    }
    this.#lastMs[type] = timestampMs
    if (type === 'video') this.#remember(timestampMs, tag.data.length)
    this.#hand({ ...tag, timestampMs }, pieces)
  }

  /**
   * mpegts.js keeps the last picture back until it knows how long that is, and appends it behind the next configuration, where a
   * browser leaves out what does not begin with a keyframe: a hole, which it may freeze at. So it is given a picture to keep back,
   * of which only the time matters; two of them, for it leaves one alone where it is.
   */
  #bridge(before: FlvTag, nextMs: number, pieces: Uint8Array[]): void {
    const lastMs = this.#lastMs.video
    if (lastMs === null || nextMs - lastMs < 3) return
    const data = before.data.slice()
    data[0] = INTER_PICTURE
    for (const timestampMs of [nextMs - 2, nextMs - 1])
      pieces.push(encodeFlvTag({ type: 'video', timestampMs, data }))
  }

  /**
   * A server that starts again goes on a little before the place where it ended, with other pictures: to leave them out up
   * to that place would leave out the one that those after it are made from. They are put behind what was handed on.
   */
  #compare(tag: FlvTag): void {
    this.#isCompared = true
    const timestampMs = (tag.timestampMs + this.#offsetMs) >>> 0
    const lastMs = this.#lastMs.video
    const [oldestMs] = this.#sizes.keys()
    if (lastMs === null || oldestMs === undefined) return
    const isRepeated = ((lastMs - timestampMs) | 0) >= 0 && ((timestampMs - oldestMs) | 0) >= 0
    if (isRepeated && this.#sizes.get(timestampMs) !== tag.data.length)
      this.#offsetMs = lastMs + SEAM_MS - tag.timestampMs
  }

  #remember(timestampMs: number, bytes: number): void {
    this.#sizes.set(timestampMs, bytes)
    const [oldestMs] = this.#sizes.keys()
    if (this.#sizes.size > MAX_REMEMBERED && oldestMs !== undefined) this.#sizes.delete(oldestMs)
  }

  /** Behind a restart of the origin the same times have other pictures: what refers to those cannot follow on ours. */
  #checkJoin(tag: FlvTag): void {
    if (!this.#hasJoined && !isOwnStart(tag))
      throw new PlayerError('fell_behind', 'the stream was made anew from before the place where it broke')
    this.#hasJoined = true
    this.#lastPicture = tag
  }

  #hand(tag: FlvTag, pieces: Uint8Array[]): void {
    pieces.push(encodeFlvTag(tag))
    this.#onTag(tag)
  }
}

function isOwnStart(tag: FlvTag): boolean {
  try {
    return isKeyframe(tag)
  } catch {
    return false
  }
}

function isSame(a: Uint8Array, b: Uint8Array | null): boolean {
  return b !== null && a.length === b.length && a.every((byte, i) => byte === b[i])
}
