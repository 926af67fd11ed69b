/** What a viewer does with his own tab while others share with him: hides it for a while, or chooses another rendition. */
import { eventually } from '../../support/eventually.ts'
import { latenessIn } from '../../support/viewer/lateness.ts'
import { Stage, type StageViewer } from '../../support/viewer/stage.ts'
import { roundTripsIn, lookAround, untilSettled } from '../../support/viewer/swarm-view.ts'
import type { Stats, Viewer } from '../../support/viewer/viewer.ts'
import type { Surroundings } from './cascade-surroundings.ts'
import { spreadOf } from './statistics.ts'

const COMPANY: readonly StageViewer[] = [
  { name: 'a', mode: 'low' },
  { name: 'b', mode: 'continuity' },
]
const MODES = ['low', 'continuity'] as const
const OTHER_HEIGHT = 144
const SHOWN_MS = 10_000
const CHANGE_LIMIT_MS = 30_000
const CHANGED_MS = 10_000

type Apart = Pick<Surroundings, 'apart'>

/** One tab in each mode is hidden and shown again. What is late or lost counts from hiding to the end of its being shown again. */
export async function measureHidden({ apart, seconds }: Apart & { seconds: number }) {
  const stage = await Stage.start({ apart })
  try {
    const hidden = MODES.map((mode): StageViewer => ({ name: `hidden, ${mode}`, mode }))
    for (const each of [...COMPANY, ...hidden]) await stage.open(each)
    await untilSettled(stage).catch(() => undefined)
    const seen = await Promise.all(hidden.map(({ name }) => hideAndShow(stage, name, seconds)))
    return { seconds, roundTripMs: spreadOf(roundTripsIn(await lookAround(stage))), viewers: seen }
  } finally {
    await stage.end()
  }
}

async function hideAndShow(stage: Stage, name: string, seconds: number) {
  const viewer = get(stage, name)
  const before = await statsOf(viewer)
  const fromMs = Date.now()
  await viewer.hide()
  await sleep(seconds * 1000)
  const whileHidden = await statsOf(viewer)
  await viewer.show()
  const shownMs = Date.now()
  await sleep(SHOWN_MS)
  const after = await statsOf(viewer)
  const window = { fromMs, toMs: Date.now() - SHOWN_MS / 2 }
  return {
    name,
    ...latenessIn(window, await viewer.meter(), stage.rendition, stage.clock.availableAtMs),
    children: { before: before.children.length, whileHidden: whileHidden.children.length },
    bytesWhileHidden: {
      cascade: whileHidden.bytes.cascade - before.bytes.cascade,
      http: whileHidden.bytes.http - before.bytes.http,
    },
    /** since it is shown again, and how long it is judged */
    stallMs: after.stallMs - whileHidden.stallMs,
    judgedMs: Date.now() - shownMs,
    latencyMs: { before: before.latencyMs, after: after.latencyMs },
  }
}

/** Viewers of two renditions share; one viewer in each mode goes to and fro between them. */
export async function measureRenditions({ apart, changes }: Apart & { changes: number }) {
  const stage = await Stage.start({ apart, otherHeight: OTHER_HEIGHT })
  try {
    for (const each of COMPANY) await stage.open(each)
    await choose(get(stage, 'b'), `${OTHER_HEIGHT}p`)
    const changing = MODES.map((mode): StageViewer => ({ name: `changing, ${mode}`, mode }))
    for (const each of changing) await stage.open(each)
    await untilSettled(stage).catch(() => undefined)
    const seen: object[] = []
    for (const { name } of changing)
      for (let n = 0; n < changes; n++)
        seen.push({
          name,
          ...(await change(get(stage, name), n % 2 === 0 ? `${OTHER_HEIGHT}p` : stage.rendition)),
        })
    return { changes: seen }
  } finally {
    await stage.end()
  }
}

async function change(viewer: Viewer, to: string) {
  const before = await statsOf(viewer)
  const askedMs = Date.now()
  const since = (): number => Date.now() - askedMs
  await choose(viewer, to)
  await eventually(async () => (await statsOf(viewer)).rendition === to, CHANGE_LIMIT_MS)
  const shownMs = since()
  const cascadeBytes = (await statsOf(viewer)).bytes.cascade
  const isFed = async (): Promise<boolean> => {
    const { pipe, bytes } = await statsOf(viewer)
    return pipe === 'cascade' && bytes.cascade > cascadeBytes
  }
  const fedMs = await eventually(isFed, CHANGE_LIMIT_MS).then(since, () => null)
  await sleep(CHANGED_MS)
  const after = await statsOf(viewer)
  const gaps = after.switches.filter((each) => each.at >= askedMs && each.to === to).map(({ gapMs }) => gapMs)
  return {
    to,
    /** until it is on the screen, and until peers bring it again; null: not within half a minute */
    shownMs,
    fedMs,
    stallMs: after.stallMs - before.stallMs,
    gapMs: gaps.length > 0 ? Math.max(...gaps) : null,
    parents: after.parents.length,
  }
}

async function choose(viewer: Viewer, rendition: string): Promise<void> {
  await viewer.tab.evaluate(`(async () => {
    const find = (selector) => new Promise((resolve, reject) => {
      const endsAt = Date.now() + 10000
      const look = () => {
        const found = document.querySelector(selector)
        if (found) resolve(found)
        else if (Date.now() > endsAt) reject(new Error('no ' + selector))
        else setTimeout(look, 50)
      }
      look()
    })
    const isOpen = document.querySelector('.quality-panel') !== null
    if (!isOpen) (await find('button[aria-label^="Quality"]')).click()
    ;(await find('.quality-panel input[value="${rendition}"]')).click()
  })()`)
}

function get(stage: Stage, name: string): Viewer {
  const viewer = stage.viewers.get(name)
  if (!viewer) throw new Error(`nobody is called ${name}`)
  return viewer
}

async function statsOf(viewer: Viewer): Promise<Stats> {
  const stats = await viewer.stats()
  if (!stats) throw new Error(`${viewer.name} says nothing`)
  return stats
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
