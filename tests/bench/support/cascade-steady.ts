/** Viewers who share undisturbed: how much of it they have from each other, by whom, and what comes twice. */
import { Stage, type StageViewer } from '../../support/viewer/stage.ts'
import { lookAround, roundTripsIn, untilSettled } from '../../support/viewer/swarm-view.ts'
import type { Viewer } from '../../support/viewer/viewer.ts'
import type { Surroundings } from './cascade-surroundings.ts'
import { round, spreadOf } from './statistics.ts'

interface Counts {
  primary: number
  backup: number
  duplicate: number
  /** over HTTP */
  http: number
  /** to other viewers */
  sent: number
  stallMs: number
}

const SETTLE_MS = 20_000
const MODES = ['low', 'continuity'] as const

export interface SteadyOptions extends Pick<Surroundings, 'apart'> {
  viewers: number
  seconds: number
}

export async function measureSteady({ viewers: count, seconds, apart }: SteadyOptions) {
  const stage = await Stage.start({ apart })
  const cast = Array.from({ length: count }, (_, index): StageViewer => ({
    name: `${index}`,
    mode: MODES[index % MODES.length] ?? 'low',
  }))
  try {
    for (const each of cast) await stage.open(each)
    await untilSettled(stage).catch(() => undefined)
    await sleep(SETTLE_MS)
    const before = await countAll(stage)
    await sleep(seconds * 1000)
    const after = await countAll(stage)
    const sum = (name: keyof Counts): number =>
      after.reduce((total, counts, index) => total + counts[name] - (before[index]?.[name] ?? 0), 0)
    const received = sum('primary') + sum('backup') + sum('http')
    const offload = sum('sent') / received
    return {
      viewers: count,
      seconds,
      /** of all bytes, by viewers; the rest comes from the root and over HTTP */
      offload: round(offload, 4),
      offloadOfBound: round((offload * count) / (count - 1), 4),
      overHttp: round(sum('http') / received, 4),
      backupOfPrimary: round(sum('backup') / sum('primary'), 4),
      duplicates: round(sum('duplicate') / (sum('primary') + sum('backup')), 4),
      roundTripMs: spreadOf(roundTripsIn(await lookAround(stage))),
      stallMs: after.map(({ stallMs }, index) => stallMs - (before[index]?.stallMs ?? 0)),
      places: (await lookAround(stage)).map(({ stats }) => ({
        depth: stats.depth,
        parents: stats.parents.length,
        children: stats.children.length,
      })),
    }
  } finally {
    await stage.end()
  }
}

function countAll(stage: Stage): Promise<Counts[]> {
  return Promise.all([...stage.viewers.values()].map(countOf))
}

async function countOf(viewer: Viewer): Promise<Counts> {
  const [stats, { facts }] = [await viewer.stats(), await viewer.meter()]
  const { fromPrimary = 0, fromBackup = 0, duplicate = 0 } = facts?.bytes ?? {}
  return {
    ...{ primary: fromPrimary, backup: fromBackup, duplicate },
    http: stats?.bytes.http ?? 0,
    sent: stats?.bytes.sent ?? 0,
    stallMs: stats?.stallMs ?? 0,
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
