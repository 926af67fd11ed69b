/** A packager fed with a made-up program: as many frames as parts are wanted, all tracks from one part to another. */
import { encodeBox, encodeFullBox } from '../../media/box.ts'
import { asciiBytes, concatBytes, u32Bytes } from '../../media/bytes.ts'
import { SIGNATURE_BYTES } from '../../media/part.ts'
import { Packager } from '../../origin/packager/packager.ts'

export const PROGRAM_ID = 'p1a2b3c4'
export const FPS = 30
export const FIRST = 40
export const SOUND = Uint8Array.of(9, 9, 9)

export function createPackager(names = ['720p', '400p'], windowSeconds = 60): Packager {
  const packager = new Packager({
    program: PROGRAM_ID,
    audioBitrateKbps: 128,
    windowSeconds,
    sign: () => new Uint8Array(SIGNATURE_BYTES),
    captureTimeMs: (mediaMs) => 1_700_000_000_000 + mediaMs,
    firstPart: FIRST,
  })
  if (names.length > 0)
    packager.open(names.map((name) => ({ name, width: 1280, height: 720, fps: FPS, bitrateKbps: 1500 })))
  for (const name of names) packager.init(name, videoInit())
  return packager
}

/** As much of an init segment as is read. */
export function videoInit(): Uint8Array {
  const avcC = encodeBox('avcC', Uint8Array.of(1, 0x4d, 0x40, 0x1f))
  const size = Uint8Array.of(1280 >> 8, 1280 & 0xff, 720 >> 8, 720 & 0xff)
  const avc1 = encodeBox('avc1', new Uint8Array(24), size, new Uint8Array(50), avcC)
  const stsd = encodeFullBox('stsd', {}, u32Bytes(1), avc1)
  const mdhd = encodeFullBox('mdhd', {}, u32Bytes(0, 0, FPS * 512, 0, 0))
  const minf = encodeBox('minf', encodeBox('stbl', stsd))
  return concatBytes([
    encodeBox('ftyp', asciiBytes('iso6')),
    encodeBox('moov', encodeBox('trak', encodeBox('mdia', mdhd, minf))),
  ])
}

export function sendAudio(packager: Packager, fromPart: number, toPart: number): void {
  const frameOf = (k: number): number => Math.ceil((k * 12_000) / 1024)
  for (let n = frameOf(fromPart); n < frameOf(toPart); n++) packager.audio(n, SOUND)
}

export function sendVideo(packager: Packager, name: string, fromPart: number, toPart: number): void {
  const slotOf = (k: number): number => Math.ceil((k * FPS) / 4)
  for (let n = slotOf(fromPart); n < slotOf(toPart); n++)
    packager.video(name, [
      {
        time: n * 512,
        duration: 512,
        keyframe: n === slotOf(fromPart) || n % 60 === 0,
        data: Uint8Array.of(n & 0xff),
      },
    ])
}

/** All tracks, so that the parts are published. */
export function sendAll(packager: Packager, fromPart: number, toPart: number): void {
  for (const { track, plan } of packager.tracks()) {
    if (plan) sendVideo(packager, track.name, fromPart, toPart)
    else sendAudio(packager, fromPart, toPart)
  }
}
