/** Makes a slate of a picture or a clip: whatever was sent in is decoded under limits and encoded anew. */
import { AAC_SAMPLES_PER_FRAME, AdtsParser, PROGRAM_AUDIO } from '../../media/aac.ts'
import { MediaError } from '../../media/media-error.ts'
import { HeadwaterError } from '../../runtime/errors.ts'
import { SEALED_INPUT } from '../../runtime/ffmpeg.ts'
import { SILENT_FRAME } from '../program/audio-track.ts'
import {
  assembleClip,
  CLIP_AUDIO_FRAMES,
  CLIP_FPS,
  CLIP_GOP_FRAMES,
  CLIP_HEIGHT,
  CLIP_VIDEO_FRAMES,
  CLIP_WIDTH,
  encodeClip,
  readVideo,
  repeatVideo,
  type SlateClip,
  type VideoTags,
} from './clip.ts'
import { inputOptions, inspectSlate, runStep, type SealedOptions } from './sealed-input.ts'
import type { SlateFile } from './slate-file.ts'

/** Changes whenever the same picture would give another clip: what was made before is made again then. */
export const ENCODER_VERSION = 2

/** The video's 1.5 Mbit/s for 8 s, and what it may exceed its rate by. */
const MAX_VIDEO_BYTES = 8 * 1024 * 1024
const MAX_AUDIO_BYTES = 2 * 1024 * 1024
const MAX_PREVIEW_BYTES = 1024 * 1024
/** Behind a picture that leaves room, and behind what is transparent in it. */
const BACKGROUND = '0x0d1417'
const SAMPLES_PER_FRAME = PROGRAM_AUDIO.sampleRate / CLIP_FPS
const LOOP_SAMPLES = CLIP_AUDIO_FRAMES * AAC_SAMPLES_PER_FRAME
/** The encoder's first frame lies before the first sample. */
const PRIMING_FRAMES = 1

/** The clip. Throws `slate_unreadable`, `slate_too_complex`, `not_ready` where the server stops, `ffmpeg_missing`. */
export async function encodeSlate(
  bytes: Uint8Array,
  file: SlateFile,
  options: SealedOptions,
): Promise<SlateClip> {
  const { hasSound } = await inspectSlate(bytes, file, options)
  const input = inputOptions(file)
  try {
    const once = readVideo(await encodeVideo(bytes, input, file.isClip, options))
    if (once.bodies.length === 0) throw new MediaError('no frame')
    const video = once.bodies.length < CLIP_VIDEO_FRAMES ? await loopVideo(once, options) : once
    const silence = Array.from({ length: CLIP_AUDIO_FRAMES }, () => SILENT_FRAME)
    const audio = hasSound ? await encodeAudio(bytes, input, once.bodies.length, options) : silence
    return assembleClip(video, audio)
  } catch (cause) {
    if (!(cause instanceof MediaError)) throw cause
    throw new HeadwaterError('slate_unreadable', 'this file could not be made into a slate', { cause })
  }
}

/** A small JPEG of what the clip shows 2 s after its begin, when few films are still black. Throws as `encodeSlate`. */
export async function drawPreview(clip: SlateClip, options: SealedOptions): Promise<Buffer> {
  const filter = `select=eq(n\\,${CLIP_GOP_FRAMES}),scale=640:360`
  const args = [
    ...['-nostdin', '-f', 'flv', '-i', SEALED_INPUT, '-vf', filter, '-frames:v', '1', '-q:v', '4'],
    ...['-f', 'mjpeg', 'pipe:1'],
  ]
  const step = { tool: 'ffmpeg', args, input: encodeClip(clip), maxOutputBytes: MAX_PREVIEW_BYTES } as const
  return runStep(step, options)
}

/** As long as it is, at most a slate's 240 frames; a picture is as long as a slate. */
async function encodeVideo(
  bytes: Uint8Array,
  input: readonly string[],
  isClip: boolean,
  options: SealedOptions,
): Promise<Buffer> {
  const args = [
    ...['-nostdin', '-xerror', '-filter_complex_threads', '1', ...input],
    ...['-filter_complex', videoFilter(isClip), '-map', '[v]', '-an', ...VIDEO_CODEC],
    ...['-map_metadata', '-1', '-f', 'flv', '-flvflags', 'no_duration_filesize', 'pipe:1'],
  ]
  return runStep({ tool: 'ffmpeg', args, input: bytes, maxOutputBytes: MAX_VIDEO_BYTES }, options)
}

/** A shorter clip again and again, keyframes where a slate has them. */
async function loopVideo(video: VideoTags, options: SealedOptions): Promise<VideoTags> {
  const input = ['-threads', '1', '-f', 'flv', '-i', SEALED_INPUT]
  return readVideo(await encodeVideo(repeatVideo(video), input, true, options))
}

/**
 * The sound, as long as the picture and looped with it. Three slates' length is encoded and the one in the middle kept: each frame has then been
 * encoded beside its neighbours in the loop, and the seam cannot be heard.
 */
async function encodeAudio(
  bytes: Uint8Array,
  input: readonly string[],
  videoFrames: number,
  options: SealedOptions,
): Promise<Uint8Array[]> {
  const samples = videoFrames * SAMPLES_PER_FRAME
  const even = 'aresample=48000:async=1000:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo'
  const length = `atrim=end_sample=${samples},apad=whole_len=${samples}`
  const slate = `aloop=loop=-1:size=${samples},atrim=end_sample=${LOOP_SAMPLES}`
  const filter = `[0:a:0]${even},${length},${slate},aloop=loop=2:size=${LOOP_SAMPLES}[a]`
  const args = [
    ...[
      '-nostdin',
      '-filter_complex_threads',
      '1',
      ...input,
      '-filter_complex',
      filter,
      '-map',
      '[a]',
      '-vn',
    ],
    ...['-c:a', 'aac', '-b:a', '128k', '-f', 'adts', 'pipe:1'],
  ]
  const step = { tool: 'ffmpeg', args, input: bytes, maxOutputBytes: MAX_AUDIO_BYTES } as const
  const first = PRIMING_FRAMES + CLIP_AUDIO_FRAMES
  return new AdtsParser().push(await runStep(step, options)).slice(first, first + CLIP_AUDIO_FRAMES)
}

/** Fitted into the frame over the background, 30 fps. */
function videoFilter(isClip: boolean): string {
  const size = `${CLIP_WIDTH}:${CLIP_HEIGHT}`
  const fit = `scale=${size}:force_original_aspect_ratio=decrease:flags=bicubic,setsar=1,format=yuva420p`
  const rate = isClip ? `fps=${CLIP_FPS}:start_time=0,` : ''
  const background = `color=c=${BACKGROUND}:s=${CLIP_WIDTH}x${CLIP_HEIGHT}:r=${CLIP_FPS}[b]`
  const end = isClip ? 'endall' : 'repeat'
  const whole = `trim=end_frame=${CLIP_VIDEO_FRAMES},setpts=N/${CLIP_FPS}/TB`
  const over = `overlay=(W-w)/2:(H-h)/2:eof_action=${end},format=yuv420p,${whole}`
  return `[0:v:0]${rate}${fit}[p];${background};[b][p]${over}[v]`
}

const VIDEO_CODEC = [
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'main', '-threads', '1', '-bf', '0'],
  ...['-g', String(CLIP_GOP_FRAMES), '-keyint_min', String(CLIP_GOP_FRAMES), '-sc_threshold', '0'],
  ...['-crf', '23', '-maxrate', '1500k', '-bufsize', '1500k'],
]
