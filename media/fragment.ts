/** The facts of one movie fragment and of the movie box before it (ISO/IEC 14496-12, 8.8; 14496-15 for `avcC`). */
import { findBox, getBox } from './box.ts'
import { ByteReader } from './bytes.ts'
import { MediaError } from './media-error.ts'

export interface Sample {
  /** Decode time on the program's timeline, in the track's timescale. */
  time: number
  duration: number
  keyframe: boolean
  data: Uint8Array
}

export interface InitFacts {
  timescale: number
  /** RFC 6381, such as `avc1.4d401f`. */
  codecs: string
  width: number
  height: number
  /** The decoder's configuration: the payload of `avcC`. */
  config: Uint8Array
}

const SAMPLE_IS_NON_SYNC = 0x10000
/** More than any fragment of ours holds; a larger count is an error before anything is allocated. */
const MAX_SAMPLES = 4096

/** Facts of a single-track video init segment (`ftyp` + `moov`). Throws `MediaError`. */
export function parseInit(bytes: Uint8Array): InitFacts {
  const header = new ByteReader(getBox(bytes, 'moov/trak/mdia/mdhd').payload)
  const version = header.u8()
  header.skip(version === 1 ? 19 : 11) // flags, creation_time, modification_time
  const timescale = header.u32()
  if (timescale === 0) throw new MediaError('timescale is 0')
  const entries = getBox(bytes, 'moov/trak/mdia/minf/stbl/stsd').payload.subarray(8)
  const entry = findBox(entries, 'avc1')
  if (!entry) throw new MediaError('no avc1 sample entry')
  const size = new ByteReader(entry.payload, 24) // VisualSampleEntry: 6 + 2 + 16 bytes, then width and height
  const width = size.u16()
  const height = size.u16()
  const config = getBox(entry.payload.subarray(78), 'avcC').payload
  const reader = new ByteReader(config, 1)
  const profile = [reader.u8(), reader.u8(), reader.u8()]
  const codecs = `avc1.${profile.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
  return { timescale, codecs, width, height, config }
}

/** Whether what is made for one init segment plays with the other. */
export function playsAlike(a: InitFacts, b: InitFacts): boolean {
  const isSameConfig =
    a.config.length === b.config.length && a.config.every((byte, index) => byte === b.config[index])
  return isSameConfig && a.timescale === b.timescale && a.width === b.width && a.height === b.height
}

/** What a `moof` of one track says of its samples, without their bytes. */
export interface FragmentFacts {
  trackId: number
  /** Decode time of the first sample, in the track's timescale. */
  baseTime: number
  /** In order; `offset` counts from the first byte of the `mdat` payload. */
  samples: { time: number; duration: number; keyframe: boolean; size: number; offset: number }[]
}

/** The samples of one `moof` and its `mdat` payload, both single-track. Sample data are views. Throws `MediaError`. */
export function parseFragment(moof: Uint8Array, mdat: Uint8Array): Sample[] {
  return parseFragmentFacts(moof).samples.map(({ time, duration, keyframe, size, offset }) => {
    if (offset + size > mdat.length) throw new MediaError(`sample of ${size} bytes runs over its mdat`)
    return { time, duration, keyframe, data: mdat.subarray(offset, offset + size) }
  })
}

/** Everything of a single-track `moof` but the bytes of its samples. Throws `MediaError`. */
export function parseFragmentFacts(moof: Uint8Array): FragmentFacts {
  const traf = getBox(moof, 'moof/traf').payload
  const defaults = parseTrackFragmentHeader(getBox(traf, 'tfhd').payload)
  const baseTime = parseBaseTime(getBox(traf, 'tfdt').payload)
  const run = new ByteReader(getBox(traf, 'trun').payload)
  const flags = run.u32() & 0xffffff
  const count = run.u32()
  if (count > MAX_SAMPLES) throw new MediaError(`${count} samples in one fragment, at most ${MAX_SAMPLES}`)
  if (flags & 0x1) run.skip(4) // data_offset: there is one mdat, right behind
  const firstFlags = flags & 0x4 ? run.u32() : undefined
  const samples: FragmentFacts['samples'] = []
  let time = baseTime
  let offset = 0
  for (let index = 0; index < count; index++) {
    const duration = flags & 0x100 ? run.u32() : defaults.duration
    const size = flags & 0x200 ? run.u32() : defaults.size
    const own = flags & 0x400 ? run.u32() : defaults.flags
    if (flags & 0x800) run.skip(4) // sample_composition_time_offset: no B-frames on our tracks
    const sampleFlags = index === 0 && firstFlags !== undefined ? firstFlags : own
    samples.push({ time, duration, keyframe: (sampleFlags & SAMPLE_IS_NON_SYNC) === 0, size, offset })
    time += duration
    offset += size
  }
  return { trackId: defaults.trackId, baseTime, samples }
}

interface FragmentDefaults {
  trackId: number
  duration: number
  size: number
  flags: number
}

function parseTrackFragmentHeader(payload: Uint8Array): FragmentDefaults {
  const reader = new ByteReader(payload)
  const flags = reader.u32() & 0xffffff
  const trackId = reader.u32()
  if (flags & 0x1) reader.skip(8) // base_data_offset
  if (flags & 0x2) reader.skip(4) // sample_description_index
  const duration = flags & 0x8 ? reader.u32() : 0
  const size = flags & 0x10 ? reader.u32() : 0
  return { trackId, duration, size, flags: flags & 0x20 ? reader.u32() : 0 }
}

function parseBaseTime(payload: Uint8Array): number {
  const reader = new ByteReader(payload)
  const version = reader.u8()
  reader.skip(3)
  return version === 1 ? reader.u64() : reader.u32()
}
