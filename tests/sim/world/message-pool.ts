/**
 * Equal messages as one: what a thousand peers hold of a part is one copy in this process. Compares every byte, and so finds
 * an honest peer that sends what the origin did not publish.
 */
import { channelOf, encodeFrame } from '../../../cascade/frame/codec.ts'
import { FRAME_CODES } from '../../../cascade/frame/frame.ts'
import { HEADER_BYTES, readChunk, readNumber, readTrack } from '../../../cascade/frame/header.ts'
import type { RememberingVerifier } from './crypto.ts'
import { TRACKS, type SimStream } from './stream.ts'

const KEPT_MESSAGES = 64 * 2 * 16
const META_PLACE = 511

export class MessagePool {
  readonly #stream: SimStream
  readonly #verifier: RememberingVerifier
  readonly #known = new Map<number, Uint8Array>()

  constructor(stream: SimStream, verifier: RememberingVerifier) {
    this.#stream = stream
    this.#verifier = verifier
  }

  /** The one copy of this message; null where it is media and not the origin's. */
  intern(message: Uint8Array): Uint8Array | null {
    const [code] = message
    if (code !== FRAME_CODES.data && code !== FRAME_CODES.meta) return message
    if (message.length < HEADER_BYTES) return null
    const track = readTrack(message)
    const number = readNumber(message)
    const place = code === FRAME_CODES.meta ? META_PLACE : readChunk(message)
    const key = (number * 8 + track) * 512 + place
    const known = this.#known.get(key) ?? this.#make(key, { track, number, place })
    return known && Buffer.compare(known, message) === 0 ? known : null
  }

  #make(
    key: number,
    { track, number, place }: { track: number; number: number; place: number },
  ): Uint8Array | null {
    const cut = this.#stream.find(TRACKS[track] ?? '', number)?.cut
    if (!cut) return null
    const { signed, signature, chunks } = cut
    const bytes = chunks[place]
    const frame =
      place === META_PLACE
        ? ({ type: 'meta', track, number, signed, signature } as const)
        : bytes && ({ type: 'data', track, number, chunk: place, chunkCount: chunks.length, bytes } as const)
    if (!frame || channelOf(frame.type) !== 'media') return null
    const message = encodeFrame(frame)
    this.#verifier.share(message)
    this.#known.set(key, message)
    const [oldest] = this.#known.keys()
    if (this.#known.size > KEPT_MESSAGES && oldest !== undefined) this.#known.delete(oldest)
    return message
  }
}
