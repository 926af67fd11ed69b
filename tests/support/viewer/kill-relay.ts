/** Takes the viewer out of the middle that carries most for others, in one of four ways, and sees what its children notice. */
import { eventually } from '../eventually.ts'
import { latenessIn, type Lateness } from './lateness.ts'
import type { Stage } from './stage.ts'
import { busiestRelay, childrenOf, lookAround, type SeenViewer } from './swarm-view.ts'
import type { Viewer } from './viewer.ts'

export const KILLS = ['killed', 'closed', 'stopped', 'cut'] as const
/** Its renderer killed, its tab closed, its renderer stopped, its network cut. */
export type Kill = (typeof KILLS)[number]

export interface ChildSeen extends Lateness {
  name: string
  mode: Viewer['mode']
  isHidden: boolean
  /** stripes that the relay pushed to it */
  stripes: number
  role: 'primary' | 'backup'
  /** with the relay */
  parents: number
  /** null: hidden, nothing is drawn */
  stallMs: number | null
  /** over as long a time before */
  stallBeforeMs: number | null
  /** the same over as long a time before, in which nobody was killed */
  before: Lateness
  /** until others brought what was the relay's; null: nothing of it was noticed */
  switchedMs: number | null
  /** until its engine had a link to another parent; null: none came, or none was needed */
  newParentMs: number | null
  /** parents given up since */
  gaveUp: { why: string; ms: number }[]
  /** largest in `window.headwater.stats().switches` since */
  switchGapMs: number | null
}

export interface KillSeen {
  kill: Kill
  relay: string
  children: ChildSeen[]
}

const WATCHED_MS = 6000
/** Parts that were on their way count, too. */
const LEAD_MS = 500
const JUDGED_MS = 4000

/** Undefined where nobody hangs below a viewer. */
export async function killRelay(stage: Stage, kill: Kill): Promise<KillSeen | undefined> {
  const stallsMs = new Map((await lookAround(stage)).map(({ viewer, stats }) => [viewer, stats.stallMs]))
  await new Promise((resolve) => setTimeout(resolve, WATCHED_MS))
  const all = await lookAround(stage)
  const relay = busiestRelay(all)
  if (!relay) return undefined
  const children = childrenOf(relay, all).map((child) => ({
    ...child,
    stallBeforeMs: child.stats.stallMs - (stallsMs.get(child.viewer) ?? child.stats.stallMs),
  }))
  const atMs = Date.now()
  await act(stage, relay.viewer, kill)
  await new Promise((resolve) => setTimeout(resolve, WATCHED_MS))
  const seen = await Promise.all(children.map((child) => look(stage, child, relay, atMs)))
  await stage.close(relay.viewer)
  return { kill, relay: relay.viewer.name, children: seen }
}

/** Another one comes in the place of whoever was killed. */
export async function bringBack(stage: Stage, relay: Viewer): Promise<void> {
  const viewer = await stage.open({ name: relay.name, mode: relay.mode })
  await eventually(async () => (await viewer.stats())?.peerId !== null, 30_000)
  if (relay.isHidden) await viewer.hide()
}

async function act(stage: Stage, viewer: Viewer, kill: Kill): Promise<void> {
  const { tab } = viewer
  if (kill === 'killed') tab.signal('SIGKILL')
  else if (kill === 'stopped') tab.signal('SIGSTOP')
  else if (kill === 'closed') await tab.closeTab()
  else stage.cut(viewer)
}

interface Child extends SeenViewer {
  stallBeforeMs: number
}

async function look(stage: Stage, child: Child, relay: SeenViewer, atMs: number): Promise<ChildSeen> {
  const { viewer, stats: before } = child
  const [after, reading] = [await viewer.stats(), await viewer.meter()]
  const parent = before.parents.find(({ id }) => id === relay.stats.peerId)
  const judge = (fromMs: number, toMs: number): Lateness =>
    latenessIn({ fromMs, toMs }, reading, stage.rendition, stage.clock.availableAtMs)
  const gaps = after?.switches.filter((change) => change.at >= atMs && change.from === parent?.id) ?? []
  return {
    name: viewer.name,
    mode: viewer.mode,
    isHidden: viewer.isHidden,
    stripes: parent?.stripes ?? 0,
    role: parent?.role ?? 'backup',
    parents: before.parents.length,
    ...judge(atMs - LEAD_MS, atMs + JUDGED_MS),
    before: judge(atMs - LEAD_MS - JUDGED_MS, atMs - LEAD_MS),
    stallMs: viewer.isHidden ? null : (after?.stallMs ?? 0) - before.stallMs,
    stallBeforeMs: viewer.isHidden ? null : child.stallBeforeMs,
    switchedMs: firstSince(
      reading.switches.map((change) => ({ atMs: change.atMs, parent: change.from })),
      atMs,
      parent?.id,
    ),
    newParentMs: firstSince(reading.found, atMs),
    gaveUp: reading.lost
      .filter((each) => each.atMs >= atMs)
      .map((each) => ({ why: each.why, ms: each.atMs - atMs })),
    switchGapMs: gaps.length > 0 ? Math.max(...gaps.map(({ gapMs }) => gapMs)) : null,
  }
}

function firstSince(
  events: readonly { atMs: number; parent: string }[],
  sinceMs: number,
  parent?: string,
): number | null {
  const times = events
    .filter((event) => event.atMs >= sinceMs && (parent === undefined || event.parent === parent))
    .map((event) => event.atMs - sinceMs)
  return times.length > 0 ? Math.min(...times) : null
}
