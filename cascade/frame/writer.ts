/** Writing of little-endian fields into a message whose length is known; `FrameReader` reads them back. */
import { PEER_ID_BYTES, PEER_ID_PATTERN, type PeerId } from '../peer-id.ts'
import { FrameError } from './frame-error.ts'

const PRINTABLE = /^[!-~]*$/

export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
}

/** Modulo 2^32, without its fraction. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value
  bytes[at + 1] = value >>> 8
  bytes[at + 2] = value >>> 16
  bytes[at + 3] = value >>> 24
}

export class FrameWriter {
  readonly bytes: Uint8Array
  position: number

  constructor(bytes: Uint8Array, position: number) {
    this.bytes = bytes
    this.position = position
  }

  u8(value: number): void {
    this.bytes[this.position] = value
    this.position += 1
  }

  u16(value: number): void {
    writeU16(this.bytes, this.position, value)
    this.position += 2
  }

  u32(value: number): void {
    writeU32(this.bytes, this.position, value)
    this.position += 4
  }

  u64(value: number): void {
    this.u32(value)
    this.u32(Math.floor(value / 2 ** 32))
  }

  put(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.position)
    this.position += bytes.length
  }

  text(text: string): void {
    if (!PRINTABLE.test(text)) throw new FrameError('a name is printable ASCII')
    this.u8(text.length)
    for (let at = 0; at < text.length; at++) this.u8(text.charCodeAt(at))
  }

  peerId(id: PeerId): void {
    if (!PEER_ID_PATTERN.test(id))
      throw new FrameError(`peer id of ${id.length} characters, not 16 hex digits`)
    for (let at = 0; at < PEER_ID_BYTES; at++) this.u8(Number.parseInt(id.slice(2 * at, 2 * at + 2), 16))
  }
}
