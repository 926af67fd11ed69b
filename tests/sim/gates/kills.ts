/** Relays that die or leave, one after the other, and what those below them notice. */
import { distributionOf, round } from '../measure/distribution.ts'
import { gapOf, usualDelay, type Gap } from '../measure/gaps.ts'
import type { Mode } from '../viewer/player-model.ts'
import type { Viewer } from '../viewer/viewer.ts'
import type { World } from '../world/world.ts'
import type { GateRun, GateScale } from './gate.ts'
import { childrenOf, createStage, lossOf, MODES, steadyProfile } from './stage.ts'

interface KillOptions {
  lossPercent: number
  /** Says good-bye instead. */
  isClean: boolean
}

interface Kill {
  /** Of each child that was pushed media by it, ms. */
  gapsMs: number[]
  /** The same of these children over as long before it, and of peers that had nothing to do with it: what there is on any day. */
  beforeMs: number[]
  othersMs: number[]
  lost: number
  stallMs: number
  mode: Mode
}

const VIEWERS = 30
const KILLS = 200
/** Something else is wrong with a part that is not here by then. */
const WATCH_MS = 5000
const WATCHED_PARTS = 12
const RECOVER_MS = 4000
const LATE_MS = 250
/** These may be on their way. */
const NEWEST_PARTS = 2

export function relayDeaths(options: KillOptions, { size, seed, say }: GateScale): GateRun {
  const kills: Kill[] = []
  const each = Math.ceil((KILLS * size) / MODES.length)
  MODES.forEach((mode, index) => {
    const loss = lossOf(options.lossPercent)
    const world = createStage({ seed: seed + index, viewers: VIEWERS, mode, loss })
    for (let done = 0; done < each; done += 1) {
      kills.push(killOne(world, options.isClean, mode))
      world.addViewer(steadyProfile(done))
      world.runFor(RECOVER_MS)
      if (done % 25 === 24) say(`${mode}: ${done + 1} of ${each}`)
    }
  })
  return figuresOf(kills)
}

function killOne(world: World, isClean: boolean, mode: Mode): Kill {
  const victim = chooseRelay(world)
  const children = new Set(childrenOf(world, victim.id))
  // Somewhere within a part, not always at its beginning.
  world.runFor(world.random.between(0, 250))
  const from = world.stream.newest
  const until = from - NEWEST_PARTS
  const watched = [...world.viewers.values()]
    .filter((viewer) => viewer !== victim)
    .map((viewer) => {
      const usual = usualDelay(world, viewer)
      const beforeMs = gapOf(world, viewer, [until - WATCHED_PARTS, until], usual).worstMs
      return { viewer, usual, beforeMs, stallMs: viewer.player.stallMs }
    })
  if (isClean) victim.leave()
  else world.kill(victim.id)
  world.runFor(WATCH_MS)
  const kill: Kill = { gapsMs: [], beforeMs: [], othersMs: [], lost: 0, stallMs: 0, mode }
  for (const { viewer, usual, beforeMs, stallMs } of watched) {
    const gap: Gap = gapOf(world, viewer, [from, from + WATCHED_PARTS], usual)
    if (children.has(viewer)) {
      kill.gapsMs.push(gap.worstMs)
      kill.beforeMs.push(beforeMs)
    } else kill.othersMs.push(gap.worstMs)
    kill.lost += gap.lost
    kill.stallMs += viewer.player.stallMs - stallMs
  }
  return kill
}

/** Somebody with children, drawn by chance. */
function chooseRelay(world: World): Viewer {
  const relays = [...world.viewers.values()].filter(
    ({ id, isRunning }) => isRunning && childrenOf(world, id).length > 0,
  )
  if (relays.length === 0) throw new Error('nobody relays: a world like this tests nothing')
  return world.random.pick(relays)
}

function figuresOf(kills: readonly Kill[]): GateRun {
  const gapsMs = kills.flatMap((kill) => kill.gapsMs)
  const gaps = distributionOf(gapsMs, 50)
  const stallOf = (mode: Mode): number =>
    round(kills.filter((kill) => kill.mode === mode).reduce((sum, { stallMs }) => sum + stallMs, 0))
  return {
    figures: {
      kills: kills.length,
      gapP50Ms: gaps.p50,
      gapP99Ms: gaps.p99,
      gapMaxMs: gaps.max,
      lateParts: gapsMs.filter((gap) => gap > LATE_MS).length,
      lostParts: kills.reduce((sum, { lost }) => sum + lost, 0),
      stallContinuityMs: stallOf('continuity'),
      stallLowMs: stallOf('low'),
    },
    details: {
      gaps,
      before: distributionOf(
        kills.flatMap(({ beforeMs }) => beforeMs),
        50,
      ),
      others: distributionOf(
        kills.flatMap(({ othersMs }) => othersMs),
        50,
      ),
    },
  }
}
