/** Who hangs below whom, by what the viewers say themselves. */
import { eventually } from '../eventually.ts'
import type { Stage } from './stage.ts'
import type { Stats, Viewer } from './viewer.ts'

export interface SeenViewer {
  viewer: Viewer
  stats: Stats
}

const SETTLE_LIMIT_MS = 60_000
/** What is usual shows only behind the joining. */
const SETTLED_MS = 3000
const SECOND_PARENT_LIMIT_MS = 25_000

/** Those that answer, with what they say. */
export async function lookAround(stage: Stage): Promise<SeenViewer[]> {
  const seen = await Promise.all(
    [...stage.viewers.values()].map(async (viewer) => ({
      viewer,
      stats: await viewer.stats().catch(() => null),
    })),
  )
  return seen.flatMap(({ viewer, stats }) => (stats ? [{ viewer, stats }] : []))
}

/** Viewers whose stream comes, wholly or in part, from this one. */
export function childrenOf(relay: SeenViewer, all: readonly SeenViewer[]): SeenViewer[] {
  const { peerId } = relay.stats
  return all.filter(({ stats }) => stats.parents.some(({ id, stripes }) => id === peerId && stripes > 0))
}

/** Round trips of the links between viewers and their parents, as they measure them. */
export function roundTripsIn(all: readonly SeenViewer[]): number[] {
  return all.flatMap(({ stats }) => stats.parents.flatMap(({ rttMs }) => rttMs ?? []))
}

/** The viewer that carries most for others; undefined where nobody hangs below a viewer. */
export function busiestRelay(all: readonly SeenViewer[]): SeenViewer | undefined {
  const carried = (relay: SeenViewer): number =>
    all
      .flatMap(({ stats }) => stats.parents)
      .filter(({ id }) => id === relay.stats.peerId)
      .reduce((sum, { stripes }) => sum + bits(stripes), 0)
  const [busiest] = all.toSorted((a, b) => carried(b) - carried(a))
  return busiest && carried(busiest) > 0 ? busiest : undefined
}

/**
 * Resolves when every viewer has had all it loads from peers for a while, some viewer carries for another, and whoever hangs below a
 * viewer has a second parent; without the second parents where they take too long.
 */
export async function untilSettled(stage: Stage, limitMs = SETTLE_LIMIT_MS): Promise<SeenViewer[]> {
  let all: SeenViewer[] = []
  const begunMs = Date.now()
  let sinceMs = Infinity
  await eventually(async () => {
    await new Promise((resolve) => setTimeout(resolve, 250))
    all = await lookAround(stage)
    const isLong = Date.now() - begunMs > SECOND_PARENT_LIMIT_MS
    const isFed = all.length === stage.viewers.size && all.every((seen) => isWell(seen, isLong))
    const isSettled = isFed && busiestRelay(all) !== undefined
    sinceMs = isSettled ? Math.min(sinceMs, Date.now()) : Infinity
    return Date.now() - sinceMs > SETTLED_MS
  }, limitMs)
  return all
}

function isWell({ stats }: SeenViewer, isOneEnough: boolean): boolean {
  const { pipe, depth, parents } = stats
  const needed = isOneEnough || (depth ?? 0) < 2 ? 1 : 2
  return pipe === 'cascade' && parents.length >= needed
}

function bits(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length
}
