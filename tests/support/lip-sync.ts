/** Measures lip-sync: when the flashes are seen and the beeps are heard, in the media times a player would show them at. */
import { spawn } from 'node:child_process'

const MEASURED_SECONDS = 10
const READ_TRACK = [
  '-hide_banner',
  '-loglevel',
  'info',
  '-nostats',
  '-threads',
  '1',
  '-copyts',
  '-i',
  'pipe:0',
]

export interface LipSync {
  /** Of the flash, in seconds of the program. */
  atSec: number
  /** Beep minus flash. */
  offsetMs: number
}

/** Beep minus flash in ms, one a second, out of the lowest rung and the audio of a live room. */
export async function measureLipSync(url: string, roomId: string): Promise<number[]> {
  const input = `${url}/live/${roomId}/master.m3u8`
  const lines = await run([
    ...[
      '-hide_banner',
      '-loglevel',
      'info',
      '-live_start_index',
      '-3',
      '-t',
      `${MEASURED_SECONDS}`,
      '-i',
      input,
      '-copyts',
    ],
    ...[
      '-filter_complex',
      '[0:v:0]signalstats,metadata=print:key=lavfi.signalstats.YAVG[v];[0:a:0]silencedetect=n=-30dB:d=0.3[a]',
    ],
    ...['-map', '[v]', '-map', '[a]', '-f', 'null', '-'],
  ])
  return pairUp(findFlashes(lines), findBeeps(lines)).map(({ offsetMs }) => offsetMs)
}

/** When flashes begin in the bytes of a video track, init segment first, in seconds of the program. */
export async function findFlashesIn(track: Uint8Array): Promise<number[]> {
  const luma = 'signalstats,metadata=print:key=lavfi.signalstats.YAVG'
  return findFlashes(await run([...READ_TRACK, '-vf', luma, '-f', 'null', '-'], track))
}

/** When beeps begin in the bytes of an audio track. */
export async function findBeepsIn(track: Uint8Array): Promise<number[]> {
  return findBeeps(
    await run([...READ_TRACK, '-af', 'silencedetect=n=-30dB:d=0.05', '-f', 'null', '-'], track),
  )
}

/** Start of each run of bright frames. */
function findFlashes(lines: readonly string[]): number[] {
  const flashes: number[] = []
  let time = 0
  let wasBright = true
  for (const line of lines) {
    const at = /pts_time:([\d.]+)/.exec(line)
    if (at) time = Number(at[1])
    const luma = /YAVG=([\d.]+)/.exec(line)
    if (!luma) continue
    const isBright = Number(luma[1]) > 200
    if (isBright && !wasBright) flashes.push(time)
    wasBright = isBright
  }
  return flashes
}

function findBeeps(lines: readonly string[]): number[] {
  return lines.flatMap((line) => {
    const end = /silence_end: ([\d.]+)/.exec(line)
    return end ? [Number(end[1])] : []
  })
}

/** Every flash that has a beep: the nearest, as a source that was cut back has two of them close together. */
export function pairUp(flashes: readonly number[], beeps: readonly number[]): LipSync[] {
  return flashes.flatMap((flash) => {
    const [beep] = beeps
      .filter((each) => Math.abs(each - flash) < 0.45)
      .sort((a, b) => Math.abs(a - flash) - Math.abs(b - flash))
    return beep === undefined ? [] : [{ atSec: flash, offsetMs: (beep - flash) * 1000 }]
  })
}

function run(args: readonly string[], input?: Uint8Array): Promise<string[]> {
  return new Promise((resolve) => {
    const child = spawn('ffmpeg', args, { stdio: [input ? 'pipe' : 'ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr?.on('data', (chunk) => (text += String(chunk)))
    child.stdin?.on('error', () => {}) // what it has printed says more
    child.stdin?.end(input)
    child.once('close', () => resolve(text.split(/[\r\n]+/)))
  })
}
