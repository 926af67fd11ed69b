/** FLV written from parts: the tags of one rendition, out of the same samples that every other pipe carries. */
import { encodeAudioSpecificConfig, PROGRAM_AUDIO } from './aac.ts'
import { findBox, getBox, readBoxes } from './box.ts'
import { concatBytes } from './bytes.ts'
import { encodeScript } from './amf0.ts'
import { parseFragment, parseInit } from './fragment.ts'
import type { FlvTag } from './flv-tag.ts'
import { MediaError } from './media-error.ts'
import { parseMeta, type Part } from './part.ts'

const KEYFRAME_AVC = 0x17
const INTER_AVC = 0x27
const AAC = 0xaf

/** The tags before the first frame: metadata and the codec configurations. Throws `MediaError`. */
export function flvHeaderTags(videoInit: Uint8Array | null, timestampMs: number): FlvTag[] {
  const facts = videoInit ? parseInit(videoInit) : null
  const metadata = encodeScript('onMetaData', {
    encoder: 'Headwater',
    audiocodecid: 10,
    ...(facts ? { videocodecid: 7, width: facts.width, height: facts.height } : {}),
  })
  const audio = concatBytes([Uint8Array.of(AAC, 0), encodeAudioSpecificConfig(PROGRAM_AUDIO)])
  const tags: FlvTag[] = [{ type: 'script', timestampMs: 0, data: metadata }] // ffmpeg takes a later one for subtitles
  if (videoInit)
    tags.push({
      type: 'video',
      timestampMs,
      data: concatBytes([Uint8Array.of(KEYFRAME_AVC, 0, 0, 0, 0), readAvcConfig(videoInit)]),
    })
  return [...tags, { type: 'audio', timestampMs, data: audio }]
}

/** The tags of one part of a video track (H.264 without B-frames) or of the audio track. Throws `MediaError`. */
export function flvTagsOf(part: Part): FlvTag[] {
  const { bodyOffset } = parseMeta(part.bytes)
  const body = part.bytes.subarray(bodyOffset)
  const moof = readBoxes(body).find((box) => box.type === 'moof')
  const mdat = findBox(body, 'mdat')
  if (!moof || !mdat) throw new MediaError('a part has a moof and an mdat')
  const samples = parseFragment(body.subarray(moof.start, moof.end), mdat.payload)
  const { timescale, track } = part.header
  return samples.map((sample) => {
    const timestampMs = Math.round((sample.time * 1000) / timescale) >>> 0
    if (track === 'audio')
      return { type: 'audio', timestampMs, data: concatBytes([Uint8Array.of(AAC, 1), sample.data]) }
    const first = sample.keyframe ? KEYFRAME_AVC : INTER_AVC
    return { type: 'video', timestampMs, data: concatBytes([Uint8Array.of(first, 1, 0, 0, 0), sample.data]) }
  })
}

/** Merges two lists of tags, each in order, by decode time; video goes first where times are equal. */
export function mergeTags(video: readonly FlvTag[], audio: readonly FlvTag[]): FlvTag[] {
  return [...video, ...audio].sort((a, b) => a.timestampMs - b.timestampMs)
}

function readAvcConfig(videoInit: Uint8Array): Uint8Array {
  const entries = getBox(videoInit, 'moov/trak/mdia/minf/stbl/stsd').payload.subarray(8)
  const avc1 = findBox(entries, 'avc1')
  if (!avc1) throw new MediaError('no avc1 sample entry')
  return getBox(avc1.payload.subarray(78), 'avcC').payload
}
