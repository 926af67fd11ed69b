/** The arguments of a program's one ffmpeg. Pure. Each was measured: see docs/decisions on encoding. */
import { PARTS_PER_SECOND, SEGMENT_SECONDS } from '../media/part.ts'
import type { FfmpegOutput } from '../runtime/ffmpeg.ts'
import type { Preset } from './cost.ts'
import type { Rendition } from './ladder.ts'

export interface EncoderArguments {
  inputOptions: string[]
  complexFilter: string
  outputs: FfmpegOutput[]
}

export interface EncoderOptions {
  ladder: readonly Rendition[]
  preset: Preset
  /** The first part to make: the encoder's only state. */
  firstPart: number
  /** Where a rendition's byte stream goes. */
  intakeUrl: (rendition: string) => string
  intakeToken: string
}

/**
 * `frag_every_frame`: the packager cuts, ffmpeg would cut relative to its last cut. `delay_moov` and `frag_discont` keep
 * the timeline's own times. Never `-fflags nobuffer`: it drops the packets that were probed.
 */
const MOVFLAGS = '+cmaf+delay_moov+default_base_moof+skip_trailer+frag_discont+frag_every_frame'
/** Keyframes come by force_key_frames alone. */
const LONGEST_GOP_FRAMES = '600'
/** Rungs have even sizes: their proportions are the source's to about a hundredth. Nobody sees that much. */
const ASPECT_TOLERANCE = 0.02

export function encoderArguments(options: EncoderOptions): EncoderArguments {
  const fps = options.ladder[0]?.fps ?? 30
  const slot = Math.ceil((options.firstPart * fps) / PARTS_PER_SECOND)
  return {
    inputOptions: [
      // Not `warning`: there is one with every frame of a source whose size is not the first one's.
      ...['-hide_banner', '-loglevel', 'error', '-nostats'],
      ...['-probesize', '2000000', '-analyzeduration', '1', '-fpsprobesize', '0'],
      // A filter graph made anew at a change of size would begin at `start_time` again: minutes of pictures, in a program of an hour.
      ...['-reinit_filter', '0', '-threads', '1', '-copyts', '-f', 'flv'],
    ],
    complexFilter: filterGraph(options, fps, slot),
    outputs: options.ladder.map((rung, index) => ({
      target: options.intakeUrl(rung.name),
      options: [
        ...['-map', `[v${index}]`, '-an', ...codecOptions(rung, options.preset)],
        ...['-force_key_frames', keyframeExpression(slot, fps)],
        ...['-f', 'mp4', '-movflags', MOVFLAGS, '-flush_packets', '1'],
        ...[
          '-method',
          'PUT',
          '-chunked_post',
          '1',
          '-headers',
          `Authorization: Bearer ${options.intakeToken}\r\n`,
        ],
      ],
    })),
  }
}

/**
 * A constant rate, begun at an exact slot before anything is scaled or encoded: a backlog costs decoding only. A feed that
 * begins later has its first picture repeated from the slot on (`start_time`, in whole seconds so that nothing is rounded).
 * Rungs of the source's size are scaled too, which costs nothing until the next source has another size.
 */
function filterGraph({ ladder }: EncoderOptions, fps: number, slot: number): string {
  const split = ladder.map((_, index) => `[s${index}]`).join('')
  const rungs = ladder.map((rung, index) => `[s${index}]${fitInto(rung)}[v${index}]`)
  return [
    `[0:v]fps=${fps}:start_time=${Math.floor(slot / fps)},trim=start_pts=${slot},split=${ladder.length}${split}`,
    ...rungs,
  ].join(';')
}

/**
 * Any picture, whole and in its own proportions, in the middle of a rung's frame; one of nearly the rung's proportions fills it.
 * `eval=frame`: sizes are computed again when the source's change. `dar` knows of pixels that are not square.
 */
function fitInto({ width, height }: Rendition): string {
  const aspect = `${width}/${height}`
  const fills = `lt(abs(${aspect}/dar-1),${ASPECT_TOLERANCE})`
  const scaledWidth = `if(${fills},${width},max(2,2*trunc(min(${width},${height}*dar)/2)))`
  const scaledHeight = `if(${fills},${height},max(2,2*trunc(min(${height},${width}/dar)/2)))`
  const scale = `scale=w='${scaledWidth}':h='${scaledHeight}':eval=frame:flags=bilinear`
  return `${scale},pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2:eval=frame,setsar=1`
}

function codecOptions({ bitrateKbps }: Rendition, preset: Preset): string[] {
  return [
    ...[
      '-c:v',
      'libx264',
      '-preset',
      preset,
      '-tune',
      'zerolatency',
      '-profile:v',
      'main',
      '-pix_fmt',
      'yuv420p',
    ],
    ...[
      '-b:v',
      `${bitrateKbps}k`,
      '-maxrate',
      `${Math.round(bitrateKbps * 1.1)}k`,
      '-bufsize',
      `${bitrateKbps}k`,
    ],
    ...['-g', LONGEST_GOP_FRAMES, '-sc_threshold', '0'],
  ]
}

/** IDRs on the timeline's grid of segments; `t` counts from the encoder's first frame. */
function keyframeExpression(slot: number, fps: number): string {
  const phase = ((slot / fps) % SEGMENT_SECONDS) + 0.001
  return `expr:gte(t+${phase.toFixed(6)},n_forced*${SEGMENT_SECONDS})`
}
