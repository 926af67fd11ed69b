/** The origin: signed parts of the size of real ones, a quarter of a second apart, kept for a minute. */
import { cutChunks, type CutPart } from '../../../cascade/chunk.ts'
import {
  assemblePart,
  encodeMeta,
  PARTS_PER_SECOND,
  runningNumber,
  type Part,
  type PartHeader,
} from '../../../media/part.ts'
import { chunkBytesFor, hashChunks, signingInput } from '../../../media/signature.ts'
import {
  FIRST_PART,
  SYNTHETIC_AUDIO,
  syntheticHeader,
  syntheticVideo,
} from '../../../media/synthetic-stream.ts'
import { sha256, type OriginKey, type RememberingVerifier } from './crypto.ts'

export const PROGRAM = 'p1a2b3c4'
export const ROOM = 'abcdefghij'
export const RENDITION = '720p'
export const TRACKS = ['720p', 'audio'] as const
export const PART_MS = 1000 / PARTS_PER_SECOND
export const VIDEO_KBPS = 2000
export const AUDIO_KBPS = 96
export const STREAM_KBPS = VIDEO_KBPS + AUDIO_KBPS
export { FIRST_PART }
/** A part that begins with a keyframe is so much larger than the average one. */
const KEY_FACTOR = 2.2
const OTHER_FACTOR = (8 - KEY_FACTOR) / 7
const KEPT_PARTS = 60 * PARTS_PER_SECOND

export interface OriginPart {
  part: Part
  cut: CutPart
}

export class SimStream {
  /** The newest part of all tracks; the one before the first, at the start. */
  newest = FIRST_PART - 1
  readonly #key: OriginKey
  readonly #verifier: RememberingVerifier
  readonly #parts = new Map<string, OriginPart>()

  constructor(key: OriginKey, verifier: RememberingVerifier) {
    this.#key = key
    this.#verifier = verifier
  }

  /** The next part of every track. */
  publish(): Part[] {
    this.newest += 1
    const { newest } = this
    return TRACKS.map((track) => {
      this.#parts.delete(`${track} ${newest - KEPT_PARTS}`)
      const part = this.#make(track, newest)
      this.#verifier.share(part.bytes)
      this.#parts.set(`${track} ${newest}`, { part, cut: cutChunks(part) })
      return part
    })
  }

  find(track: string, number: number): OriginPart | undefined {
    return this.#parts.get(`${track} ${number}`)
  }

  /** When a part was published, on the world's clock. */
  publishedAtMs(number: number): number {
    return (number - FIRST_PART + 1) * PART_MS
  }

  #make(track: string, number: number): Part {
    const header: PartHeader = syntheticHeader(
      track === 'audio' ? SYNTHETIC_AUDIO : syntheticVideo(30),
      number,
    )
    const body = bodyOf(track, number, header.independent)
    const chunkBytes = chunkBytesFor(body.length)
    const signed = encodeMeta({
      header,
      bodyBytes: body.length,
      chunkBytes,
      chunkHashes: hashChunks(body, chunkBytes, sha256),
    })
    return assemblePart(signed, this.#key.sign(signingInput(signed)), [body])
  }
}

export function numberOf(part: Part): number {
  return runningNumber(part.header)
}

/** Each chunk says where it belongs, so that none is like another. */
function bodyOf(track: string, number: number, isKey: boolean): Uint8Array {
  const kbps = track === 'audio' ? AUDIO_KBPS : VIDEO_KBPS * (isKey ? KEY_FACTOR : OTHER_FACTOR)
  const body = new Uint8Array(Math.round((kbps * PART_MS) / 8))
  const view = new DataView(body.buffer)
  const step = chunkBytesFor(body.length)
  for (let at = 0; at + 8 < body.length; at += step) {
    view.setUint32(at, number)
    view.setUint32(at + 4, at + (track === 'audio' ? 1 << 30 : 0))
  }
  return body
}
