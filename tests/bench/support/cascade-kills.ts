/** Relays are taken out of the middle one after the other, in turn in each of the ways there are; what their children notice. */
import {
  bringBack,
  killRelay,
  KILLS,
  type ChildSeen,
  type Kill,
  type KillSeen,
} from '../../support/viewer/kill-relay.ts'
import type { PathQuality } from '../../support/viewer/long-cable.ts'
import { Stage, type StageViewer } from '../../support/viewer/stage.ts'
import { lookAround, roundTripsIn, untilSettled, type SeenViewer } from '../../support/viewer/swarm-view.ts'
import type { Viewer } from '../../support/viewer/viewer.ts'
import { distributionOf } from './distribution.ts'
import { spreadOf } from './statistics.ts'

/** With fewer, who is left is needed. */
const HIDES_FROM = 4

export interface KillOptions {
  count: number
  viewers: number
  apart: PathQuality | null
  rootChildren?: number
  /** all of them, or one after the other */
  mode?: Viewer['mode']
}

export async function measureKills(options: KillOptions) {
  const { count, apart, rootChildren } = options
  const kinds = KILLS.filter((kill) => kill !== 'cut' || apart !== null)
  const stage = await Stage.start({ apart, ...(rootChildren === undefined ? {} : { rootChildren }) })
  const kills: KillSeen[] = []
  const roundTrips: number[] = []
  let unsettled = 0
  try {
    await gather(stage, castOf(options))
    while (kills.length < count) {
      const kill = kinds[kills.length % kinds.length] ?? 'killed'
      const isSettled = await untilSettled(stage).then(
        () => true,
        () => false,
      )
      const all = await lookAround(stage)
      if (!isSettled) console.error(`NOT SETTLED: ${all.map(tellPlace).join(', ')}`)
      if (!isSettled && ++unsettled > count) throw new Error('the viewers do not settle')
      roundTrips.push(...roundTripsIn(all))
      const relay = await next(stage, kill)
      if (relay) kills.push(relay)
    }
    return { ...report(kills), viewers: options.viewers, roundTripMs: spreadOf(roundTrips), unsettled }
  } finally {
    await stage.end()
  }
}

/** In both modes unless told; the last one is to be hidden. */
function castOf({ viewers, mode }: KillOptions): StageViewer[] {
  return Array.from({ length: viewers }, (_, index) => ({
    name: String.fromCharCode('a'.charCodeAt(0) + index),
    mode: mode ?? (index % 2 === 0 && index < viewers - 1 ? 'low' : 'continuity'),
  }))
}

async function gather(stage: Stage, cast: readonly StageViewer[]): Promise<void> {
  for (const each of cast) await stage.open(each)
  await untilSettled(stage).catch(() => undefined)
  if (cast.length >= HIDES_FROM) await stage.viewers.get(cast.at(-1)?.name ?? '')?.hide()
}

function tellPlace({ viewer, stats: { pipe, depth, parents, stallMs } }: SeenViewer): string {
  return `${viewer.name} by ${pipe} at depth ${depth} below ${parents.length}, stalled ${stallMs} ms`
}

async function next(stage: Stage, kill: Kill): Promise<KillSeen | undefined> {
  const before = [...stage.viewers.values()]
  const seen = await killRelay(stage, kill)
  const relay = before.find(({ name }) => name === seen?.relay)
  if (relay) await bringBack(stage, relay)
  if (seen) console.error(JSON.stringify(seen))
  return seen
}

function report(kills: readonly KillSeen[]) {
  const children = kills.flatMap((each) => each.children.map((child) => ({ ...child, kill: each.kill })))
  const byKill = Object.fromEntries(
    KILLS.map((kill) => [kill, summarise(children.filter((child) => child.kill === kill))]),
  )
  const withSecond = children.filter(({ parents }) => parents > 1)
  return { kills: kills.length, withSecondParent: summarise(withSecond), all: summarise(children), byKill }
}

function summarise(children: readonly ChildSeen[]) {
  const stalls = (mode: ChildSeen['mode']) => {
    const seen = children.filter((child) => child.mode === mode && child.stallMs !== null)
    const over = (pick: (child: ChildSeen) => number | null): number[] =>
      seen.flatMap((child) => pick(child) ?? []).filter((ms) => ms > 0)
    return {
      children: seen.length,
      after: over(({ stallMs }) => stallMs),
      before: over(({ stallBeforeMs }) => stallBeforeMs),
    }
  }
  const known = (pick: (child: ChildSeen) => number | null): number[] =>
    children.flatMap((child) => pick(child) ?? [])
  return {
    children: children.length,
    gapMs: distributionOf(children.map(({ gapMs }) => gapMs)),
    /** the same with nobody killed: what the machine does by itself */
    gapBeforeMs: distributionOf(children.map(({ before }) => before.gapMs)),
    switchGapMs: distributionOf(known(({ switchGapMs }) => switchGapMs)),
    switchedMs: distributionOf(known(({ switchedMs }) => switchedMs)),
    newParentMs: distributionOf(known(({ newParentMs }) => newParentMs)),
    parts: children.reduce((sum, { parts }) => sum + parts, 0),
    partsLost: children.reduce((sum, { lost }) => sum + lost, 0),
    partsOverHttp: children.reduce((sum, { overHttp }) => sum + overHttp, 0),
    /** those that stalled, and as many as stalled in as long a time before */
    stallMs: { low: stalls('low'), continuity: stalls('continuity') },
  }
}
