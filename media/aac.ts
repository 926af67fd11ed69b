/** AAC: its configuration (ISO/IEC 14496-3, 1.6.2.1), ADTS frames (1.A.3.2), and the init segment of an AAC track. */
import { ByteReader, asciiBytes, concatBytes, u32Bytes } from './bytes.ts'
import { encodeBox, encodeFullBox } from './box.ts'
import { MediaError } from './media-error.ts'
import { PendingBytes } from './pending-bytes.ts'

export interface AacConfig {
  /** 2 is AAC-LC, 5 is HE-AAC by explicit signalling. */
  objectType: number
  sampleRate: number
  channels: number
}

export const AAC_SAMPLES_PER_FRAME = 1024
/** The one audio format of every program: 48 kHz stereo AAC-LC. */
export const PROGRAM_AUDIO: AacConfig = { objectType: 2, sampleRate: 48_000, channels: 2 }

const SAMPLE_RATES = [96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350]
const ADTS_HEADER_BYTES = 7

/** The AudioSpecificConfig of an FLV sequence header. Throws `MediaError`. */
export function parseAudioSpecificConfig(bytes: Uint8Array): AacConfig {
  const reader = new ByteReader(bytes)
  const bits = reader.u16()
  const objectType = bits >> 11
  const rateIndex = (bits >> 7) & 0xf
  const sampleRate = SAMPLE_RATES[rateIndex]
  if (sampleRate === undefined) throw new MediaError(`samplingFrequencyIndex ${rateIndex}`)
  return { objectType, sampleRate, channels: (bits >> 3) & 0xf }
}

/** Throws `MediaError` for a sample rate that is not in the table. */
export function encodeAudioSpecificConfig(config: AacConfig): Uint8Array {
  const rateIndex = SAMPLE_RATES.indexOf(config.sampleRate)
  if (rateIndex < 0) throw new MediaError(`${config.sampleRate} Hz has no samplingFrequencyIndex`)
  const bits = (config.objectType << 11) | (rateIndex << 7) | (config.channels << 3)
  return Uint8Array.of(bits >> 8, bits & 0xff)
}

/** Cuts an ADTS byte stream into raw AAC frames, however the bytes arrive. Throws `MediaError` where the syncword is missing. */
export class AdtsParser {
  readonly #pending = new PendingBytes()

  push(chunk: Uint8Array): Uint8Array[] {
    this.#pending.append(chunk)
    const pending = this.#pending.bytes
    const frames: Uint8Array[] = []
    let at = 0
    while (pending.length - at >= ADTS_HEADER_BYTES) {
      const [b0 = 0, b1 = 0, , b3 = 0, b4 = 0, b5 = 0] = pending.subarray(at, at + ADTS_HEADER_BYTES)
      if (b0 !== 0xff || (b1 & 0xf6) !== 0xf0) throw new MediaError('no ADTS syncword')
      const headerBytes = b1 & 1 ? ADTS_HEADER_BYTES : ADTS_HEADER_BYTES + 2 // protection_absent, else a CRC
      const length = ((b3 & 3) << 11) | (b4 << 3) | (b5 >> 5) // aac_frame_length
      if (length < headerBytes) throw new MediaError(`ADTS frame of ${length} bytes`)
      if (pending.length - at < length) break
      frames.push(pending.slice(at + headerBytes, at + length))
      at += length
    }
    this.#pending.drop(at)
    return frames
  }
}

/** `ftyp` and `moov` of a single-track AAC file whose timescale is its sample rate. */
export function encodeAacInit(config: AacConfig, bitrateKbps: number): Uint8Array {
  const ftyp = encodeBox('ftyp', asciiBytes('iso6'), u32Bytes(0), asciiBytes('iso6cmfcmp41'))
  const mvhd = encodeFullBox('mvhd', {}, u32Bytes(0, 0, 1000, 0, 0x10000), MOVIE_HEADER_TAIL, u32Bytes(2))
  const trex = encodeFullBox('trex', {}, u32Bytes(1, 1, 0, 0, 0))
  return concatBytes([
    ftyp,
    encodeBox('moov', mvhd, encodeAudioTrack(config, bitrateKbps), encodeBox('mvex', trex)),
  ])
}

const IDENTITY_MATRIX = u32Bytes(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
/** volume 1.0, reserved, matrix, pre_defined. */
const MOVIE_HEADER_TAIL = concatBytes([u32Bytes(0x01000000, 0, 0), IDENTITY_MATRIX, new Uint8Array(24)])

function encodeAudioTrack(config: AacConfig, bitrateKbps: number): Uint8Array {
  const tkhd = encodeFullBox(
    'tkhd',
    { flags: 3 },
    u32Bytes(0, 0, 1, 0, 0, 0, 0),
    u32Bytes(0x00000001, 0x01000000), // layer, alternate_group 1, volume 1.0
    IDENTITY_MATRIX,
    u32Bytes(0, 0),
  )
  const mdhd = encodeFullBox('mdhd', {}, u32Bytes(0, 0, config.sampleRate, 0, 0x55c40000)) // language `und`
  const hdlr = encodeFullBox(
    'hdlr',
    {},
    u32Bytes(0),
    asciiBytes('soun'),
    u32Bytes(0, 0, 0),
    asciiBytes('sound\0'),
  )
  const dref = encodeFullBox('dref', {}, u32Bytes(1), encodeFullBox('url ', { flags: 1 }))
  const empty = ['stts', 'stsc', 'stco'].map((type) => encodeFullBox(type, {}, u32Bytes(0)))
  const stsd = encodeFullBox('stsd', {}, u32Bytes(1), encodeMp4a(config, bitrateKbps))
  const stbl = encodeBox('stbl', stsd, ...empty, encodeFullBox('stsz', {}, u32Bytes(0, 0)))
  const minf = encodeBox('minf', encodeFullBox('smhd', {}, u32Bytes(0)), encodeBox('dinf', dref), stbl)
  return encodeBox('trak', tkhd, encodeBox('mdia', mdhd, hdlr, minf))
}

/** AudioSampleEntry and its `esds` (ISO/IEC 14496-14, 5.6; 14496-1, 7.2.6). */
function encodeMp4a(config: AacConfig, bitrateKbps: number): Uint8Array {
  const asc = encodeAudioSpecificConfig(config)
  const decoderSpecific = concatBytes([Uint8Array.of(5, asc.length), asc])
  const bitrate = u32Bytes(bitrateKbps * 1000, bitrateKbps * 1000)
  const decoderConfig = concatBytes([Uint8Array.of(0x40, 0x15, 0, 0, 0), bitrate, decoderSpecific])
  const descriptor = concatBytes([
    Uint8Array.of(0, 0, 0), // ES_ID, flags
    Uint8Array.of(4, decoderConfig.length),
    decoderConfig,
    Uint8Array.of(6, 1, 2), // SLConfigDescriptor
  ])
  const esds = encodeFullBox('esds', {}, concatBytes([Uint8Array.of(3, descriptor.length), descriptor]))
  const entry = concatBytes([
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1), // data_reference_index
    u32Bytes(0, 0),
    Uint8Array.of(0, config.channels, 0, 16, 0, 0, 0, 0),
    u32Bytes(config.sampleRate * 0x10000),
  ])
  return encodeBox('mp4a', entry, esds)
}
