/** The same bytes in other pieces. */
import fc from 'fast-check'

/** Cut points as fractions of the length, so that one arbitrary cuts bytes of any length. */
export const cuts: fc.Arbitrary<number[]> = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
  maxLength: 12,
})

export function cutAt(bytes: Uint8Array, fractions: readonly number[]): Uint8Array[] {
  const ends = fractions.map((fraction) => Math.floor(fraction * bytes.length)).sort((a, b) => a - b)
  let start = 0
  return [...ends, bytes.length].map((end) => bytes.subarray(start, (start = end)))
}

export function inPiecesOf(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
}
