/** Much dies at once. */
import { distributionOf, round } from '../measure/distribution.ts'
import { gapOf, usualDelay } from '../measure/gaps.ts'
import type { World } from '../world/world.ts'
import { createStage } from './stage.ts'
import type { GateRun, GateScale } from './gate.ts'

export type Disaster = 'mass' | 'first-level' | 'root'

const VIEWERS = 60
const RUNS = 5
const WATCH_MS = 12_000
const WATCHED_PARTS = 40
const MASS_SHARE = 0.3
const MASS_MS = 1000

export function disaster(kind: Disaster, { size, seed, say }: GateScale): GateRun {
  const gapsMs: number[] = []
  let [stallMs, lost, killed] = [0, 0, 0]
  for (let run = 0; run < Math.ceil(RUNS * size); run += 1) {
    const world = createStage({ seed: seed + run, viewers: VIEWERS })
    const watched = [...world.viewers.values()].map((viewer) => ({
      ...{ viewer, usual: usualDelay(world, viewer), stallMs: viewer.player.stallMs },
    }))
    const from = world.stream.newest
    killed += strike(kind, world)
    world.runFor(WATCH_MS)
    for (const { viewer, usual, stallMs: before } of watched) {
      if (!viewer.isRunning) continue
      const gap = gapOf(world, viewer, [from, from + WATCHED_PARTS], usual)
      gapsMs.push(gap.worstMs)
      lost += gap.lost
      stallMs += viewer.player.stallMs - before
    }
    say(`run ${run + 1}`)
  }
  const gaps = distributionOf(gapsMs, 100)
  return {
    figures: { killed, recoveredMs: gaps.max, gapP50Ms: gaps.p50, stallMs: round(stallMs), lostParts: lost },
    details: { gaps },
  }
}

/** Tells how many died. */
function strike(kind: Disaster, world: World): number {
  if (kind === 'root') {
    const [first] = world.roots.keys()
    if (first) world.kill(first)
    return 1
  }
  const all = [...world.viewers.values()]
  const victims =
    kind === 'mass'
      ? all.filter(() => world.random.isTrue(MASS_SHARE))
      : all.filter(({ peer }) => peer.facts().depth === 1)
  for (const { id } of victims)
    world.clock.after(kind === 'mass' ? world.random.between(0, MASS_MS) : 0, () => world.kill(id))
  return victims.length
}
