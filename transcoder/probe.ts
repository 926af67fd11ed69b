/** Looks at a source before it is encoded: ffprobe over its first frames, and whether they are acceptable. */
import { Readable } from 'node:stream'
import { probe, type ProbedStream } from '../runtime/ffmpeg.ts'

export interface SourceLimits {
  maxWidth: number
  maxHeight: number
}

/** Something a streamer is told, with a stable code (docs/errors.md). */
export interface Notice {
  code: string
  message: string
}

export interface ProbedSource {
  width: number
  height: number
  frameRate: number | null
}

const PROBE_OPTIONS = ['-f', 'flv', '-probesize', '2000000', '-analyzeduration', '1', '-fpsprobesize', '0']
const PIXEL_FORMATS = [
  'yuv420p',
  'yuvj420p',
  'yuv422p',
  'yuvj422p',
  'yuv444p',
  'yuvj444p',
  'yuv420p10le',
  'nv12',
]

/** What the bytes of an FLV beginning hold. Throws `probe_failed`. */
export async function probeSource(beginning: Uint8Array): Promise<ProbedStream | null> {
  const streams = await probe(Readable.from([Buffer.from(beginning)]), PROBE_OPTIONS)
  return streams.find((stream) => stream.type === 'video') ?? null
}

/** The reason why a source is not taken, in words for its streamer. Pure. */
export function judgeSource(stream: ProbedStream | null, limits: SourceLimits): Notice | ProbedSource {
  if (!stream?.width || !stream.height)
    return { code: 'video_unreadable', message: 'the picture could not be read: set H.264' }
  const { codec, width, height, pixelFormat } = stream
  if (codec !== 'h264')
    return { code: 'video_codec_unsupported', message: `video in ${codec} is not taken: set H.264` }
  const longer = Math.max(limits.maxWidth, limits.maxHeight)
  const shorter = Math.min(limits.maxWidth, limits.maxHeight)
  if (Math.max(width, height) > longer || Math.min(width, height) > shorter)
    return {
      code: 'resolution_too_high',
      message: `${width}×${height}, at most ${longer}×${shorter}: lower the output resolution`,
    }
  if (pixelFormat !== null && !PIXEL_FORMATS.includes(pixelFormat))
    return { code: 'video_unreadable', message: `pixel format ${pixelFormat} is not taken: set NV12 or I420` }
  return { width, height, frameRate: stream.frameRate }
}
