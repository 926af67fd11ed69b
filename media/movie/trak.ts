/** Track boxes taken out of single-track init segments and changed (ISO/IEC 14496-12, 8.3 to 8.7). Pure. */
import { encodeBox, encodeFullBox, getBox, readBoxes } from '../box.ts'
import { ByteReader, concatBytes, u32Bytes } from '../bytes.ts'
import { MediaError } from '../media-error.ts'

/** Units per second of the movie's own durations: audio frames begin on whole ones. 2^32 of them are 24.8 hours. */
export const MOVIE_TIMESCALE = 48_000

export interface TrakChange {
  trackId: number
  /** In movie units; 0 while it is not known. */
  movieDuration?: number
  /** In the track's own units. */
  mediaDuration?: number
  /** `edts`, when the track begins later than the movie. */
  edits?: Uint8Array | null
  /** What stands behind `stsd` in `stbl`; the empty tables of an init segment stay without it. */
  tables?: Uint8Array | null
}

/** The one `trak` of an init segment, header and all. Throws `MediaError`. */
export function findTrak(init: Uint8Array): Uint8Array {
  const traks = readBoxes(getBox(init, 'moov').payload).filter(({ type }) => type === 'trak')
  const [trak] = traks
  if (!trak || traks.length > 1) throw new MediaError(`${traks.length} tracks in an init segment, not one`)
  return trak.payload
}

export function timescaleOf(trak: Uint8Array): number {
  const reader = new ByteReader(getBox(trak, 'mdia/mdhd').payload)
  const version = reader.u8()
  reader.skip(version === 1 ? 19 : 11) // flags, creation_time, modification_time
  return reader.u32()
}

/** A `trak` with another id, durations and sample tables; `edts` and what players do not need of the old one are left out. */
export function rewriteTrak(trak: Uint8Array, change: TrakChange): Uint8Array {
  const mdia = getBox(trak, 'mdia').payload
  const tkhd = rewriteTrackHeader(getBox(trak, 'tkhd').payload, change)
  const children = readBoxes(mdia).map((box) => {
    if (box.type === 'mdhd') return encodeMediaHeader(timescaleOf(trak), change.mediaDuration ?? 0)
    if (box.type === 'minf') return rewriteMediaInformation(box.payload, change.tables ?? null)
    return mdia.subarray(box.start, box.end)
  })
  return encodeBox('trak', tkhd, ...(change.edits ? [change.edits] : []), encodeBox('mdia', ...children))
}

function rewriteTrackHeader(payload: Uint8Array, { trackId, movieDuration = 0 }: TrakChange): Uint8Array {
  const reader = new ByteReader(payload)
  const version = reader.u8()
  reader.skip(version === 1 ? 19 : 11) // flags, creation_time, modification_time
  reader.skip(version === 1 ? 16 : 12) // track_ID, reserved, duration
  const rest = reader.take(60) // reserved, layer, alternate_group, volume, reserved, matrix, width, height
  return encodeFullBox('tkhd', { flags: 3 }, u32Bytes(0, 0, trackId, 0, movieDuration), rest)
}

function encodeMediaHeader(timescale: number, duration: number): Uint8Array {
  return encodeFullBox('mdhd', {}, u32Bytes(0, 0, timescale, duration, 0x55c40000)) // language `und`
}

function rewriteMediaInformation(minf: Uint8Array, tables: Uint8Array | null): Uint8Array {
  const children = readBoxes(minf).map((box) => {
    if (box.type !== 'stbl' || tables === null) return minf.subarray(box.start, box.end)
    const stsd = readBoxes(box.payload).find(({ type }) => type === 'stsd')
    if (!stsd) throw new MediaError('no box stsd')
    return encodeBox('stbl', concatBytes([box.payload.subarray(stsd.start, stsd.end), tables]))
  })
  return encodeBox('minf', ...children)
}

const IDENTITY_MATRIX = u32Bytes(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)

/** `mvhd` of a movie with so many tracks. `duration` in movie units, 0 while it is not known. */
export function encodeMovieHeader(tracks: number, duration: number): Uint8Array {
  return encodeFullBox(
    'mvhd',
    {},
    u32Bytes(0, 0, MOVIE_TIMESCALE, duration, 0x10000),
    u32Bytes(0x01000000, 0, 0), // volume 1.0, reserved
    IDENTITY_MATRIX,
    new Uint8Array(24), // pre_defined
    u32Bytes(tracks + 1), // next_track_ID
  )
}
