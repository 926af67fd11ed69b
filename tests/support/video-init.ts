/** An init segment of a video track with as much in it as is read and rewritten, for tests of what is never decoded. */
import { encodeBox, encodeFullBox } from '../../media/box.ts'
import { asciiBytes, concatBytes, u32Bytes } from '../../media/bytes.ts'

const FPS = 30

export function videoInit(): Uint8Array {
  const avcC = encodeBox('avcC', Uint8Array.of(1, 0x4d, 0x40, 0x1f))
  const size = Uint8Array.of(1280 >> 8, 1280 & 0xff, 720 >> 8, 720 & 0xff)
  const avc1 = encodeBox('avc1', new Uint8Array(24), size, new Uint8Array(50), avcC)
  const stsd = encodeFullBox('stsd', {}, u32Bytes(1), avc1)
  const tkhd = encodeFullBox('tkhd', { flags: 3 }, u32Bytes(0, 0, 1, 0, 0), new Uint8Array(60))
  const mdhd = encodeFullBox('mdhd', {}, u32Bytes(0, 0, FPS * 512, 0, 0))
  const minf = encodeBox('minf', encodeBox('stbl', stsd))
  return concatBytes([
    encodeBox('ftyp', asciiBytes('iso6')),
    encodeBox('moov', encodeBox('trak', tkhd, encodeBox('mdia', mdhd, minf))),
  ])
}
