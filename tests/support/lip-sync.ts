/** Measures lip-sync: when the flashes are seen and the beeps are heard, in the media times a player would show them at. */
import { spawn } from 'node:child_process'

const MEASURED_SECONDS = 10

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
  return pair(findFlashes(lines), findBeeps(lines))
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

function pair(flashes: readonly number[], beeps: readonly number[]): number[] {
  return flashes.flatMap((flash) => {
    const beep = beeps.find((each) => Math.abs(each - flash) < 0.45)
    return beep === undefined ? [] : [(beep - flash) * 1000]
  })
}

function run(args: readonly string[]): Promise<string[]> {
  return new Promise((resolve) => {
    const child = spawn('ffmpeg', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let text = ''
    child.stderr.on('data', (chunk) => (text += String(chunk)))
    child.once('exit', () => resolve(text.split(/[\r\n]+/)))
  })
}
