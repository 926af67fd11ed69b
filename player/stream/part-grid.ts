/** Where parts begin when nothing but a playlist is known: k = floor(4·t) cuts on the track's own grid of frames. */
import { PARTS_PER_SECOND, PARTS_PER_SEGMENT } from '../../media/part.ts'
import { AUDIO_PART_TARGET_SEC, videoPartTargetSec } from '../../media/playlist/timing.ts'

export interface PartGrid {
  timescale: number
  /** first sample of running part number k, in timescale units */
  startOf: (k: number) => number
}

const AUDIO_FRAME = { timescale: 48_000, length: 1024 }
/** All rates a program can have; 24 and 60 cut alike. */
const FRAME_RATES = [30, 25, 50, 60]
const EPSILON_S = 0.0005

/** The grid that a playlist's PART-TARGET stands for. */
export function gridOfPartTarget(partTargetSec: number): PartGrid {
  if (Math.abs(partTargetSec - AUDIO_PART_TARGET_SEC) < EPSILON_S)
    return createGrid(AUDIO_FRAME.timescale, AUDIO_FRAME.length)
  const fps = FRAME_RATES.find((rate) => Math.abs(videoPartTargetSec(rate) - partTargetSec) < EPSILON_S)
  return createGrid(90_000, 90_000 / (fps ?? PARTS_PER_SECOND))
}

/** Start of a segment in seconds. */
export function segmentStartSec(grid: PartGrid, msn: number): number {
  return grid.startOf(msn * PARTS_PER_SEGMENT) / grid.timescale
}

function createGrid(timescale: number, frameLength: number): PartGrid {
  const partLength = timescale / PARTS_PER_SECOND
  return { timescale, startOf: (k) => Math.ceil((k * partLength) / frameLength) * frameLength }
}
