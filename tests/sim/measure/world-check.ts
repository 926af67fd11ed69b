/** Looks over the whole world, once a simulated second: graph, bounds, progress. */
import type { PeerId } from '../../../cascade/peer-id.ts'
import { MAX_QUEUED_BYTES } from '../network/association.ts'
import type { World } from '../world/world.ts'

/** HTTP always answers: a viewer that runs and gets nothing for so long has lost a way that is there. */
const PROGRESS_LIMIT_MS = 6000
const PART_MS = 250
const MAX_CHILDREN = 512

export function checkWorld(world: World): void {
  checkPlan(world)
  checkEdges(world)
  checkBounds(world)
  checkProgress(world)
}

/** Nobody is above itself in what the coordinator plans, by any parent. */
function checkPlan({ tracker, invariants }: World): void {
  const { peers } = tracker.coordinator.view()
  const cycle = findCycle(new Map(peers.map(({ id, parents }) => [id, parents.map((parent) => parent.id)])))
  invariants.holds(cycle === null, () => `a cycle in the plan: ${cycle?.join(' ')}`)
}

/** Nor in what is, by those who push the main share, as the engines tell it. */
function checkEdges({ viewers, invariants }: World): void {
  const above = new Map<PeerId, PeerId[]>()
  for (const { id, peer, isRunning } of viewers.values()) {
    const pushing = peer.facts().parents.filter(({ state, stripes }) => state === 'granted' && stripes > 0)
    if (isRunning)
      above.set(
        id,
        pushing.slice(0, 1).map((parent) => parent.id),
      )
  }
  const cycle = findCycle(above)
  invariants.holds(cycle === null, () => `a cycle among ${cycle?.join(' ')}`)
}

/** Somebody who is above itself, and who is between; null where nobody is. */
export function findCycle(above: ReadonlyMap<PeerId, readonly PeerId[]>): PeerId[] | null {
  const clean = new Set<PeerId>()
  const way: PeerId[] = []
  const visit = (id: PeerId): boolean => {
    if (clean.has(id)) return false
    const isClosed = way.includes(id)
    way.push(id)
    if (isClosed || above.get(id)?.some(visit)) return true
    way.pop()
    clean.add(id)
    return false
  }
  return [...above.keys()].some(visit) ? way : null
}

function checkBounds({ viewers, roots, invariants }: World): void {
  for (const { id, peer, profile } of viewers.values()) {
    const { children } = peer.facts()
    const limit = profile.ability.max_children
    invariants.holds(children.length <= MAX_CHILDREN, () => `${id} has ${children.length} connections`)
    const granted = children.filter(({ stripes }) => stripes > 0).length
    invariants.holds(granted <= limit, () => `${id} serves ${granted} children, at most ${limit}`)
    for (const { bufferedBytes } of children)
      invariants.holds(bufferedBytes <= MAX_QUEUED_BYTES, () => `${id} has ${bufferedBytes} bytes unsent`)
  }
  for (const { id, peer, maxChildren } of roots.values()) {
    const served = peer.facts().children.filter(({ stripes }) => stripes > 0).length
    invariants.holds(served <= maxChildren, () => `${id} serves ${served} children, at most ${maxChildren}`)
  }
}

function checkProgress({ viewers, stream, clock, invariants }: World): void {
  for (const { id, player, isRunning, joinedAtMs, runningSinceMs } of viewers.values()) {
    const behindMs = (stream.newest - player.missing) * PART_MS
    const isOld = clock.now() - Math.max(joinedAtMs, runningSinceMs) > PROGRESS_LIMIT_MS
    invariants.holds(
      !isRunning || !isOld || behindMs <= PROGRESS_LIMIT_MS,
      () => `${id} has no progress for ${behindMs} ms, with HTTP alive`,
    )
  }
}
