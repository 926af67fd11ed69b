/** Makes a slate of a picture or a clip: whatever was sent in is decoded under limits and encoded anew. */
import { z } from 'zod'
import { MediaError } from '../../media/media-error.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { runSealed, SEALED_INPUT, type SealedResult } from '../../runtime/ffmpeg.ts'
import { SILENT_FRAME } from '../program/audio-track.ts'
import {
  CLIP_FPS,
  CLIP_GOP_FRAMES,
  CLIP_HEIGHT,
  SLATE_DURATION_MS,
  CLIP_VIDEO_FRAMES,
  CLIP_WIDTH,
  parseEncoded,
  type SlateClip,
} from './clip.ts'
import type { SlateFile } from './slate-file.ts'

export interface EncodeOptions {
  /** Of each step: looking at it, encoding it, drawing its preview. */
  timeoutMs: number
  /** Ends whatever runs. */
  signal: AbortSignal
}

/** Changes whenever the same picture would give another clip: what was made before is made again then. */
export const ENCODER_VERSION = 1

/** Phones take pictures of 50 megapixels. */
const MAX_PICTURE_PIXELS = 51_000_000
/** 4K, either way up; decoding eight seconds of more takes too long. */
const MAX_CLIP_PIXELS = 4096 * 2304
const MAX_SIDE = 16_384
const MAX_PROBE_BYTES = 256 * 1024
/** The video's 1.5 Mbit/s for 8 s, three loops of audio, and what a codec may exceed its rate by. */
const MAX_CLIP_BYTES = 8 * 1024 * 1024
const MAX_PREVIEW_BYTES = 1024 * 1024
const AUDIO_SAMPLES = (SLATE_DURATION_MS / 1000) * 48_000
/** Behind a picture that leaves room, and behind what is transparent in it. */
const BACKGROUND = '0x0d1417'

/** The clip. Throws `slate_unreadable`, `slate_too_complex`, `ffmpeg_missing`. */
export async function encodeSlate(
  bytes: Uint8Array,
  file: SlateFile,
  options: EncodeOptions,
): Promise<SlateClip> {
  const { hasSound } = await inspect(bytes, file, options)
  const filters = [videoFilter(), ...(hasSound ? [audioFilter()] : [])].join(';')
  const audio = hasSound ? ['-map', '[a]', '-c:a', 'aac', '-b:a', '128k'] : ['-an']
  const args = [
    ...['-nostdin', '-xerror', ...(file.isClip ? ['-stream_loop', '-1'] : []), ...inputOptions(file)],
    ...['-filter_complex', filters, '-map', '[v]', ...VIDEO_CODEC, ...audio],
    ...['-map_metadata', '-1', '-sn', '-dn', '-f', 'flv', '-flvflags', 'no_duration_filesize', 'pipe:1'],
  ]
  const result = await runSealed({
    ...options,
    tool: 'ffmpeg',
    args,
    input: bytes,
    maxOutputBytes: MAX_CLIP_BYTES,
  })
  try {
    return parseEncoded(outputOf(result), SILENT_FRAME)
  } catch (cause) {
    if (!(cause instanceof MediaError)) throw cause
    throw new HeadwaterError('slate_unreadable', 'this file could not be made into a slate', { cause })
  }
}

/** The clip's first picture as a small JPEG. Throws as `encodeSlate`. */
export async function drawPreview(flv: Uint8Array, options: EncodeOptions): Promise<Buffer> {
  const args = [
    ...['-nostdin', '-f', 'flv', '-i', SEALED_INPUT, '-frames:v', '1', '-vf', 'scale=640:360', '-q:v', '4'],
    ...['-f', 'mjpeg', 'pipe:1'],
  ]
  const maxOutputBytes = MAX_PREVIEW_BYTES
  return outputOf(await runSealed({ ...options, tool: 'ffmpeg', args, input: flv, maxOutputBytes }))
}

const probed = z.object({
  streams: z.array(
    z.object({
      codec_type: z.string().optional(),
      width: z.number().optional(),
      height: z.number().optional(),
    }),
  ),
})

/** Reads what the file says of itself, so that nothing huge is ever decoded. */
async function inspect(
  bytes: Uint8Array,
  file: SlateFile,
  options: EncodeOptions,
): Promise<{ hasSound: boolean }> {
  const show = ['-show_entries', 'stream=codec_type,width,height', '-of', 'json']
  const args = [...inputOptions(file), ...show]
  const result = await runSealed({
    ...options,
    tool: 'ffprobe',
    args,
    input: bytes,
    maxOutputBytes: MAX_PROBE_BYTES,
  })
  const { streams } = probed.parse(JSON.parse(outputOf(result).toString('utf8')))
  const video = streams.find(({ codec_type }) => codec_type === 'video')
  const { width = 0, height = 0 } = video ?? {}
  if (width < 2 || height < 2)
    throw new HeadwaterError('slate_unreadable', 'there is no picture in this file that can be read')
  const maxPixels = maxPixelsOf(file)
  if (width * height > maxPixels || Math.max(width, height) > MAX_SIDE) {
    const message = `${width}×${height} is too large: at most ${Math.floor(maxPixels / 1e6)} megapixels, ${MAX_SIDE} pixels a side`
    throw new HeadwaterError('slate_too_complex', message)
  }
  return { hasSound: streams.some(({ codec_type }) => codec_type === 'audio') }
}

function maxPixelsOf({ isClip }: SlateFile): number {
  return isClip ? MAX_CLIP_PIXELS : MAX_PICTURE_PIXELS
}

/** One demuxer, few decoders, one thread, and no picture over the limit, whatever the header has said. */
function inputOptions(file: SlateFile): string[] {
  return [
    ...['-format_whitelist', file.demuxerNames, '-codec_whitelist', file.decoders],
    ...['-max_pixels', String(maxPixelsOf(file)), '-threads', '1', '-err_detect', 'explode'],
    ...['-f', file.demuxer, '-i', SEALED_INPUT],
  ]
}

function outputOf(result: SealedResult): Buffer {
  if ('output' in result) return result.output
  if (result.failure === 'failed')
    throw new HeadwaterError('slate_unreadable', 'this file is damaged or not what its first bytes say', {
      cause: new Error(result.lines),
    })
  if (result.failure === 'aborted') throw new HeadwaterError('not_ready', 'the server is stopping')
  throw new HeadwaterError('slate_too_complex', 'this file takes too long or too much to be read')
}

/** Fitted into the frame over the background, 30 fps; what ends early stays as its last picture. */
function videoFilter(): string {
  const size = `${CLIP_WIDTH}:${CLIP_HEIGHT}`
  const fit = `fps=${CLIP_FPS},scale=${size}:force_original_aspect_ratio=decrease:flags=bicubic,setsar=1,format=yuva420p[p]`
  const background = `color=c=${BACKGROUND}:s=${CLIP_WIDTH}x${CLIP_HEIGHT}:r=${CLIP_FPS}[b]`
  const whole = `trim=end_frame=${CLIP_VIDEO_FRAMES},setpts=N/${CLIP_FPS}/TB`
  return `[0:v:0]${fit};${background};[b][p]overlay=(W-w)/2:(H-h)/2:eof_action=repeat,format=yuv420p,${whole}[v]`
}

/** Three loops, of which the one in the middle is kept. */
function audioFilter(): string {
  const even = 'aresample=48000:async=1000:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo'
  const length = `apad=whole_len=${AUDIO_SAMPLES},atrim=end_sample=${AUDIO_SAMPLES}`
  return `[0:a:0]${even},${length},aloop=loop=2:size=${AUDIO_SAMPLES}[a]`
}

const VIDEO_CODEC = [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'main', '-threads', '1', '-bf', '0'],
  ...['-g', String(CLIP_GOP_FRAMES), '-keyint_min', String(CLIP_GOP_FRAMES), '-sc_threshold', '0'],
  ...['-crf', '23', '-maxrate', '1500k', '-bufsize', '1500k'],
]
