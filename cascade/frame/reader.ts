/** Bounded reading of little-endian fields. Throws `FrameError` where bytes are missing or too many. */
import { PEER_ID_BYTES, type PeerId } from '../peer-id.ts'
import { atMost, FrameError } from './frame-error.ts'

const FIRST_PRINTABLE = 0x21
const LAST_PRINTABLE = 0x7e

export function readU16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
}

export function readU32(bytes: Uint8Array, at: number): number {
  return (readU16(bytes, at) | (readU16(bytes, at + 2) << 16)) >>> 0
}

export class FrameReader {
  readonly bytes: Uint8Array
  position: number

  constructor(bytes: Uint8Array, position: number) {
    this.bytes = bytes
    this.position = position
  }

  get remaining(): number {
    return this.bytes.length - this.position
  }

  u8(): number {
    return this.bytes[this.#skip(1)] ?? 0
  }

  u16(): number {
    return readU16(this.bytes, this.#skip(2))
  }

  u32(): number {
    return readU32(this.bytes, this.#skip(4))
  }

  /** At most 2^53 - 1, which no time reaches. */
  u64(): number {
    const low = this.u32()
    return atMost(this.u32(), 0x1fffff, 'high half of a time') * 2 ** 32 + low
  }

  /** A view on the next bytes, not a copy. */
  take(length: number): Uint8Array {
    const at = this.#skip(length)
    return this.bytes.subarray(at, at + length)
  }

  /** Printable ASCII behind its length in one byte. */
  text(maxBytes: number): string {
    const length = atMost(this.u8(), maxBytes, 'length of a name')
    const start = this.#skip(length)
    let text = ''
    for (let at = start; at < start + length; at++) {
      const code = this.bytes[at] ?? 0
      if (code < FIRST_PRINTABLE || code > LAST_PRINTABLE) throw new FrameError(`byte ${code} in a name`)
      text += String.fromCharCode(code)
    }
    return text
  }

  peerId(): PeerId {
    let id = ''
    for (const byte of this.take(PEER_ID_BYTES)) id += byte.toString(16).padStart(2, '0')
    return id
  }

  /** Nothing may follow. */
  end(): void {
    if (this.remaining > 0) throw new FrameError(`${this.remaining} bytes behind the end`)
  }

  #skip(length: number): number {
    const at = this.position
    if (length > this.bytes.length - at)
      throw new FrameError(`${length} bytes wanted at ${at}, ${this.bytes.length - at} left`)
    this.position = at + length
    return at
  }
}
