/** Bounded reading and writing of big-endian fields, as FLV and ISO-BMFF have them. */
import { MediaError } from './media-error.ts'

export class ByteReader {
  readonly bytes: Uint8Array
  position: number
  readonly #view: DataView

  constructor(bytes: Uint8Array, position = 0) {
    this.bytes = bytes
    this.position = position
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get remaining(): number {
    return this.bytes.length - this.position
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  u24(): number {
    const at = this.#take(3)
    return (this.#view.getUint16(at) << 8) | this.#view.getUint8(at + 2)
  }

  i24(): number {
    return (this.u24() << 8) >> 8
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4))
  }

  /** An unsigned 64-bit integer as a number; throws above 2^53 - 1, which no time or size here reaches. */
  u64(): number {
    const value = this.#view.getBigUint64(this.#take(8))
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      throw new MediaError(`64-bit value ${value} is above 2^53 - 1`)
    return Number(value)
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8))
  }

  /** A view on the next bytes, not a copy. */
  take(length: number): Uint8Array {
    const at = this.#take(length)
    return this.bytes.subarray(at, at + length)
  }

  skip(length: number): void {
    this.#take(length)
  }

  ascii(length: number): string {
    return String.fromCharCode(...this.take(length))
  }

  #take(length: number): number {
    if (length < 0 || length > this.remaining)
      throw new MediaError(`${length} bytes wanted at ${this.position}, ${this.remaining} left`)
    const at = this.position
    this.position += length
    return at
  }
}

export function concatBytes(chunks: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const chunk of chunks) length += chunk.length
  const joined = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined
}

/** Whole 32-bit fields in a row, which is most of what a box holds. */
export function u32Bytes(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4)
  const view = new DataView(bytes.buffer)
  values.forEach((value, index) => view.setUint32(index * 4, value >>> 0))
  return bytes
}

export function u64Bytes(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value))
  return bytes
}

export function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff)
}
