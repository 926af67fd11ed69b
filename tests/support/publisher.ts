/** Publishers of known content: ffmpeg sending test pictures by RTMP, paced like a live source. */
import { spawn, type ChildProcess } from 'node:child_process'

export interface PublisherOptions {
  url: string
  size?: string
  fps?: string
  /** ffmpeg's video encoder arguments in place of the usual ones. */
  videoOptions?: readonly string[]
  audioOptions?: readonly string[]
  hasVideo?: boolean
  hasAudio?: boolean
  keyframeSeconds?: number
}

/** A white flash and a beep together at the start of every second, for measuring lip-sync. */
export const FLASH_SECONDS = 0.1

export class Publisher {
  readonly child: ChildProcess
  readonly exited: Promise<number | null>
  #output = ''

  constructor(args: readonly string[], stdin: 'ignore' | 'pipe' = 'ignore') {
    this.child = spawn('ffmpeg', args, { stdio: [stdin, 'ignore', 'pipe'] })
    this.exited = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)))
    this.child.stderr?.on('data', (chunk) => (this.#output = (this.#output + String(chunk)).slice(-4000)))
  }

  get output(): string {
    return this.#output
  }

  async close(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal)
    await this.exited
  }
}

/** H.264 that costs little. */
export const CHEAP_VIDEO: readonly string[] = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-tune', 'zerolatency'],
  ...['-pix_fmt', 'yuv420p', '-b:v', '800k'],
]

export function publishFlashes(options: PublisherOptions): Publisher {
  const { size = '640x360', fps = '30', hasVideo = true, hasAudio = true, keyframeSeconds = 2 } = options
  const frames = Math.round(Number(fps.includes('/') ? 24 : fps) * keyframeSeconds)
  const flash = `drawbox=enable='lt(mod(t\\,1)\\,${FLASH_SECONDS})':color=white:t=fill`
  const beep = `aevalsrc='if(lt(mod(t\\,1)\\,${FLASH_SECONDS})\\,0.8*sin(2*PI*1000*t)\\,0)':s=48000:c=stereo`
  const inputs = [
    ...(hasVideo ? ['-re', '-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${fps},${flash}`] : []),
    ...(hasAudio ? ['-re', '-f', 'lavfi', '-i', beep] : []),
  ]
  const video = hasVideo
    ? [
        ...(options.videoOptions ?? CHEAP_VIDEO),
        '-g',
        `${frames}`,
        '-keyint_min',
        `${frames}`,
        '-sc_threshold',
        '0',
      ]
    : []
  const audio = hasAudio ? (options.audioOptions ?? ['-c:a', 'aac', '-b:a', '128k', '-ar', '48000']) : []
  return new Publisher([
    '-hide_banner',
    '-loglevel',
    'error',
    ...inputs,
    ...video,
    ...audio,
    '-f',
    'flv',
    options.url,
  ])
}
