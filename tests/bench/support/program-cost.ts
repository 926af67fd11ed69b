/** What a program costs, in cores of the whole of Headwater, beside ffmpeg alone with the same ladder and preset. */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { measureCores, measureCoresByProgram } from '../../support/cpu.ts'
import { HeadwaterProcess } from '../../support/headwater-process.ts'
import { Publisher } from '../../support/publisher.ts'
import { median, round } from './statistics.ts'

export interface ProgramCostOptions {
  width: number
  height: number
  bitrateKbps: number
  /** Of each measurement. */
  seconds: number
  /** Headwater and ffmpeg take turns this often: the median counts. */
  rounds?: number
  env?: Record<string, string>
}

interface Rung {
  width: number
  height: number
  kbps: number
}

interface Measured {
  preset: string
  rungs: Rung[]
  cores: number
  byProgram: Record<string, number>
  warnings: string[]
}

const FPS = 30
const CLIP_SECONDS = 20
const SETTLE_MS = 4000
const AUDIO_KBPS = 128
const roomSchema = z.object({
  data: z.object({
    renditions: z.array(
      z.object({ width: z.number().nullable(), height: z.number().nullable(), bitrate_kbps: z.number() }),
    ),
    publisher: z.object({ warnings: z.array(z.object({ code: z.string() })) }),
  }),
})

export async function measureProgramCost(options: ProgramCostOptions) {
  const folder = mkdtempSync(path.join(tmpdir(), 'headwater-bench-'))
  const clip = path.join(folder, 'clip.flv')
  makeClip(clip, options)
  const ours: Measured[] = []
  const bare: number[] = []
  try {
    for (let n = 0; n < (options.rounds ?? 1); n++) {
      const measured = await measureHeadwater(clip, options)
      ours.push(measured)
      bare.push(await measureBare(clip, measured, options.seconds))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  const cores = median(ours.map((each) => each.cores))
  const bareCores = median(bare)
  return {
    preset: ours[0]?.preset ?? null,
    rungs: ours[0]?.rungs.map(({ width, height, kbps }) => `${width}x${height} ${kbps} kbit/s`),
    warnings: ours[0]?.warnings,
    cores: round(cores, 3),
    percentOfMachine: Math.round((cores / availableParallelism()) * 100),
    coresByProgram: ours.at(-1)?.byProgram,
    bareFfmpegCores: round(bareCores, 3),
    // Of turns side by side: what else runs on the machine weighs on both of one turn.
    ratioToBare: median(ours.map((each, n) => round(each.cores / (bare[n] ?? NaN), 3))),
    rounds: ours.map((each, n) => [round(each.cores, 3), round(bare[n] ?? NaN, 3)]),
  }
}

/** Moving pictures with noise, as a camera has it: what a streamer's encoder sends, without the encoder. */
function makeClip(file: string, { width, height, bitrateKbps }: ProgramCostOptions): void {
  const picture = `testsrc2=s=${width}x${height}:r=${FPS},noise=alls=12:allf=t`
  const input = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=r=48000', '-t', `${CLIP_SECONDS}`]
  const codec =
    '-c:v libx264 -preset veryfast -tune zerolatency -g 60 -sc_threshold 0 -pix_fmt yuv420p -c:a aac'
  execFileSync('ffmpeg', ['-v', 'error', ...input, ...codec.split(' '), '-b:v', `${bitrateKbps}k`, file])
}

async function measureHeadwater(clip: string, { seconds, env = {} }: ProgramCostOptions): Promise<Measured> {
  const server = await HeadwaterProcess.start({ env: { LOG_LEVEL: 'info', ...env } })
  const room = await server.createRoom('Cost')
  const paced = ['-v', 'error', '-re', '-stream_loop', '-1', '-i', clip, '-c', 'copy', '-f', 'flv']
  const publisher = new Publisher([...paced, server.publishUrl(room)])
  try {
    await server.live(room.id)
    await sleep(SETTLE_MS)
    const byProgram = await measureCoresByProgram(server.child.pid ?? 0, seconds)
    const answer = await server.api('GET', `/api/v1/live/${room.id}`)
    const { renditions, publisher: source } = roomSchema.parse(await answer.json()).data
    const preset = /"preset":"(\w+)"/.exec(server.output)?.[1]
    if (preset === undefined) throw new Error('the log does not say the preset')
    return {
      preset,
      rungs: renditions.flatMap(({ width, height, bitrate_kbps: kbps }) =>
        width === null || height === null ? [] : [{ width, height, kbps }],
      ),
      cores: Object.values(byProgram).reduce((sum, each) => sum + each, 0),
      byProgram: Object.fromEntries(Object.entries(byProgram).map(([name, each]) => [name, round(each, 3)])),
      warnings: source.warnings.map(({ code }) => code),
    }
  } finally {
    await publisher.close()
    await server.close()
  }
}

/** The same ladder by ffmpeg alone, written nowhere. */
async function measureBare(clip: string, { preset, rungs }: Measured, seconds: number): Promise<number> {
  const split = rungs.map((_, n) => `[s${n}]`).join('')
  const scale = rungs.map(({ width, height }, n) => `[s${n}]scale=${width}:${height}:flags=bilinear[v${n}]`)
  const graph = [`[0:v]fps=${FPS},split=${rungs.length}${split}`, ...scale].join(';')
  const outputs = rungs.flatMap(({ kbps }, n) => {
    const rate = ['-b:v', `${kbps}k`, '-maxrate', `${Math.round(kbps * 1.1)}k`, '-bufsize', `${kbps}k`]
    const codec = ['-c:v', 'libx264', '-preset', preset, '-tune', 'zerolatency', '-profile:v', 'main']
    return ['-map', `[v${n}]`, ...codec, ...rate, '-g', '60', '-sc_threshold', '0', '-f', 'null', '-']
  })
  const audio = ['-map', '0:a', '-c:a', 'aac', '-b:a', `${AUDIO_KBPS}k`, '-f', 'null', '-']
  const input = ['-v', 'error', '-re', '-stream_loop', '-1', '-threads', '1', '-i', clip]
  const child = spawn('ffmpeg', [...input, '-filter_complex', graph, ...outputs, ...audio], {
    stdio: ['ignore', 2, 2],
  })
  try {
    await sleep(SETTLE_MS)
    return await measureCores(child.pid ?? 0, seconds)
  } finally {
    child.kill('SIGKILL')
  }
}
