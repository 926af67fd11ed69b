/** Sends what a shape describes: by ffmpeg as it goes, or by hand, tag by tag, where no encoder would send it so. */
import { spawn } from 'node:child_process'
import { FlvParser, type FlvTag } from '../../media/flv-stream.ts'
import { FLASH_SECONDS, Publisher } from './publisher.ts'
import { RtmpClient } from './rtmp-client.ts'
import { periodOf, type Shape, type TimedTag } from './shapes.ts'

export interface ShapePublisher {
  close(): Promise<void>
}

export interface PublishTarget {
  port: number
  key: string
  /** Of what is sent by hand; ffmpeg goes on until it is ended. */
  seconds: number
}

const PACE_MS = 10

export async function publishShape(
  shape: Shape,
  { port, key, seconds }: PublishTarget,
): Promise<ShapePublisher> {
  if (!shape.rearrange)
    return new Publisher([
      ...shapeArguments(shape, true),
      '-f',
      'flv',
      `rtmp://127.0.0.1:${port}/live/${key}`,
    ])
  const made = await collect([...shapeArguments(shape, false), '-t', String(seconds), '-f', 'flv', 'pipe:1'])
  const client = await RtmpClient.publisher(port, key)
  return sendInTime(client, shape.rearrange(new FlvParser().push(made)))
}

/** A white flash and a beep together, once a second or so, on the frame that begins then. */
function shapeArguments(shape: Shape, isPaced: boolean): string[] {
  const pace = isPaced ? ['-readrate', String(shape.speed ?? 1)] : []
  const inputs = [videoInput(shape), audioInput(shape)].filter((input) => input !== null)
  const maps = inputs.map((_, index) => ['-map', String(index)])
  if (shape.audioFirst) maps.reverse()
  return [
    ...['-hide_banner', '-loglevel', 'error'],
    ...inputs.flatMap((input) => [...pace, '-f', 'lavfi', '-i', input]),
    ...maps.flat(),
    ...videoCodec(shape),
    ...(shape.audio ? ['-c:a', ...(shape.audio.encoder ?? ['aac']), '-b:a', '96k'] : []),
  ]
}

function videoInput({ video }: Shape): string | null {
  if (!video) return null
  const { size, fps, rate, flashEveryFrames, filter } = video
  const flash = `lt(mod(n\\,${flashEveryFrames})\\,${Math.round(FLASH_SECONDS * rate)})`
  const picture = `testsrc2=s=${size}:r=${fps},drawbox=enable='${flash}':color=white:t=fill`
  return filter ? `${picture},${filter}` : picture
}

function audioInput(shape: Shape): string | null {
  if (!shape.audio) return null
  const { sampleRate, layout } = shape.audio
  const tone = `if(lt(mod(t\\,${periodOf(shape)})\\,${FLASH_SECONDS})\\,0.8*sin(2*PI*1000*t)\\,0)`
  return `aevalsrc='${tone}':s=${sampleRate}:c=${layout}`
}

function videoCodec({ video }: Shape): string[] {
  if (!video) return []
  const frames = String(Math.round(video.rate * (video.keyframeSeconds ?? 2)))
  const plain = ['-preset', 'ultrafast', '-tune', 'zerolatency', '-pix_fmt', 'yuv420p']
  return [
    ...['-c:v', 'libx264', ...(video.encoder ?? plain), '-b:v', '400k', '-threads', '1', '-fps_mode', 'vfr'],
    ...['-g', frames, '-keyint_min', frames, '-sc_threshold', '0'],
  ]
}

function sendInTime(client: RtmpClient, tags: readonly TimedTag[]): ShapePublisher {
  const startedAtMs = performance.now() - (tags[0]?.atMs ?? 0)
  let at = 0
  const timer = setInterval(() => {
    const nowMs = performance.now() - startedAtMs
    for (let next = tags[at]; next && next.atMs <= nowMs; next = tags[++at]) client.media(next.tag)
  }, PACE_MS)
  return {
    async close() {
      clearInterval(timer)
      client.end()
      await client.closed()
    },
  }
}

async function collect(args: readonly string[]): Promise<Buffer> {
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

/** HEVC as Enhanced RTMP has it (isExHeader, FourCC `hvc1`), or as some encoders did before (CodecID 12). */
export function hevcTags(kind: 'enhanced' | 'codec id 12'): FlvTag[] {
  const [header, frame] =
    kind === 'enhanced'
      ? [Uint8Array.of(0x90, ...FOUR_CC, 1, 0x01), Uint8Array.of(0x91, ...FOUR_CC, 0, 0, 0, 0, 0, 0, 1, 0x26)]
      : [Uint8Array.of(0x1c, 0, 0, 0, 0, 1, 0x01), Uint8Array.of(0x1c, 1, 0, 0, 0, 0, 0, 0, 1, 0x26)]
  return [header, frame].map((data) => ({ type: 'video', timestampMs: 0, data }))
}

const FOUR_CC = Buffer.from('hvc1')
