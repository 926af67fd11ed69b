/** Audio with a click at the start of every second: made as a publisher's FLV, and found again in AAC frames. */
import { spawn } from 'node:child_process'
import { FlvParser, type FlvTag } from '../../media/flv-stream.ts'

export interface ClickShape {
  sampleRate: number
  layout: 'mono' | 'stereo'
  seconds: number
}

const OUTPUT_RATE = 48_000
/** 48 kHz is the fourth of the sampling frequencies; AAC-LC; two channels (ISO/IEC 14496-3, 1.A.3.2). */
const ADTS_PREFIX = [0xff, 0xf1, 0x4c, 0x80]
const ADTS_HEADER_BYTES = 7

/** The audio tags of a publisher. Its first frame is its encoder's priming: click k lies at k seconds and one frame. */
export async function clickTags({ sampleRate, layout, seconds }: ClickShape): Promise<FlvTag[]> {
  const click = `aevalsrc='if(lt(mod(t\\,1)\\,0.02)\\,0.8*sin(2*PI*2000*t)\\,0)':s=${sampleRate}:c=${layout}:d=${seconds}`
  const codec = ['-c:a', 'aac', '-b:a', '128k', '-f', 'flv', 'pipe:1']
  const flv = await pipe(['-f', 'lavfi', '-i', click, ...codec], null)
  return new FlvParser().push(flv).filter((tag) => tag.type === 'audio')
}

/** When clicks begin, in seconds, where the first frame is frame `first` of the grid. */
export async function findClicks(frames: readonly Uint8Array[], first: number): Promise<number[]> {
  const pcm = await pipe(
    ['-f', 'aac', '-i', 'pipe:0', '-f', 's16le', '-ac', '1', '-ar', `${OUTPUT_RATE}`, 'pipe:1'],
    Buffer.concat(frames.map(toAdts)),
  )
  const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length >> 1)
  const clicks: number[] = []
  let quietSince = -Infinity
  samples.forEach((sample, index) => {
    if (Math.abs(sample) < 6000) return
    if (index - quietSince > OUTPUT_RATE / 10) clicks.push((first * 1024 + index) / OUTPUT_RATE)
    quietSince = index
  })
  return clicks
}

function toAdts(frame: Uint8Array): Buffer {
  const length = frame.length + ADTS_HEADER_BYTES
  const header = Buffer.of(...ADTS_PREFIX, length >> 3, ((length & 7) << 5) | 0x1f, 0xfc)
  header[3] = 0x80 | (length >> 11)
  return Buffer.concat([header, frame])
}

async function pipe(args: readonly string[], input: Buffer | null): Promise<Buffer> {
  const child = spawn('ffmpeg', ['-v', 'error', ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.on('error', () => {}) // its exit says more
  child.stdin.end(input)
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
