import { describe, expect, it } from 'vitest'
import { findExcess } from './picture-limits.ts'

/** x264's, of 1920×1080 and of 360×640. */
const LYING = Buffer.from(
  '0142c028ffe100196742c028da01e0089f970110000003001000000303c8f1832a01000468ce0fc8',
  'hex',
)
const UPRIGHT = Buffer.from(
  '017a001effe10019677a001ebcb40b828f2f8088000003000800000301e478b17501000468ce0fc8fef8f800',
  'hex',
)

describe('a picture', () => {
  it('larger than may be is known by its configuration', () => {
    expect(findExcess(LYING, { maxWidth: 1280, maxHeight: 720 })).toContain('1920×1080, at most 1280×720')
    expect(findExcess(LYING, { maxWidth: 1920, maxHeight: 1080 })).toBeNull()
  })

  it('may stand upright in limits that lie', () => {
    expect(findExcess(UPRIGHT, { maxWidth: 640, maxHeight: 360 })).toBeNull()
    expect(findExcess(UPRIGHT, { maxWidth: 500, maxHeight: 360 })).not.toBeNull()
  })

  it('whose configuration cannot be read is left to the decoder', () => {
    expect(findExcess(Uint8Array.of(1, 2, 3), { maxWidth: 16, maxHeight: 16 })).toBeNull()
  })

  it('is of any size where there is no limit', () => {
    expect(findExcess(LYING, {})).toBeNull()
  })
})
