import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ByteReader, concatBytes, u32Bytes, u64Bytes } from './bytes.ts'
import { MediaError } from './media-error.ts'

describe('ByteReader', () => {
  it('reads what was written, signed and unsigned', () => {
    const bytes = concatBytes([
      u32Bytes(0xfffffffe, 0xfffffffe),
      u64Bytes(Number.MAX_SAFE_INTEGER),
      u32Bytes(0xffffd800),
    ])
    const reader = new ByteReader(bytes)
    expect([reader.u32(), reader.i32(), reader.u64(), reader.i24(), reader.u8()]).toEqual([
      0xfffffffe,
      -2,
      Number.MAX_SAFE_INTEGER,
      -40,
      0,
    ])
    expect(new ByteReader(bytes, 16).u24()).toBe(0xffffd8)
  })

  it('refuses 64-bit values that a number cannot hold', () => {
    expect(() => new ByteReader(Uint8Array.of(0, 0x20, 0, 0, 0, 0, 0, 0)).u64()).toThrow('2^53')
  })

  it('refuses to read behind the end, and stays where it is', () => {
    const length = fc.integer({ min: 1, max: 12 })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), length, (bytes, wanted) => {
        const reader = new ByteReader(bytes)
        fc.pre(wanted > bytes.length)
        for (const read of [
          () => reader.take(wanted),
          () => reader.skip(wanted),
          () => reader.ascii(wanted),
          () => reader.take(-1),
        ])
          expect(read).toThrow(MediaError)
        expect(reader.remaining).toBe(bytes.length)
      }),
    )
  })

  it('keeps to its own bytes where they lie in a larger buffer', () => {
    const inside = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8).subarray(2, 5)
    expect(new ByteReader(inside).u16()).toBe(0x0304)
    expect(() => new ByteReader(inside).u32()).toThrow('4 bytes wanted at 0, 3 left')
    expect(() => new ByteReader(inside, 9).u8()).toThrow(MediaError)
  })
})
