/** When nothing happens: no switches, nothing twice, little delay. */
import { distributionOf, median, round } from '../measure/distribution.ts'
import { usualDelay, usualOtherMs } from '../measure/gaps.ts'
import { RENDITION } from '../world/stream.ts'
import { DEFAULT_WORLD, World, type Member } from '../world/world.ts'
import { steadyProfile, createStage, lossOf } from './stage.ts'
import type { Viewer } from '../viewer/viewer.ts'
import type { GateRun, GateScale } from './gate.ts'

const VIEWERS = 30
const MINUTES = 10
const SHARE_SECONDS = 120
const CHAIN = 5

export function falseSwitches(lossPercent: number, { size, seed, say }: GateScale): GateRun {
  const world = createStage({ seed, viewers: VIEWERS, loss: lossOf(lossPercent) })
  const since = world.clock.now()
  let linkMs = 0
  for (let minute = 0; minute < Math.ceil(MINUTES * size); minute += 1) {
    for (let second = 0; second < 60; second += 1) {
      world.runFor(1000)
      for (const { peer } of world.viewers.values())
        linkMs += 1000 * peer.facts().parents.filter(({ state }) => state === 'granted').length
    }
    say(`minute ${minute + 1}`)
  }
  const viewers = [...world.viewers.values()]
  const switches = viewers
    .flatMap(({ log }) => log.switches)
    .filter(({ atMs, wasAlive }) => atMs > since && wasAlive)
  const given = viewers.flatMap(({ log }) => log.lost).filter(({ atMs }) => atMs > since)
  const hours = linkMs / 3_600_000
  return {
    figures: {
      linkHours: round(hours),
      perLinkHour: round(switches.length / hours, 2),
      givenUpPerLinkHour: round(given.length / hours, 2),
      stallMs: round(viewers.reduce((sum, { player }) => sum + player.stallMs, 0)),
    },
    details: { why: countBy(switches.map(({ why }) => why)), givenUp: countBy(given.map(({ why }) => why)) },
  }
}

export function shares({ size, seed }: GateScale): GateRun {
  const world = createStage({ seed, viewers: VIEWERS, settleMs: 60_000 })
  const before = [...world.viewers.values()].map(({ peer }) => peer.facts())
  world.runFor(SHARE_SECONDS * size * 1000)
  const after = [...world.viewers.values()].map(({ peer }) => peer.facts())
  const sum = (of: (facts: (typeof after)[number]) => number): number =>
    after.reduce((all, facts, at) => all + of(facts) - (before[at] ? of(before[at]) : 0), 0)
  const primary = sum(({ bytes }) => bytes.fromPrimary)
  const backup = sum(({ bytes }) => bytes.fromBackup)
  const seconds = SHARE_SECONDS * size * after.length
  return {
    figures: {
      backupShare: round(backup / primary, 3),
      duplicateShare: round(sum(({ bytes }) => bytes.duplicate) / (primary + backup), 4),
      nacksPerPeerSecond: round(sum(({ nacksSent }) => nacksSent) / seconds, 3),
      httpParts: sum(({ parts }) => parts.http),
    },
  }
}

/** Two chains of five side by side, each the other's backup: the deepest there may be. */
export function hops({ size, seed }: GateScale): GateRun {
  const world = new World({ ...DEFAULT_WORLD, seed })
  world.runFor(10_000)
  const [rootA, rootB] = [...world.roots.values()]
  if (!rootA || !rootB) throw new Error('two roots are needed')
  const levels: [Member, Member][] = [[rootA, rootB]]
  for (let depth = 1; depth <= CHAIN; depth += 1) {
    const above = levels[depth - 1]
    if (!above) break
    const pair = [0, 1].map(() => world.addViewer({ ...steadyProfile(1), joins: false }))
    pair.forEach((viewer, at) => hang(world, viewer, at === 0 ? above : [above[1], above[0]]))
    const [a, b] = pair
    if (a && b) levels.push([a, b])
    world.runFor(3000)
  }
  world.runFor(20_000)
  const perHop: number[] = []
  const endToEnd: number[] = []
  for (let round_ = 0; round_ < Math.ceil(20 * size); round_ += 1) {
    world.runFor(2000)
    levels.slice(1).forEach((pair, at) => perHop.push(...addedMs(world, pair[0], levels[at]?.[0])))
    const last = levels[CHAIN]?.[0]
    if (last) endToEnd.push(usualOtherMs(usualDelay(world, last)))
  }
  const added = distributionOf(perHop, 10)
  return {
    figures: { hopMedianMs: added.p50, hopP90Ms: added.p90, depth5Ms: round(median(endToEnd)) },
    details: { added, delays: levels.map(([first]) => usualDelay(world, first)) },
  }
}

function hang(world: World, viewer: Viewer, [primary, backup]: [Member, Member]): void {
  const depth = 0
  viewer.assign(
    [
      { id: primary.id, role: 'primary', stripes: 0b01111, depth, why: RENDITION },
      { id: backup.id, role: 'backup', stripes: 0b10000, depth, why: RENDITION },
    ],
    world.tracker.token(viewer.id, viewer.profile.ability),
  )
}

/** How much later the last parts were here than at the parent. */
function addedMs({ stream }: World, child: Member, parent: Member | undefined): number[] {
  const added: number[] = []
  for (let number = stream.newest - 4; number > stream.newest - 12; number -= 1) {
    const atMs = child.delays.completeAtMs(number)
    const beforeMs = parent?.delays.completeAtMs(number) ?? null
    if (atMs !== null && beforeMs !== null) added.push(atMs - beforeMs)
  }
  return added
}

function countBy(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}
