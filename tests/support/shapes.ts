/** Publishers of every shape: what each sends, and what is to come of it. One table for the short and the long run. */
import { isSequenceHeader, type FlvTag } from '../../media/flv-stream.ts'

export interface Shape {
  name: string
  /** Null: no video. */
  video: VideoShape | null
  /** Null: no audio. */
  audio: AudioShape | null
  /** In the long run alone, which has the time. */
  isLongOnly?: boolean
  /** Of the publisher's clock, 1.03 for one that runs 3 % fast. */
  speed?: number
  /** Audio before video among the tracks of the container. */
  audioFirst?: boolean
  /** What a misbehaving encoder makes of the tags, in the order in which it sends them. */
  rearrange?: (tags: FlvTag[]) => TimedTag[]
  /** Video tracks that come of it. */
  rungs: readonly string[]
  /** Codes the streamer is shown. */
  warnings?: readonly string[]
  /** Media that are not there from the start, in seconds. */
  missingSec?: number
}

export interface VideoShape {
  size: string
  /** As ffmpeg takes it. */
  fps: string
  /** Frames from one flash to the next: about a second. */
  flashEveryFrames: number
  /** Frames per second, as a number. */
  rate: number
  keyframeSeconds?: number
  filter?: string
  encoder?: readonly string[]
}

export interface AudioShape {
  sampleRate: number
  layout: 'mono' | 'stereo' | '5.1'
  encoder?: readonly string[]
}

export interface TimedTag {
  tag: FlvTag
  /** When it is sent, in ms from the start. */
  atMs: number
}

const STEREO: AudioShape = { sampleRate: 48_000, layout: 'stereo' }
const LANDSCAPE = ['180p', '90p'] as const
const B_FRAMES = ['-preset', 'veryfast', '-bf', '2', '-x264-params', 'b-adapt=0', '-pix_fmt', 'yuv420p']
const COLOURS_OF_EVERY_PIXEL = ['-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv444p']
/** A quarter of the frames is missing, at no regular distance; those that a flash begins with never are. */
const IRREGULAR = "select='lt(mod(n,30),4)+mod(n*7+floor(n/5),4)'"
const LATE_AUDIO_MS = 3000
const BURST_MS = 1000
/** Video this far ahead makes audio late by more than silence waits for what it does not know. */
const SWAPPED_MS = { audio: 400, video: 900, script: 0 }

export const SHAPES: readonly Shape[] = [
  shape('30 fps', picture('30')),
  shape('25 fps with B-frames', { ...picture('25'), encoder: B_FRAMES }, { warnings: ['b_frames'] }),
  shape('24000/1001 fps', { ...picture('24000/1001'), flashEveryFrames: 24, rate: 24_000 / 1001 }),
  shape('50 fps', picture('50')),
  shape('60 fps', picture('60')),
  shape(
    'variable frame rate',
    { ...picture('30'), filter: IRREGULAR },
    { warnings: ['frame_rate_variable'] },
  ),
  shape('44.1 kHz mono', picture('30'), {
    audio: { sampleRate: 44_100, layout: 'mono' },
    warnings: ['audio_not_48khz'],
  }),
  shape('32 kHz', picture('30'), {
    audio: { sampleRate: 32_000, layout: 'stereo' },
    warnings: ['audio_not_48khz'],
  }),
  shape('portrait', { ...picture('30'), size: '180x320' }),
  shape('odd sizes', { ...picture('30'), size: '321x181', encoder: COLOURS_OF_EVERY_PIXEL }),
  shape('no audio', picture('30'), { audio: null }),
  shape('audio only', null),
  shape('audio that starts late', picture('30'), {
    rearrange: withoutFirstAudio,
    missingSec: LATE_AUDIO_MS / 1000,
  }),
  shape('keyframes every 0.5 s', { ...picture('30'), keyframeSeconds: 0.5 }),
  shape(
    'keyframes every 8 s',
    { ...picture('30'), keyframeSeconds: 8 },
    { warnings: ['keyframe_interval_long'] },
  ),
  shape('audio track before video', picture('30'), { audioFirst: true }),
  shape('audio tags ahead of video', picture('30'), { rearrange: (tags) => ahead(tags, 'audio') }),
  shape('video tags ahead of audio', picture('30'), {
    rearrange: (tags) => ahead(tags, 'video'),
    missingSec: 2,
  }),
  shape('3 % too fast', picture('30'), { speed: 1.03, warnings: ['clock_fast'] }),
  shape('3 % too slow', picture('30'), { speed: 0.97, warnings: ['clock_slow'] }),
  shape('15 fps', picture('15'), { isLongOnly: true }),
  shape('120 fps', picture('120'), { isLongOnly: true }),
  shape('sound in 5.1', picture('30'), { audio: { ...STEREO, layout: '5.1' }, isLongOnly: true }),
  shape('MP3', picture('30'), {
    audio: { sampleRate: 44_100, layout: 'stereo', encoder: ['libmp3lame'] },
    isLongOnly: true,
  }),
  shape('in bursts of a second', picture('30'), { rearrange: inBursts, isLongOnly: true }),
  shape('15 % too fast', picture('30'), { speed: 1.15, warnings: ['clock_fast'] }),
]

/** Warnings about the clock want this long before they are sure. */
export const CLOCK_KNOWN_AFTER_SEC = 30

function picture(fps: string): VideoShape {
  const rate = Number(fps)
  return { size: '320x180', fps, rate, flashEveryFrames: rate }
}

function shape(name: string, video: VideoShape | null, changes: Partial<Shape> = {}): Shape {
  return { name, video, audio: STEREO, rungs: video ? LANDSCAPE : [], ...changes }
}

/** Seconds from one flash, or beep, to the next. */
export function periodOf({ video }: Shape): number {
  return video ? video.flashEveryFrames / video.rate : 1
}

/** The configuration comes right before the first frame, as from an encoder whose microphone opens late. */
function withoutFirstAudio(tags: readonly FlvTag[]): TimedTag[] {
  return tags
    .flatMap((tag) => {
      if (tag.type !== 'audio') return [{ tag, atMs: tag.timestampMs }]
      if (isSequenceHeader(tag)) return [{ tag: { ...tag, timestampMs: LATE_AUDIO_MS }, atMs: LATE_AUDIO_MS }]
      return tag.timestampMs < LATE_AUDIO_MS ? [] : [{ tag, atMs: tag.timestampMs }]
    })
    .sort((a, b) => a.atMs - b.atMs)
}

/** As over a line that stops and goes. */
function inBursts(tags: readonly FlvTag[]): TimedTag[] {
  return tags.map((tag) => ({ tag, atMs: Math.ceil(tag.timestampMs / BURST_MS) * BURST_MS }))
}

/** One medium is sent before the other of the same time, its configuration too. */
function ahead(tags: readonly FlvTag[], first: FlvTag['type']): TimedTag[] {
  const sent = tags.map((tag) => ({
    tag,
    atMs: tag.timestampMs - (tag.type === first ? SWAPPED_MS[first] : 0),
  }))
  return sent.sort((a, b) => a.atMs - b.atMs)
}
