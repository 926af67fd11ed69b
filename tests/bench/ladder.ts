/**
 * What a 1080p30 program with its 720p, 400p and audio costs: the whole of Headwater beside ffmpeg alone with the same ladder
 * and preset, in turns. `npm run bench -- ladder [--short]`; JSON on standard output.
 */
import { availableParallelism, loadavg } from 'node:os'
import { measureProgramCost } from './support/program-cost.ts'

const isShort = process.argv.includes('--short')

/** Of the last minute before: well below the number of cores, or the figures say nothing. */
const loadBefore = loadavg()[0]
const ladder = await measureProgramCost({
  width: 1920,
  height: 1080,
  bitrateKbps: 6000,
  seconds: isShort ? 10 : 30,
  rounds: isShort ? 1 : 3,
})
const machine = { cores: availableParallelism(), node: process.version }
console.log(JSON.stringify({ benchmark: 'ladder', machine, loadBefore, ladder }, null, 2))
