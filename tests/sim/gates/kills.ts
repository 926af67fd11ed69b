/** Relays that die or leave, one after the other, and what those below them notice. */
import { distributionOf, round } from '../measure/distribution.ts'
import { gapOf, laterOf, usualDelay, type UsualDelay } from '../measure/gaps.ts'
import type { Mode } from '../viewer/player-model.ts'
import type { Viewer } from '../viewer/viewer.ts'
import type { World } from '../world/world.ts'
import type { GateRun, GateScale } from './gate.ts'
import { childrenOf, createStage, lossOf, MODES } from './stage.ts'

interface KillOptions {
  lossPercent: number
  /** Says good-bye instead. */
  isClean: boolean
}

/** What the end of one relay cost. */
interface Kill {
  mode: Mode
  /** Of each child that was pushed media by it, ms. */
  gapsMs: number[]
  /** The same beyond what is usual at its place before or after: what the change itself cost, and not the new place. */
  changesMs: number[]
  /** The same as `gapsMs` of these children over as long before it, and of peers that had nothing to do with it: what there is on any day. */
  beforeMs: number[]
  othersMs: number[]
  /** Of those who gave it up: how long after its end, ms. */
  givenUpMs: number[]
  lost: number
  stallMs: number
}

/** Somebody who lives on, before it. */
interface Watched {
  viewer: Viewer
  isChild: boolean
  usual: UsualDelay
  beforeMs: number
  stallMs: number
}

const VIEWERS = 30
const KILLS = 200
/** Something else is wrong with a part that is not here by then. */
const WATCH_MS = 5000
const WATCHED_PARTS = 12
const RECOVER_MS = 4000
/** Three of each place: what came in `RECOVER_MS` and the last of `WATCH_MS`. */
const SETTLED_PARTS = 24
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
      if (done % 25 === 24) say(`${mode}: ${done + 1} of ${each}`)
    }
  })
  return figuresOf(kills, options.isClean)
}

/**
 * The end of one relay. Another of its kind comes in its place, so that the room stays what it is: of those with children, who has a
 * fast line dies more often than others.
 */
function killOne(world: World, isClean: boolean, mode: Mode): Kill {
  const victim = chooseRelay(world)
  // Somewhere within a part, not always at its beginning.
  world.runFor(world.random.between(0, 250))
  const watched = watch(world, victim)
  const from = world.stream.newest
  const endedAtMs = world.clock.now()
  if (isClean) victim.leave()
  else world.kill(victim.id)
  world.runFor(WATCH_MS)
  const kill: Kill = {
    mode,
    gapsMs: [],
    changesMs: [],
    beforeMs: [],
    othersMs: [],
    givenUpMs: [],
    lost: 0,
    stallMs: 0,
  }
  for (const { viewer, isChild, usual, beforeMs, stallMs } of watched) {
    const { worstMs, lost } = gapOf(world, viewer, [from, from + WATCHED_PARTS], usual)
    kill.lost += lost
    kill.stallMs += viewer.player.stallMs - stallMs
    if (!isChild) {
      kill.othersMs.push(worstMs)
      continue
    }
    kill.gapsMs.push(worstMs)
    kill.beforeMs.push(beforeMs)
    const given = viewer.log.lost.find(({ parent, atMs }) => parent === victim.id && atMs >= endedAtMs)
    if (given) kill.givenUpMs.push(given.atMs - endedAtMs)
  }
  world.addViewer(victim.profile)
  world.runFor(RECOVER_MS)
  for (const { viewer, isChild, usual } of watched) {
    if (!isChild) continue
    const later = laterOf(usual, usualDelay(world, viewer, SETTLED_PARTS))
    kill.changesMs.push(gapOf(world, viewer, [from, from + WATCHED_PARTS], later).worstMs)
  }
  return kill
}

function watch(world: World, victim: Viewer): Watched[] {
  const children = new Set(childrenOf(world, victim.id))
  const until = world.stream.newest - NEWEST_PARTS
  return [...world.viewers.values()]
    .filter((viewer) => viewer !== victim)
    .map((viewer) => {
      const usual = usualDelay(world, viewer)
      const beforeMs = gapOf(world, viewer, [until - WATCHED_PARTS, until], usual).worstMs
      return { viewer, isChild: children.has(viewer), usual, beforeMs, stallMs: viewer.player.stallMs }
    })
}

/** Somebody with children, drawn by chance. */
function chooseRelay(world: World): Viewer {
  const relays = [...world.viewers.values()].filter(
    ({ id, isRunning }) => isRunning && childrenOf(world, id).length > 0,
  )
  if (relays.length === 0) throw new Error('nobody relays: a world like this tests nothing')
  return world.random.pick(relays)
}

function figuresOf(kills: readonly Kill[], isClean: boolean): GateRun {
  const all = (of: (kill: Kill) => number[]) => distributionOf(kills.flatMap(of), 50)
  const gaps = all(({ gapsMs }) => gapsMs)
  const givenUp = all(({ givenUpMs }) => givenUpMs)
  const stallOf = (mode: Mode): number =>
    round(kills.filter((kill) => kill.mode === mode).reduce((sum, { stallMs }) => sum + stallMs, 0))
  return {
    figures: {
      kills: kills.length,
      gapP50Ms: gaps.p50,
      gapP99Ms: gaps.p99,
      gapMaxMs: gaps.max,
      // Who dies is out of the game long before it is given up; who says good-bye is given up at once.
      ...(isClean && { handOverP99Ms: givenUp.p99 }),
      lateParts: kills.flatMap(({ gapsMs }) => gapsMs).filter((gap) => gap > LATE_MS).length,
      lostParts: kills.reduce((sum, { lost }) => sum + lost, 0),
      stallContinuityMs: stallOf('continuity'),
      stallLowMs: stallOf('low'),
    },
    details: {
      gaps,
      changes: all(({ changesMs }) => changesMs),
      before: all(({ beforeMs }) => beforeMs),
      others: all(({ othersMs }) => othersMs),
      givenUp,
    },
  }
}
