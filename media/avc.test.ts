import { describe, expect, it } from 'vitest'
import { parsePictureSize } from './avc.ts'
import { MediaError } from './media-error.ts'

/** As x264 wrote them, by what was encoded. */
const CONFIGURATIONS: [string, string, { width: number; height: number }][] = [
  [
    'baseline',
    '0142c01effe100196742c01eda0280bfe5c044000003000400000300f23c58ba8001000468ce0fc8',
    { width: 640, height: 360 },
  ],
  [
    'cropped to an even size',
    '0142c015ffe100176742c015da06c7f93c0440000003004000000f23c58ba801000468ce0fc8',
    { width: 426, height: 240 },
  ],
  [
    '4:2:2, standing upright',
    '017a001effe10019677a001ebcb40b828f2f8088000003000800000301e478b17501000468ce0fc8fef8f800',
    { width: 360, height: 640 },
  ],
  [
    'of more rows than macroblocks have',
    '0142c028ffe100196742c028da01e0089f970110000003001000000303c8f1832a01000468ce0fc8',
    { width: 1920, height: 1080 },
  ],
  [
    'interlaced, with matrices of its own',
    '0164001effe100186764001eacd940b424d8088000000300800000190f8a14cb01000768fba3cb3002c0fdf8f800',
    { width: 720, height: 576 },
  ],
]

describe('the size of a picture', () => {
  it.each(CONFIGURATIONS)('is read from a configuration %s', (_, hex, size) => {
    expect(parsePictureSize(Buffer.from(hex, 'hex'))).toEqual(size)
  })

  it('is not read from what is cut off or is no configuration', () => {
    const whole = Buffer.from(CONFIGURATIONS[0]?.[1] ?? '', 'hex')
    for (const length of [0, 1, 6, 8, 12, 20]) {
      expect(() => parsePictureSize(whole.subarray(0, length))).toThrow(MediaError)
    }
    const short = Buffer.from(whole)
    short[7] = 5 // the parameter set's length
    expect(() => parsePictureSize(short)).toThrow(MediaError)
  })
})
