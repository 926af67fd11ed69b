/** Whatever the bytes are, they are a frame or a `FrameError`; whatever the frame is, it comes back. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyFrame, FRAMES } from '../../tests/support/arbitrary-frame.ts'
import { MAX_MESSAGE_BYTES } from '../transport.ts'
import { encodeFrame, parseFrame } from './codec.ts'
import { FRAME_CODES, MAX_PART_CHUNKS, MAX_WANTS, type Frame } from './frame.ts'
import { FrameError } from './frame-error.ts'
import { HEADER_BYTES } from './header.ts'

const RUNS = { numRuns: 2000 }
const CODES = Object.values(FRAME_CODES)

/** The frame, or null for a FrameError; anything else thrown is thrown on, and fails the test. */
function attempt(bytes: Uint8Array): Frame | null {
  try {
    return parseFrame(bytes)
  } catch (error) {
    if (error instanceof FrameError && error.code === 'frame_malformed') return null
    throw error
  }
}

/** Bytes and numbers that a frame holds itself; views on the message count as nothing. */
function ownedSize(value: unknown, message: Uint8Array): number {
  if (value instanceof Uint8Array) return value.buffer === message.buffer ? 0 : value.length
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((size, field) => size + ownedSize(field, message), 0)
}

/** Behind a header that names a kind, so that noise gets past it; small numbers, since lengths are small. */
const noise = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc
    .tuple(
      fc.constantFrom(...CODES),
      fc.array(fc.oneof(fc.nat({ max: 4 }), fc.nat({ max: 255 })), { maxLength: 200 }),
    )
    .map(([code, rest]) => Uint8Array.from([code, ...rest])),
)

describe.each(Object.entries(FRAMES))('a frame of kind %s', (type, frames) => {
  it('comes back as it was, in a message no longer than any may be', () => {
    fc.assert(
      fc.property<[Frame]>(frames, (frame) => {
        const bytes = encodeFrame(frame)
        expect(bytes[0]).toBe(FRAME_CODES[frame.type])
        expect(bytes.length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES)
        expect(parseFrame(bytes)).toEqual(frame)
      }),
      { numRuns: 300 },
    )
  })

  it('is refused cut short anywhere, and with a byte behind it', () => {
    fc.assert(
      fc.property<[Frame, number]>(frames, fc.double({ min: 0, max: 1, noNaN: true }), (frame, kept) => {
        const bytes = encodeFrame(frame)
        const isOpenEnded = type === 'data'
        const length = Math.floor(kept * (isOpenEnded ? HEADER_BYTES : bytes.length - 1))
        expect(attempt(bytes.subarray(0, length))).toBeNull()
        const longer = new Uint8Array(bytes.length + 1)
        longer.set(bytes)
        if (!isOpenEnded) expect(attempt(longer)).toBeNull()
      }),
      { numRuns: 300 },
    )
  })

  it('with any one bit changed is a frame or refused', () => {
    fc.assert(
      fc.property<[Frame, number, number]>(frames, fc.nat(), fc.nat({ max: 7 }), (frame, at, bit) => {
        const bytes = encodeFrame(frame)
        const index = at % Math.min(bytes.length, 200)
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit)
        attempt(bytes)
      }),
      RUNS,
    )
  })
})

describe('parseFrame', () => {
  it('gives a frame or a FrameError for any bytes, and what it gives can be written again', () => {
    fc.assert(
      fc.property(noise, (bytes) => {
        const frame = attempt(bytes)
        if (frame) expect(parseFrame(encodeFrame(frame))).toEqual(frame)
      }),
      { numRuns: 20_000 },
    )
  })

  it('keeps no more than the message has bytes, a NACK no more than its bitmaps have bits', () => {
    fc.assert(
      fc.property(fc.oneof(noise, anyFrame.map(encodeFrame)), (bytes) => {
        const frame = attempt(bytes)
        if (!frame) return
        if (frame.type !== 'nack') expect(ownedSize(frame, bytes)).toBeLessThanOrEqual(bytes.length)
        else {
          expect(frame.wants.length).toBeLessThanOrEqual(MAX_WANTS)
          for (const { chunks } of frame.wants)
            expect(chunks?.length ?? 0).toBeLessThanOrEqual(MAX_PART_CHUNKS)
          expect(ownedSize(frame, bytes)).toBeLessThanOrEqual(8 * bytes.length)
        }
      }),
      RUNS,
    )
  })
})
