import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutAt, cuts } from '../tests/support/chunked.ts'
import {
  AdtsParser,
  encodeAacInit,
  encodeAudioSpecificConfig,
  parseAudioSpecificConfig,
  PROGRAM_AUDIO,
} from './aac.ts'
import { getBox } from './box.ts'
import { ByteReader, concatBytes } from './bytes.ts'
import { MediaError } from './media-error.ts'

/** A frame with its header (14496-3, 1.A.3.2), with or without the two bytes of a CRC. */
function adts(frame: Uint8Array, hasCrc = false): Uint8Array {
  const length = frame.length + (hasCrc ? 9 : 7)
  const head = [
    0xff,
    hasCrc ? 0xf0 : 0xf1,
    0x4c,
    0x80 | (length >> 11),
    (length >> 3) & 0xff,
    ((length & 7) << 5) | 0x1f,
    0xfc,
  ]
  return concatBytes([Uint8Array.from(head), new Uint8Array(hasCrc ? 2 : 0), frame])
}

describe('AudioSpecificConfig', () => {
  it('of the program is 48 kHz stereo AAC-LC', () => {
    expect([...encodeAudioSpecificConfig(PROGRAM_AUDIO)]).toEqual([0x11, 0x90])
    expect(parseAudioSpecificConfig(Uint8Array.of(0x11, 0x90))).toEqual(PROGRAM_AUDIO)
  })

  it('is read back as it was written', () => {
    const sampleRate = fc.constantFrom(96000, 48000, 44100, 32000, 24000, 22050, 16000, 8000, 7350)
    const config = fc.record({
      objectType: fc.constantFrom(2, 5, 29),
      sampleRate,
      channels: fc.integer({ min: 1, max: 7 }),
    })
    fc.assert(
      fc.property(config, (facts) => {
        expect(parseAudioSpecificConfig(encodeAudioSpecificConfig(facts))).toEqual(facts)
      }),
    )
  })

  it('is refused where it is cut short or names no rate', () => {
    expect(() => parseAudioSpecificConfig(Uint8Array.of(0x11))).toThrow(MediaError)
    expect(() => parseAudioSpecificConfig(Uint8Array.of(0x17, 0x90))).toThrow('samplingFrequencyIndex 15')
    expect(() => encodeAudioSpecificConfig({ ...PROGRAM_AUDIO, sampleRate: 47_999 })).toThrow(MediaError)
  })
})

describe('AdtsParser', () => {
  it('cuts frames out of the stream, however it arrives', () => {
    const frames = fc.array(fc.record({ data: fc.uint8Array({ maxLength: 900 }), hasCrc: fc.boolean() }), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(frames, cuts, (list, fractions) => {
        const parser = new AdtsParser()
        const stream = concatBytes(list.map(({ data, hasCrc }) => adts(data, hasCrc)))
        const read = cutAt(stream, fractions).flatMap((chunk) => parser.push(chunk))
        expect(read.map((frame) => [...frame])).toEqual(list.map(({ data }) => [...data]))
      }),
    )
  })

  it('refuses a stream without a syncword, and a frame shorter than its header', () => {
    expect(() => new AdtsParser().push(new Uint8Array(7))).toThrow('no ADTS syncword')
    expect(() => new AdtsParser().push(Uint8Array.of(0xff, 0xf1, 0x4c, 0x80, 0, 0xdf, 0xfc))).toThrow(
      'ADTS frame of 6 bytes',
    )
  })
})

it('writes an init segment whose timescale is the sample rate', () => {
  const init = encodeAacInit(PROGRAM_AUDIO, 128)
  const mdhd = new ByteReader(getBox(init, 'moov/trak/mdia/mdhd').payload, 12)
  expect(mdhd.u32()).toBe(48_000)
})
