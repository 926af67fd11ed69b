/** A picture that says which frame it is: a number in black and white blocks along its top, readable after encoding and scaling. */
import { spawn } from 'node:child_process'
import { CHEAP_VIDEO, Publisher } from './publisher.ts'

export interface CounterPublisherOptions {
  url: string
  size?: string
  fps?: number
  /** Of the source; the default is x264's fastest. */
  videoOptions?: readonly string[]
  audioOptions?: readonly string[]
  keyframeSeconds?: number
}

export const COUNTER_BITS = 16
const PIXELS_PER_BIT = 8

/** Publishes frames 0, 1, 2, … paced like a live source, with a tone. */
export function publishCounter(options: CounterPublisherOptions): Publisher {
  const { size = '640x360', fps = 30, keyframeSeconds = 2 } = options
  const blocks = Array.from({ length: COUNTER_BITS }, (_, bit) => {
    const place = `x=iw*${bit}/${COUNTER_BITS}:y=0:w=iw/${COUNTER_BITS}:h=iw/${COUNTER_BITS}`
    return `drawbox=${place}:color=white:t=fill:enable='mod(floor(n/${2 ** bit})\\,2)'`
  })
  const floor = `drawbox=x=0:y=0:w=iw:h=iw/${COUNTER_BITS}:color=black:t=fill`
  const picture = [`testsrc2=s=${size}:r=${fps}`, floor, ...blocks].join(',')
  const frames = String(Math.round(fps * keyframeSeconds))
  return new Publisher([
    ...['-hide_banner', '-loglevel', 'error', '-re', '-f', 'lavfi', '-i', picture],
    ...['-re', '-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'],
    ...CHEAP_VIDEO,
    ...(options.videoOptions ?? []),
    ...['-g', frames, '-keyint_min', frames, '-sc_threshold', '0'],
    ...(options.audioOptions ?? ['-c:a', 'aac', '-b:a', '96k']),
    ...['-f', 'flv', options.url],
  ])
}

export interface ReadFrames {
  counters: number[]
  /** What ffmpeg had to say while it decoded. */
  complaints: string
}

/** The numbers of all frames in the bytes of a video track, init segment first. */
export async function readCounters(track: Uint8Array): Promise<ReadFrames> {
  const width = COUNTER_BITS * PIXELS_PER_BIT
  const strip = `crop=iw:iw/${COUNTER_BITS}:0:0,scale=${width}:1:flags=area,format=gray`
  const input = ['-hide_banner', '-v', 'warning', '-threads', '1', '-i', 'pipe:0']
  const child = spawn('ffmpeg', [
    ...input,
    ...['-vf', strip, '-fps_mode', 'passthrough', '-f', 'rawvideo', 'pipe:1'],
  ])
  const rows: Buffer[] = []
  let complaints = ''
  child.stdout.on('data', (chunk: Buffer) => rows.push(chunk))
  child.stderr.on('data', (chunk) => (complaints += String(chunk)))
  child.stdin.on('error', () => {})
  child.stdin.end(track)
  await new Promise((resolve) => child.once('close', resolve))
  const pixels = Buffer.concat(rows)
  const counters = Array.from({ length: pixels.length / width }, (_, frame) => {
    let counter = 0
    for (let bit = 0; bit < COUNTER_BITS; bit++) {
      const isSet = (pixels[frame * width + (bit + 0.5) * PIXELS_PER_BIT] ?? 0) > 128
      if (isSet) counter += 2 ** bit
    }
    return counter
  })
  return { counters, complaints }
}
