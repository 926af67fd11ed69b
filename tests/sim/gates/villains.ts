/** People who mean harm, one at the worst place or many among others. */
import { round } from '../measure/distribution.ts'
import { profileOf } from '../viewer/profile.ts'
import { tamperOf, VILLAINS } from '../viewer/villain.ts'
import type { Viewer } from '../viewer/viewer.ts'
import type { World } from '../world/world.ts'
import type { GateRun, GateScale } from './gate.ts'
import { createStage, steadyProfile } from './stage.ts'

const RUNS = 5
const BELOW = 30
const WATCH_MS = 5000
const LOOK_MS = 10
const MIXED = 60
/** Every so many viewers is a villain, by turns. */
const VILLAIN_EVERY = 6
const MIXED_MS = 180_000
const FLOOD = 100
const FLOOD_MS = 10_000

/** Two at the first level, thirty below each; one of them begins to pollute. */
export function polluter({ size, seed, say }: GateScale): GateRun {
  const cutMs: number[] = []
  const below: number[] = []
  let [proofs, rejected, left] = [0, 0, 0]
  for (let run = 0; run < Math.ceil(RUNS * size); run += 1) {
    const world = createStage({
      ...{ seed: seed + run, viewers: 2 * (BELOW + 1) + 2, roots: 1, rootChildren: 2 },
      profile: () => profileOf(20_000),
    })
    const villain = largest(world)
    below.push(descendants(world, villain.id).size)
    const children = direct(world, villain.id)
    for (const transport of villain.node.transports) transport.tamper = tamperOf('polluter', world.random)
    const still = new Set(children)
    for (let passedMs = LOOK_MS; passedMs <= WATCH_MS; passedMs += LOOK_MS) {
      world.runFor(LOOK_MS)
      for (const child of still) {
        if (child.peer.facts().parents.some(({ id }) => id === villain.id)) continue
        still.delete(child)
        cutMs.push(passedMs)
      }
    }
    left += still.size
    rejected += children.reduce((sum, { peer }) => sum + peer.facts().rejectedChunks, 0)
    proofs += world.tracker.goodProofs
    say(`run ${run + 1}`)
  }
  return {
    figures: {
      /** A part that is not the origin's ends the run, played or passed on. */
      badPlayed: 0,
      badRelayed: 0,
      below: Math.min(...below),
      cutMs: round(Math.max(0, ...cutMs)),
      notCut: left,
      proofs,
      rejectedChunks: rejected,
    },
    details: { cutMs: cutMs.map((ms) => round(ms)), below },
  }
}

/** All kinds at once, a thief of tokens, and a flood of joins by nobody who is there. */
export function mixedVillains({ size, seed }: GateScale): GateRun {
  const world = createStage({
    ...{ seed, viewers: MIXED, settleMs: 0 },
    profile: (index) => {
      const villain =
        index % VILLAIN_EVERY === 3 ? VILLAINS[Math.floor(index / VILLAIN_EVERY) % 5] : undefined
      return { ...steadyProfile(index), ...(villain && { villain }) }
    },
  })
  const thief = world.addViewer({ ...steadyProfile(0), joins: false })
  world.runFor(5000)
  steal(world, thief)
  flood(world)
  world.runFor(MIXED_MS * size)
  const all = [...world.viewers.values()].filter((viewer) => viewer !== thief)
  const honest = all.filter(({ profile }) => !profile.villain)
  const bannedHonest = honest.filter(({ id }) => world.tracker.bannedAtMs.has(id)).length
  return {
    figures: {
      badPlayed: 0,
      badRelayed: 0,
      stallFree: round(honest.filter(({ player }) => player.stalls === 0).length / honest.length, 4),
      stallMs: round(honest.reduce((sum, { player }) => sum + player.stallMs, 0)),
      bannedHonest,
      banned: world.tracker.bannedAtMs.size,
      stolenBytes: thief.cascadeBytes,
    },
    details: {
      proofs: { good: world.tracker.goodProofs, bad: world.tracker.badProofs },
      httpShare: round(shareOfHttp(honest), 4),
    },
  }
}

function steal(world: World, thief: Viewer): void {
  const [victim, ...others] = [...world.viewers.values()].filter(({ profile }) => profile.ability.relays)
  if (!victim) return
  thief.assign(
    others.slice(0, 2).map(({ id }) => ({ id, role: 'primary', stripes: 31, depth: 1, why: '' })),
    world.tracker.token(victim.id, victim.profile.ability),
  )
}

/** Names with great promises and nobody behind them, as many as a rate limit lets through. */
function flood(world: World): void {
  for (let index = 0; index < FLOOD; index += 1) {
    const id = `f${index.toString(16).padStart(15, '0')}`
    const nobody = { onParents: () => undefined, onOff: () => undefined, onCut: () => undefined }
    const { ability } = profileOf(20_000)
    world.clock.after((index * FLOOD_MS) / FLOOD, () => world.tracker.join({ id, ability, ...nobody }))
    world.clock.after(FLOOD_MS + 30_000, () => world.tracker.forget(id))
  }
}

function largest(world: World): Viewer {
  const first = [...world.viewers.values()].filter(({ peer }) => peer.facts().depth === 1)
  const [villain] = first.sort((a, b) => descendants(world, b.id).size - descendants(world, a.id).size)
  if (!villain) throw new Error('nobody is at the first level')
  return villain
}

function direct(world: World, id: string): Viewer[] {
  return [...world.viewers.values()].filter(({ peer }) =>
    peer.facts().parents.some((parent) => parent.id === id && parent.stripes > 0),
  )
}

function descendants(world: World, id: string, found = new Set<string>()): Set<string> {
  for (const child of direct(world, id)) {
    if (found.has(child.id)) continue
    found.add(child.id)
    descendants(world, child.id, found)
  }
  return found
}

function shareOfHttp(viewers: readonly Viewer[]): number {
  const http = viewers.reduce((sum, viewer) => sum + viewer.http.bytes.live + viewer.http.bytes.repair, 0)
  return http / viewers.reduce((sum, { cascadeBytes }) => sum + cascadeBytes, http)
}
