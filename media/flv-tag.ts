/**
 * FLV tags: Adobe Flash Video File Format 10.1, annex E, and the headers of Enhanced RTMP v1/v2 (FourCC codecs).
 */
import { ByteReader } from './bytes.ts'
import { MediaError } from './media-error.ts'

export type FlvTagType = 'audio' | 'video' | 'script'

/** One tag. `timestampMs` is the decode time, unsigned 32 bits; `data` is the tag's body without header and trailer. */
export interface FlvTag {
  type: FlvTagType
  timestampMs: number
  data: Uint8Array
}

export type VideoCodec = 'avc' | 'hevc' | 'av1' | 'vp9' | 'unknown'
export type AudioCodec = 'aac' | 'mp3' | 'opus' | 'ac3' | 'eac3' | 'flac' | 'speex' | 'pcm' | 'unknown'
export type PacketKind = 'sequence-header' | 'frames' | 'end' | 'metadata'

export interface VideoHeader {
  codec: VideoCodec
  kind: PacketKind
  keyframe: boolean
  /** Presentation minus decode time. */
  compositionTimeMs: number
  /** Where the codec's own bytes begin in the tag's data. */
  payloadOffset: number
}

export interface AudioHeader {
  codec: AudioCodec
  kind: PacketKind
  payloadOffset: number
}

/** The largest body FLV can name: DataSize has 24 bits. */
export const MAX_TAG_BYTES = 0xffffff

const TAG_TYPES: Record<number, FlvTagType> = { 8: 'audio', 9: 'video', 18: 'script' }
const TYPE_NUMBERS: Record<FlvTagType, number> = { audio: 8, video: 9, script: 18 }
const VIDEO_FOUR_CC: Record<string, VideoCodec> = { avc1: 'avc', hvc1: 'hevc', av01: 'av1', vp09: 'vp9' }
/** In no specification, but what encoders and CDNs wrote before there was Enhanced RTMP: known only to be named. */
const LEGACY_CODEC_IDS: Record<number, VideoCodec> = { 12: 'hevc', 13: 'av1' }
const AUDIO_FOUR_CC: Record<string, AudioCodec> = {
  mp4a: 'aac',
  Opus: 'opus',
  'ac-3': 'ac3',
  'ec-3': 'eac3',
  fLaC: 'flac',
  '.mp3': 'mp3',
}
const SOUND_FORMATS: Record<number, AudioCodec> = {
  0: 'pcm',
  2: 'mp3',
  3: 'pcm',
  10: 'aac',
  11: 'speex',
  14: 'mp3',
}
const EXTENDED_VIDEO_KINDS: Record<number, PacketKind> = {
  0: 'sequence-header',
  1: 'frames',
  2: 'end',
  3: 'frames',
  4: 'metadata',
}
const EXTENDED_AUDIO_KINDS: Record<number, PacketKind> = {
  0: 'sequence-header',
  1: 'frames',
  2: 'end',
  4: 'metadata',
}

/** FrameType 5: a byte that says that seeking begins or ends, where other frames have their codec's header. */
const COMMAND_FRAME = 5

export function tagTypeOf(number: number): FlvTagType | undefined {
  return TAG_TYPES[number]
}

/** `FLV`, version 1, audio and video, and the first PreviousTagSize. */
export const FLV_HEADER: Uint8Array = Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0)

/** One tag with its 11-byte header and its PreviousTagSize, ready to be written. Throws `MediaError` over 16 MiB. */
export function encodeFlvTag(tag: FlvTag): Uint8Array {
  const size = tag.data.length
  if (size > MAX_TAG_BYTES) throw new MediaError(`tag of ${size} bytes, at most ${MAX_TAG_BYTES}`)
  const bytes = new Uint8Array(15 + size)
  const view = new DataView(bytes.buffer)
  const time = tag.timestampMs >>> 0
  view.setUint32(0, ((TYPE_NUMBERS[tag.type] << 24) | size) >>> 0) // TagType, DataSize
  view.setUint32(4, ((time << 8) | (time >>> 24)) >>> 0) // Timestamp, TimestampExtended
  bytes.set(tag.data, 11) // StreamID is 0
  view.setUint32(11 + size, 11 + size) // PreviousTagSize
  return bytes
}

/** Throws `MediaError` where the tag is shorter than its header. */
export function parseVideoHeader(data: Uint8Array): VideoHeader {
  const reader = new ByteReader(data)
  const first = reader.u8()
  if (first & 0x80) return parseExtendedVideoHeader(reader, first)
  const keyframe = first >> 4 === 1
  if (first >> 4 === COMMAND_FRAME) {
    const codec = (first & 0x0f) === 7 ? 'avc' : 'unknown'
    return { codec, kind: 'metadata', keyframe, compositionTimeMs: 0, payloadOffset: 1 }
  }
  if ((first & 0x0f) !== 7) {
    const codec = LEGACY_CODEC_IDS[first & 0x0f] ?? 'unknown'
    return { codec, kind: 'frames', keyframe, compositionTimeMs: 0, payloadOffset: 1 }
  }
  const packetType = reader.u8() // AVCPacketType
  const compositionTimeMs = reader.i24()
  const kind = packetType === 0 ? 'sequence-header' : packetType === 1 ? 'frames' : 'end'
  return { codec: 'avc', kind, keyframe, compositionTimeMs, payloadOffset: 5 }
}

/** Enhanced RTMP: isExHeader, FrameType (3 bits), VideoPacketType (4 bits), FourCC. */
function parseExtendedVideoHeader(reader: ByteReader, first: number): VideoHeader {
  const packetType = first & 0x0f
  if (((first >> 4) & 7) === COMMAND_FRAME && packetType !== 4)
    return { codec: 'unknown', kind: 'metadata', keyframe: false, compositionTimeMs: 0, payloadOffset: 1 }
  const codec = VIDEO_FOUR_CC[reader.ascii(4)] ?? 'unknown'
  const kind = EXTENDED_VIDEO_KINDS[packetType] ?? 'metadata'
  const hasComposition = packetType === 1 && (codec === 'avc' || codec === 'hevc')
  const compositionTimeMs = hasComposition ? reader.i24() : 0
  return {
    codec,
    kind,
    keyframe: ((first >> 4) & 7) === 1,
    compositionTimeMs,
    payloadOffset: reader.position,
  }
}

/** Throws `MediaError` where the tag is shorter than its header. */
export function parseAudioHeader(data: Uint8Array): AudioHeader {
  const reader = new ByteReader(data)
  const first = reader.u8()
  const format = first >> 4 // SoundFormat
  if (format === 9) {
    const kind = EXTENDED_AUDIO_KINDS[first & 0x0f] ?? 'metadata'
    return { codec: AUDIO_FOUR_CC[reader.ascii(4)] ?? 'unknown', kind, payloadOffset: reader.position }
  }
  const codec = SOUND_FORMATS[format] ?? 'unknown'
  if (codec !== 'aac') return { codec, kind: 'frames', payloadOffset: 1 }
  return { codec, kind: reader.u8() === 0 ? 'sequence-header' : 'frames', payloadOffset: 2 } // AACPacketType
}

/** Whether it holds a codec's configuration. A tag too short to say so does not. */
export function isSequenceHeader(tag: FlvTag): boolean {
  if (tag.type === 'script') return false
  return tag.type === 'video'
    ? findHeader(parseVideoHeader, tag)?.kind === 'sequence-header'
    : findHeader(parseAudioHeader, tag)?.kind === 'sequence-header'
}

/** Whether decoding can begin with this tag. A tag too short to say so is no keyframe. */
export function isKeyframe(tag: FlvTag): boolean {
  if (tag.type !== 'video') return false
  const header = findHeader(parseVideoHeader, tag)
  return header?.kind === 'frames' && header.keyframe
}

function findHeader<Header>(parse: (data: Uint8Array) => Header, tag: FlvTag): Header | undefined {
  try {
    return parse(tag.data)
  } catch (error) {
    if (error instanceof MediaError) return undefined
    throw error
  }
}
