import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeAmf0, encodeScript, readMetadata } from './amf0.ts'
import { asciiBytes, concatBytes, u32Bytes } from './bytes.ts'
import { MediaError } from './media-error.ts'

const text = (value: string): Uint8Array =>
  concatBytes([Uint8Array.of(2, 0, value.length), asciiBytes(value)])
const key = (value: string): Uint8Array => concatBytes([Uint8Array.of(0, value.length), asciiBytes(value)])
const END = Uint8Array.of(0, 0, 9)

describe('encodeScript', () => {
  it('is read back, in any script', () => {
    const value = fc.oneof(fc.double(), fc.boolean(), fc.string({ unit: 'grapheme', maxLength: 20 }))
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 10 }), (values) => {
        expect(decodeAmf0(encodeScript('onMetaData', values))).toEqual(['onMetaData', { ...values }])
        expect(readMetadata(encodeScript('onMetaData', values))).toEqual({ ...values })
      }),
    )
  })

  it('refuses a string that its length field cannot name', () => {
    expect(() => encodeScript('onMetaData', { encoder: 'x'.repeat(65_536) })).toThrow(MediaError)
  })
})

describe('decodeAmf0', () => {
  it.each([
    ['undefined', [6], null],
    ['null', [5], null],
    ['a strict array', [10, 0, 0, 0, 2, 1, 1, 5], [true, null]],
    ['a date', [11, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0, 0], 1],
    ['a long string', [12, 0, 0, 0, 1, 0x78], 'x'],
    ['an object', [3, 0, 1, 0x61, 1, 0, 0, 0, 9], { a: false }],
    ['an ECMA array whose count is wrong', [8, 0, 0, 0, 99, 0, 1, 0x61, 5, 0, 0, 9], { a: null }],
  ])('reads %s', (_, bytes, value) => {
    expect(decodeAmf0(Uint8Array.from(bytes))).toEqual([value])
  })

  it.each([
    ['an unknown marker', [17]],
    ['a number cut short', [0, 1, 2]],
    ['a string longer than what is there', [2, 0xff, 0xff, 1]],
    ['an array larger than any metadata', [10, 0xff, 0xff, 0xff, 0xff]],
    ['an object without an end', [3, 0, 1, 0x61, 5]],
    ['a long string of 4 GiB', [12, 0xff, 0xff, 0xff, 0xff, 1]],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodeAmf0(Uint8Array.from(bytes))).toThrow(MediaError)
  })

  it('refuses what is nested without end', () => {
    const nested = concatBytes(
      Array.from({ length: 100_000 }, () => concatBytes([Uint8Array.of(10), u32Bytes(1)])),
    )
    expect(() => decodeAmf0(nested)).toThrow('nested deeper')
  })

  it('refuses an object with too many properties', () => {
    const property = concatBytes([key('a'), Uint8Array.of(5)])
    const object = concatBytes([Uint8Array.of(3), ...Array.from({ length: 513 }, () => property), END])
    expect(() => decodeAmf0(object)).toThrow('more than 512')
  })

  it('gives a property named __proto__ no power', () => {
    const object = concatBytes([
      Uint8Array.of(3),
      key('__proto__'),
      Uint8Array.of(3),
      key('polluted'),
      Uint8Array.of(1, 1),
      END,
      END,
    ])
    const [value] = decodeAmf0(object)
    expect(Object.keys(value as object)).toEqual(['__proto__'])
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
})

describe('readMetadata', () => {
  it('finds onMetaData behind @setDataFrame', () => {
    const script = concatBytes([text('@setDataFrame'), encodeScript('onMetaData', { width: 1280 })])
    expect(readMetadata(script)).toEqual({ width: 1280 })
  })

  it.each([
    ['another script', encodeScript('onCuePoint', { width: 1 })],
    ['onMetaData without properties', text('onMetaData')],
    ['onMetaData with an array', concatBytes([text('onMetaData'), Uint8Array.of(10, 0, 0, 0, 0)])],
    ['nothing', new Uint8Array(0)],
    ['bytes that are no AMF0', Uint8Array.of(0xff, 1, 2)],
  ])('is empty for %s', (_, bytes) => {
    expect(readMetadata(bytes)).toEqual({})
  })
})
