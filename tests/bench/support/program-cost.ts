/** What a 720p30 program costs, in cores of the whole of Headwater, beside ffmpeg alone with the same ladder. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { measureCores } from '../../support/cpu.ts'
import { HeadwaterProcess } from '../../support/headwater-process.ts'
import { Publisher } from '../../support/publisher.ts'
import { round } from './statistics.ts'

export async function measureProgramCost(seconds: number) {
  const folder = mkdtempSync(path.join(tmpdir(), 'headwater-bench-'))
  const clip = path.join(folder, 'clip.flv')
  execFileSync('ffmpeg', [
    ...[
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=s=1280x720:r=30,noise=alls=12:allf=t',
      '-f',
      'lavfi',
      '-i',
      'sine=r=48000',
      '-t',
      '20',
    ],
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-tune',
      'zerolatency',
      '-b:v',
      '3000k',
      '-g',
      '60',
      '-sc_threshold',
      '0',
    ],
    ...['-pix_fmt', 'yuv420p', '-c:a', 'aac', clip],
  ])
  const server = await HeadwaterProcess.start({ env: { LOG_LEVEL: 'info' } })
  const room = await server.createRoom('Cost')
  const publisher = new Publisher([
    '-v',
    'error',
    '-re',
    '-stream_loop',
    '-1',
    '-i',
    clip,
    '-c',
    'copy',
    '-f',
    'flv',
    server.publishUrl(room),
  ])
  await server.live(room.id)
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const cores = await measureCores(server.child.pid ?? 0, seconds)
  const preset = /"preset":"(\w+)"/.exec(server.output)?.[1] ?? null
  await publisher.close()
  await server.close()
  const bareCores = await measureBare(clip, seconds)
  rmSync(folder, { recursive: true, force: true })
  const percentOfMachine = Math.round((cores / availableParallelism()) * 100)
  return {
    preset,
    cores: round(cores, 3),
    percentOfMachine,
    bareFfmpegCores: round(bareCores, 3),
    ratioToBare: round(cores / bareCores, 3),
  }
}

/** The same ladder by ffmpeg alone, written nowhere. */
async function measureBare(clip: string, seconds: number): Promise<number> {
  const rung = (kbps: number): string[] => [
    ...[
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-tune',
      'zerolatency',
      '-profile:v',
      'main',
      '-b:v',
      `${kbps}k`,
    ],
    ...[
      '-maxrate',
      `${Math.round(kbps * 1.1)}k`,
      '-bufsize',
      `${kbps}k`,
      '-g',
      '60',
      '-sc_threshold',
      '0',
      '-f',
      'null',
      '-',
    ],
  ]
  const child = spawn('ffmpeg', [
    ...['-v', 'error', '-re', '-stream_loop', '-1', '-threads', '1', '-i', clip],
    ...['-filter_complex', '[0:v]fps=30,split=2[a][b];[b]scale=712:400:flags=bilinear[c]'],
    ...[
      '-map',
      '[a]',
      ...rung(1500),
      '-map',
      '[c]',
      ...rung(500),
      '-map',
      '0:a',
      '-c:a',
      'aac',
      '-b:a',
      '128k',
      '-f',
      'null',
      '-',
    ],
  ])
  await new Promise((resolve) => setTimeout(resolve, 3000))
  const cores = await measureCores(child.pid ?? 0, seconds)
  child.kill('SIGKILL')
  return cores
}
