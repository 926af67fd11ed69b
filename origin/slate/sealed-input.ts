/** How ffmpeg is made to read a stranger's file: one demuxer, few decoders, one thread, and limits on everything. */
import { z } from 'zod'
import { HeadwaterError } from '../../runtime/errors.ts'
import { runSealed, SEALED_INPUT } from '../../runtime/ffmpeg.ts'
import type { SlateFile } from './slate-file.ts'

export interface SealedOptions {
  /** Processor time of each step. */
  cpuSeconds?: number
  /** Ends whatever runs. */
  signal: AbortSignal
}

/** Of one step. The clock on the wall is for what hangs: on a machine under load a slate may take its time. */
const LIMITS = { cpuSeconds: 20, timeoutMs: 120_000 }
/** Phones take pictures of 50 megapixels. */
const MAX_PICTURE_PIXELS = 51_000_000
/** 4K, either way up: decoding eight seconds of more takes too long. */
const MAX_CLIP_PIXELS = 4096 * 2304
const MAX_SIDE = 16_384
const MAX_PROBE_BYTES = 256 * 1024

const probed = z.object({
  streams: z.array(
    z.object({
      codec_type: z.string().optional(),
      width: z.number().optional(),
      height: z.number().optional(),
    }),
  ),
})

/** Reads what a file says of itself, so that nothing huge is ever decoded. Throws `slate_unreadable`, `slate_too_complex`. */
export async function inspectSlate(
  bytes: Uint8Array,
  file: SlateFile,
  options: SealedOptions,
): Promise<{ hasSound: boolean }> {
  const show = ['-show_entries', 'stream=codec_type,width,height', '-of', 'json']
  const args = [...inputOptions(file), ...show]
  const step = { tool: 'ffprobe', args, input: bytes, maxOutputBytes: MAX_PROBE_BYTES } as const
  const { streams } = probed.parse(JSON.parse((await runStep(step, options)).toString('utf8')))
  const { width = 0, height = 0 } = streams.find(({ codec_type }) => codec_type === 'video') ?? {}
  if (width < 2 || height < 2)
    throw new HeadwaterError('slate_unreadable', 'there is no picture in this file that can be read')
  const maxPixels = maxPixelsOf(file)
  if (width * height > maxPixels || Math.max(width, height) > MAX_SIDE) {
    const limit = `at most ${Math.floor(maxPixels / 1e6)} megapixels, ${MAX_SIDE} pixels a side`
    throw new HeadwaterError('slate_too_complex', `${width}×${height} is too large: ${limit}`)
  }
  return { hasSound: streams.some(({ codec_type }) => codec_type === 'audio') }
}

/** What comes before the output's options: no picture over the limit is decoded, whatever a header has said. */
export function inputOptions(file: SlateFile): string[] {
  return [
    ...['-format_whitelist', file.demuxerNames, '-codec_whitelist', file.decoders],
    ...['-max_pixels', String(maxPixelsOf(file)), '-threads', '1', '-err_detect', 'explode'],
    ...['-f', file.demuxer, '-i', SEALED_INPUT],
  ]
}

interface Step {
  tool: 'ffmpeg' | 'ffprobe'
  args: readonly string[]
  input: Uint8Array
  maxOutputBytes: number
}

/** What one run puts out. Throws `slate_unreadable`, `slate_too_complex`, `not_ready` where the server stops, `ffmpeg_missing`. */
export async function runStep(step: Step, options: SealedOptions): Promise<Buffer> {
  const result = await runSealed({ ...LIMITS, ...options, ...step })
  const { lines } = result
  // ffprobe goes on without a size where a picture is over the limit.
  if (/Picture size \S+ (is invalid|exceeds)/.test(lines))
    throw new HeadwaterError(
      'slate_too_complex',
      'the picture has too many pixels: 1280×720 is what viewers get',
    )
  if ('output' in result) return result.output
  const { failure } = result
  const cause = new Error(lines)
  if (failure === 'aborted') throw new HeadwaterError('not_ready', 'the server is stopping')
  if (failure === 'failed' && !lines.includes('Cannot allocate memory'))
    throw new HeadwaterError('slate_unreadable', 'this file is damaged, or not what its first bytes say', {
      cause,
    })
  throw new HeadwaterError('slate_too_complex', 'this file takes too much time or memory to be read', {
    cause,
  })
}

function maxPixelsOf({ isClip }: SlateFile): number {
  return isClip ? MAX_CLIP_PIXELS : MAX_PICTURE_PIXELS
}
