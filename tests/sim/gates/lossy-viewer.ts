/** One viewer behind a bad line, among others who are well. */
import { round } from '../measure/distribution.ts'
import { profileOf } from '../viewer/profile.ts'
import { createStage, lossOf, MODES } from './stage.ts'
import type { Figures, GateRun, GateScale } from './gate.ts'

const VIEWERS = 20
const LOSS_PERCENT = 10
const MINUTES = 5

export function lossyViewer({ size, seed }: GateScale): GateRun {
  const figures: Figures = {}
  const details: Record<string, unknown> = {}
  for (const mode of MODES) {
    const world = createStage({ seed, viewers: VIEWERS, mode })
    const viewer = world.addViewer({ ...profileOf(5000), loss: lossOf(LOSS_PERCENT) })
    world.runFor(MINUTES * 60_000 * size)
    const { stallMs, playedMs, stalls } = viewer.player
    const share = stallMs / Math.max(1, stallMs + playedMs)
    figures[mode === 'low' ? 'stallShareLow' : 'stallShareContinuity'] = round(share, 5)
    const { live, repair } = viewer.http.bytes
    details[mode] = { stalls, stallMs: round(stallMs), cascade: viewer.cascadeBytes, live, repair }
  }
  return { figures, details }
}
