/** Viewers of one kind watch together, carry to each other, and lose the one that carries most: what each sees of it. */
import { CLOCK_READER } from '../../support/clock-picture.ts'
import { eventually } from '../../support/eventually.ts'
import type { Stage } from '../../support/viewer/stage.ts'
import { Tab } from '../../support/viewer/tab.ts'
import type { Viewer } from '../../support/viewer/viewer.ts'
import type { PeerPageStats } from './p2p-media-loader.ts'
import { round, spreadOf, type Spread } from './statistics.ts'

export interface ContestOptions {
  stage: Stage
  count: number
  kills: number
  /** how long it is watched before the first kill */
  seconds: number
}

/** What is compared. */
interface Seen {
  /** from servers and from peers together */
  received: number
  /** to peers */
  sent: number
  stallMs: number
  /** publisher's clock to screen */
  ageMs: number | null
}

export interface Contestant {
  tab: Tab
  look(): Promise<Seen>
  close(): Promise<void>
}

export interface Contest {
  distanceMs: Spread | null
  /** of all bytes, by viewers */
  offload: number
  /** of what N viewers could at most: one of them has it from the server */
  offloadOfBound: number
  stallMs: number[]
  /** of all that were left, over the kills */
  stallAfterKillMs: number[]
}

const SETTLE_MS = 20_000
const AFTER_KILL_MS = 15_000
const BUSY_MS = 5000
const SAMPLE_MS = 500
/** The picture's clock cannot be read in every frame. */
const OLDEST_MS = 120_000
const READ_AGE =
  "window.readClock([...document.querySelectorAll('video')].sort((a, b) => b.readyState - a.readyState)[0])"

export async function openOurs(stage: Stage, name: string, mode: Viewer['mode']): Promise<Contestant> {
  const viewer = await stage.open({ name, mode, scripts: [CLOCK_READER] })
  const { tab } = viewer
  return {
    tab,
    async look() {
      const stats = await viewer.stats()
      const { cascade = 0, http = 0, sent = 0 } = stats?.bytes ?? {}
      return { received: cascade + http, sent, stallMs: stats?.stallMs ?? 0, ageMs: await readAge(tab) }
    },
    close: () => stage.close(viewer),
  }
}

export async function openTheirs(stage: Stage, name: string, url: string): Promise<Contestant> {
  const tab = await Tab.open(await stage.browserOf(name), { url: stage.asSeen(url), scripts: [CLOCK_READER] })
  return {
    tab,
    async look() {
      const { bytes, stallMs } = await tab.evaluate<PeerPageStats>('window.bench()')
      return { received: bytes.http + bytes.p2p, sent: bytes.sent, stallMs, ageMs: await readAge(tab) }
    },
    close: () => tab.close(),
  }
}

export async function watchContest(
  { count, kills, seconds }: ContestOptions,
  open: (name: string) => Promise<Contestant>,
): Promise<Contest> {
  const all: Contestant[] = []
  try {
    for (let index = 0; index < count; index++) all.push(await open(`viewer-${index}`))
    await eventually(() => arePlaying(all), 30_000)
    await sleep(SETTLE_MS)
    const before = await lookAt(all)
    const ages = await sampleAges(all, seconds)
    const after = await lookAt(all)
    const since = (pick: (seen: Seen) => number): number[] =>
      after.map((seen, index) => pick(seen) - pick(before[index] ?? seen))
    const offload = sum(since((seen) => seen.sent)) / sum(since((seen) => seen.received))
    const stallAfterKillMs: number[] = []
    for (let kill = 0; kill < kills; kill++) {
      if (kill > 0) await sleep(SETTLE_MS)
      const killed = await killBusiest(all, stallAfterKillMs)
      await all[killed]?.close()
      all[killed] = await open(`viewer-${killed}`)
    }
    return {
      distanceMs: ages.length > 0 ? spreadOf(ages) : null,
      offload: round(offload, 4),
      offloadOfBound: round((offload * count) / (count - 1), 4),
      stallMs: since((seen) => seen.stallMs),
      stallAfterKillMs,
    }
  } finally {
    for (const each of all) await each.close()
  }
}

/** Who sent most lately; adds what each of the others stalled since. Answers who it was. */
async function killBusiest(all: readonly Contestant[], stallsMs: number[]): Promise<number> {
  const earlier = await lookAt(all)
  await sleep(BUSY_MS)
  const before = await lookAt(all)
  const sent = before.map((seen, index) => seen.sent - (earlier[index]?.sent ?? 0))
  const killed = sent.indexOf(Math.max(...sent))
  all[killed]?.tab.signal('SIGKILL')
  await sleep(AFTER_KILL_MS)
  const isLeft = (_: unknown, index: number): boolean => index !== killed
  const left = before.filter(isLeft)
  const after = await lookAt(all.filter(isLeft))
  stallsMs.push(...after.map(({ stallMs }, index) => stallMs - (left[index]?.stallMs ?? 0)))
  return killed
}

async function sampleAges(all: readonly Contestant[], seconds: number): Promise<number[]> {
  const ages: number[] = []
  const endsAt = Date.now() + seconds * 1000
  while (Date.now() < endsAt) {
    for (const { ageMs } of await lookAt(all)) if (ageMs !== null) ages.push(ageMs)
    await sleep(SAMPLE_MS)
  }
  return ages
}

async function arePlaying(all: readonly Contestant[]): Promise<boolean> {
  const ages = await Promise.all(
    all.map(({ tab }) => tab.evaluate<number>('document.querySelector("video")?.currentTime ?? 0')),
  )
  return ages.every((time) => time > 0)
}

function lookAt(all: readonly Contestant[]): Promise<Seen[]> {
  return Promise.all(all.map((each) => each.look()))
}

async function readAge(tab: Tab): Promise<number | null> {
  const age = await tab.evaluate<number | null>(READ_AGE)
  return age !== null && age > 0 && age < OLDEST_MS ? age : null
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
