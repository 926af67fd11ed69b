import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeBox, encodeFullBox, findBox, getBox, readBoxes } from './box.ts'
import { concatBytes, u32Bytes } from './bytes.ts'
import { MediaError } from './media-error.ts'

describe('readBoxes', () => {
  it('reads back the boxes written side by side', () => {
    const box = fc.record({
      type: fc.constantFrom('free', 'moof', 'uuid', 'url '),
      payload: fc.uint8Array({ maxLength: 60 }),
    })
    fc.assert(
      fc.property(fc.array(box, { maxLength: 6 }), (boxes) => {
        const bytes = concatBytes(boxes.map(({ type, payload }) => encodeBox(type, payload)))
        const read = readBoxes(bytes)
        expect(read.map(({ type, payload }) => [type, [...payload]])).toEqual(
          boxes.map(({ type, payload }) => [type, [...payload]]),
        )
        expect(read.at(-1)?.end ?? 0).toBe(bytes.length)
      }),
    )
  })

  it.each([
    ['runs over the end', u32Bytes(9, 0x66726565)],
    ['is smaller than its header', u32Bytes(7, 0x66726565)],
    ['runs to the end of the file', u32Bytes(0, 0x66726565)],
    ['has a 64-bit size', u32Bytes(1, 0x66726565, 0, 16)],
    ['is cut in its header', Uint8Array.of(0, 0, 0, 8, 1)],
  ])('refuses a box that %s', (_, bytes) => {
    expect(() => readBoxes(bytes)).toThrow(MediaError)
  })
})

it('finds boxes by their path', () => {
  const bytes = concatBytes([
    encodeBox('free'),
    encodeBox('moof', encodeBox('traf', encodeFullBox('tfdt', { version: 1, flags: 2 }))),
  ])
  expect([...(findBox(bytes, 'moof/traf/tfdt')?.payload ?? [])]).toEqual([1, 0, 0, 2])
  expect(findBox(bytes, 'moof/mfhd')).toBeUndefined()
  expect(() => getBox(bytes, 'moov')).toThrow('no box moov')
})
