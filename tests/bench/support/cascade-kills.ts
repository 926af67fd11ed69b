/** Relays are taken out of the middle one after the other, in turn in each of the ways there are; what their children notice. */
import {
  bringBack,
  killRelay,
  KILLS,
  type ChildSeen,
  type Kill,
  type KillSeen,
} from '../../support/viewer/kill-relay.ts'
import { Bridge } from '../../support/viewer/namespace.ts'
import { Stage, type StageViewer } from '../../support/viewer/stage.ts'
import { untilSettled } from '../../support/viewer/swarm-view.ts'
import { distributionOf } from './distribution.ts'

const CAST: readonly StageViewer[] = [
  { name: 'a', mode: 'low' },
  { name: 'b', mode: 'continuity' },
  { name: 'c', mode: 'low' },
  { name: 'd', mode: 'continuity' },
  { name: 'e', mode: 'continuity' },
]
const HIDDEN = 'e'

export async function measureKills(count: number, rootChildren?: number) {
  const whyNot = Bridge.whyNot()
  if (whyNot) console.error(`SKIPPED: cutting a viewer's network (${whyNot})`)
  const kinds = KILLS.filter((kill) => kill !== 'cut' || !whyNot)
  const stage = await Stage.start({
    isApart: !whyNot,
    ...(rootChildren === undefined ? {} : { rootChildren }),
  })
  const kills: KillSeen[] = []
  let unsettled = 0
  try {
    await gather(stage)
    while (kills.length < count) {
      const kill = kinds[kills.length % kinds.length] ?? 'killed'
      const isSettled = await untilSettled(stage).then(
        () => true,
        () => false,
      )
      if (!isSettled && ++unsettled > count) throw new Error('the viewers do not settle')
      const relay = await next(stage, kill)
      if (relay) kills.push(relay)
    }
    return { ...report(kills), unsettled, skipped: whyNot }
  } finally {
    await stage.end()
  }
}

async function gather(stage: Stage): Promise<void> {
  for (const each of CAST) await stage.open(each)
  await untilSettled(stage).catch(() => undefined)
  await stage.viewers.get(HIDDEN)?.hide()
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
