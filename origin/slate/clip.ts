/** A slate: eight seconds of picture and sound that a program loops while no publisher feeds it. */
import { encodeAudioSpecificConfig, parseAudioSpecificConfig, PROGRAM_AUDIO } from '../../media/aac.ts'
import { concatBytes } from '../../media/bytes.ts'
import { encodeFlvTag, FLV_HEADER, FlvParser, type FlvTag } from '../../media/flv-stream.ts'
import { parseAudioHeader, parseVideoHeader } from '../../media/flv-tag.ts'
import { MediaError } from '../../media/media-error.ts'

/** One loop. Whoever plays it again and again rewrites the times; the last frame of audio goes on in the first. */
export interface SlateClip {
  width: number
  height: number
  durationMs: typeof SLATE_DURATION_MS
  /** The AVC sequence header, an FLV tag's body. */
  header: Uint8Array
  /** 240 frames at 30 fps, every 60th a keyframe, no B-frames: FLV tags' bodies with composition time 0. */
  video: SlateFrame[]
  /** 375 raw AAC-LC frames, 48 kHz stereo. */
  audio: Uint8Array[]
}

export interface SlateFrame {
  timeMs: number
  keyframe: boolean
  data: Uint8Array
}

/** A loop's length: a whole number of AAC frames at 48 kHz (375) and of frames at every rate of a program. */
export const SLATE_DURATION_MS = 8000
export const CLIP_FPS = 30
export const CLIP_WIDTH = 1280
export const CLIP_HEIGHT = 720
export const CLIP_VIDEO_FRAMES = (SLATE_DURATION_MS / 1000) * CLIP_FPS
export const CLIP_GOP_FRAMES = 2 * CLIP_FPS
/** 8 s × 48 000 / 1024: a whole number, so that a loop of audio is as long as one of video. */
export const CLIP_AUDIO_FRAMES = 375

const AAC_FRAMES = Uint8Array.of(0xaf, 1)
const AAC_HEADER = Uint8Array.of(0xaf, 0)

/** A clip as FLV, which any player plays. */
export function encodeClip(clip: SlateClip): Uint8Array {
  const asc = encodeAudioSpecificConfig(PROGRAM_AUDIO)
  const headers: FlvTag[] = [
    { type: 'video', timestampMs: 0, data: clip.header },
    { type: 'audio', timestampMs: 0, data: concatBytes([AAC_HEADER, asc]) },
  ]
  const video = clip.video.map(({ timeMs, data }): FlvTag => ({ type: 'video', timestampMs: timeMs, data }))
  const audio = clip.audio.map((frame, index): FlvTag => {
    const timestampMs = Math.round((index * SLATE_DURATION_MS) / CLIP_AUDIO_FRAMES)
    return { type: 'audio', timestampMs, data: concatBytes([AAC_FRAMES, frame]) }
  })
  const frames = [...video, ...audio].sort((a, b) => a.timestampMs - b.timestampMs)
  return concatBytes([FLV_HEADER, ...[...headers, ...frames].map(encodeFlvTag)])
}

/** The clip in an FLV of ours. Throws `MediaError` for one that is not whole. */
export function parseClip(flv: Uint8Array): SlateClip {
  const { header, bodies, config, audio } = readTracks(flv)
  const { objectType, sampleRate, channels } = parseAudioSpecificConfig(config ?? new Uint8Array(0))
  const isOurs =
    objectType === PROGRAM_AUDIO.objectType &&
    sampleRate === PROGRAM_AUDIO.sampleRate &&
    channels === PROGRAM_AUDIO.channels
  if (!isOurs) throw new MediaError(`audio of a slate at ${sampleRate} Hz with ${channels} channels`)
  return assembleClip({ header, bodies }, audio)
}

/** The video of an FLV: its AVC sequence header and its frames, as FLV tags' bodies. */
export interface VideoTags {
  header: Uint8Array
  bodies: Uint8Array[]
}

/** Throws `MediaError`. */
export function readVideo(flv: Uint8Array): VideoTags {
  const { header, bodies } = readTracks(flv)
  return { header, bodies }
}

/** A clip of frames that have the right number and shape. Throws `MediaError`. */
export function assembleClip({ header, bodies }: VideoTags, audio: Uint8Array[]): SlateClip {
  if (bodies.length !== CLIP_VIDEO_FRAMES || audio.length !== CLIP_AUDIO_FRAMES)
    throw new MediaError(`a slate of ${bodies.length} frames and ${audio.length} of audio`)
  const video = bodies.map((data, index) => {
    const { codec, keyframe, compositionTimeMs } = parseVideoHeader(data)
    if (codec !== 'avc' || compositionTimeMs !== 0 || keyframe !== (index % CLIP_GOP_FRAMES === 0))
      throw new MediaError(
        `frame ${index} of a slate: ${codec}, keyframe ${keyframe}, ${compositionTimeMs} ms`,
      )
    return { timeMs: timeOf(index), keyframe, data }
  })
  const durationMs = SLATE_DURATION_MS
  return { width: CLIP_WIDTH, height: CLIP_HEIGHT, durationMs, header, video, audio }
}

/** Fewer frames repeated until they are a clip's, as FLV: what a clip shorter than a slate is encoded from. */
export function repeatVideo({ header, bodies }: VideoTags): Uint8Array {
  const frames = Array.from({ length: CLIP_VIDEO_FRAMES }, (_, index): FlvTag => {
    const data = bodies[index % bodies.length] ?? new Uint8Array(0)
    return { type: 'video', timestampMs: timeOf(index), data }
  })
  return concatBytes([
    FLV_HEADER,
    ...[{ type: 'video', timestampMs: 0, data: header } as const, ...frames].map(encodeFlvTag),
  ])
}

function timeOf(frame: number): number {
  return Math.round((frame * 1000) / CLIP_FPS)
}

interface Tracks extends VideoTags {
  config: Uint8Array | null
  audio: Uint8Array[]
}

function readTracks(flv: Uint8Array): Tracks {
  let header: Uint8Array | null = null
  let config: Uint8Array | null = null
  const bodies: Uint8Array[] = []
  const audio: Uint8Array[] = []
  for (const { type, data } of new FlvParser().push(flv)) {
    if (type === 'script') continue
    const { kind, payloadOffset } = type === 'video' ? parseVideoHeader(data) : parseAudioHeader(data)
    if (kind === 'sequence-header' && type === 'video') header = data.slice()
    else if (kind === 'sequence-header') config = data.slice(payloadOffset)
    else if (kind === 'frames' && type === 'video') bodies.push(data.slice())
    else if (kind === 'frames') audio.push(data.slice(payloadOffset))
  }
  if (!header) throw new MediaError('a slate without an AVC sequence header')
  return { header, bodies, config, audio }
}
