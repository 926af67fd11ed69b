/**
 * The beginning of a recording: a fragmented movie of one or two tracks that can be made a plain one in place.
 *
 *     ftyp | free [ 8 bytes, ftyp ] | moov | moof mdat moof mdat …          while it grows
 *     ftyp | mdat [           ftyp    moov   moof mdat moof mdat … ] | moov  when it is complete
 *
 * The header of `free` and the 8 bytes behind it become that of an `mdat` of 64-bit size which hides the fragments from players
 * of plain files. The inner `ftyp` and the first `moov` stay an init segment, by byte range, in both.
 */
import { encodeBox, encodeFullBox } from '../box.ts'
import { asciiBytes, concatBytes, u32Bytes, u64Bytes } from '../bytes.ts'
import { encodeMovieHeader, findTrak, rewriteTrak } from './trak.ts'

export interface RecordingHeader {
  bytes: Uint8Array
  /** Where the box stands that becomes `mdat`. */
  coverOffset: number
  /** The init segment inside `bytes`. */
  initOffset: number
}

const OUTER_FTYP = encodeBox('ftyp', asciiBytes('isom'), u32Bytes(0x200), asciiBytes('isomiso6mp41mp42'))
const INNER_FTYP = encodeBox('ftyp', asciiBytes('iso6'), u32Bytes(0), asciiBytes('iso6cmfcmp41'))
/** Size, type and largesize of a box of 64-bit size (14496-12, 4.2). */
export const COVER_BYTES = 16

/** Merges single-track init segments; track n gets track_ID n + 1. Throws `MediaError`. */
export function encodeRecordingHeader(inits: readonly Uint8Array[]): RecordingHeader {
  const traks = inits.map((init, index) => rewriteTrak(findTrak(init), { trackId: index + 1 }))
  const trexes = inits.map((_, index) => encodeFullBox('trex', {}, u32Bytes(index + 1, 1, 0, 0, 0)))
  const moov = encodeBox(
    'moov',
    encodeMovieHeader(inits.length, 0),
    ...traks,
    encodeBox('mvex', concatBytes(trexes)),
  )
  const free = encodeBox('free', new Uint8Array(COVER_BYTES - 8), INNER_FTYP)
  const coverOffset = OUTER_FTYP.length
  return {
    bytes: concatBytes([OUTER_FTYP, free, moov]),
    coverOffset,
    initOffset: coverOffset + COVER_BYTES,
  }
}

/** The 16 bytes that make everything from `coverOffset` to `end` one `mdat`. */
export function encodeCover(coverOffset: number, end: number): Uint8Array {
  return concatBytes([u32Bytes(1), asciiBytes('mdat'), u64Bytes(end - coverOffset)])
}
