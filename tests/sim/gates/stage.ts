/** A world in which everybody is there and has found a place. */
import type { LossPattern } from '../network/loss.ts'
import { NO_LOSS } from '../network/loss.ts'
import type { Mode } from '../viewer/player-model.ts'
import { profileOf, type Profile } from '../viewer/profile.ts'
import type { Viewer } from '../viewer/viewer.ts'
import { DEFAULT_WORLD, World, type WorldOptions } from '../world/world.ts'

export interface StageOptions extends Partial<Omit<WorldOptions, 'seed'>> {
  seed: number
  viewers: number
  profile?: (index: number, world: World) => Profile
  settleMs?: number
}

const JOIN_EVERY_MS = 100
const SETTLE_MS = 25_000
const STREAM_FIRST_MS = 10_000
/** Decent home lines, all reachable: what is tested is the cascade, not its surroundings. */
const UPLINKS_KBPS = [5000, 20_000, 8000, 10_000, 5000]

export function steadyProfile(index: number): Profile {
  return profileOf(UPLINKS_KBPS[index % UPLINKS_KBPS.length] ?? 5000)
}

export function createStage({ viewers, profile = steadyProfile, settleMs, ...options }: StageOptions): World {
  const world = new World({ ...DEFAULT_WORLD, ...options })
  world.runFor(STREAM_FIRST_MS)
  for (let index = 0; index < viewers; index += 1) {
    world.addViewer(profile(index, world))
    world.runFor(JOIN_EVERY_MS)
  }
  world.runFor(settleMs ?? SETTLE_MS)
  return world
}

export function lossOf(percent: number): LossPattern {
  return percent === 0 ? NO_LOSS : { share: percent / 100, meanBurst: 1.5 }
}

/** Viewers whose engine is pushed media by this one. */
export function childrenOf(world: World, id: string): Viewer[] {
  return [...world.viewers.values()].filter(
    (viewer) =>
      viewer.isRunning &&
      viewer.peer.facts().parents.some((parent) => parent.id === id && parent.stripes > 0),
  )
}

export function stallMsOf(world: World): number {
  let stallMs = 0
  for (const { player } of world.viewers.values()) stallMs += player.stallMs
  return stallMs
}

export const MODES: readonly Mode[] = ['continuity', 'low']
