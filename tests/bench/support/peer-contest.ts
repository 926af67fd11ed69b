/** Viewers of one kind watch together, carry to each other, and lose the one that carries most: what each sees of it. */
import type { Browser } from 'playwright-core'
import { CLOCK_READER } from '../../support/clock-picture.ts'
import { eventually } from '../../support/eventually.ts'
import type { Stage } from '../../support/viewer/stage.ts'
import { Tab } from '../../support/viewer/tab.ts'
import { Viewer } from '../../support/viewer/viewer.ts'
import type { PeerPageStats } from './p2p-media-loader.ts'
import { round, spreadOf, type Spread } from './statistics.ts'

export interface ContestOptions {
  stage: Stage
  browser: Browser
  count: number
  /** how long it is watched before the kill */
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
}

export interface Contest {
  distanceMs: Spread | null
  /** of all bytes, by viewers */
  offload: number
  /** of what N viewers could at most: one of them has it from the server */
  offloadOfBound: number
  stallMs: number[]
  stallAfterKillMs: number[]
}

const SETTLE_MS = 20_000
const AFTER_KILL_MS = 15_000
const SAMPLE_MS = 500
/** The picture's clock cannot be read in every frame. */
const OLDEST_MS = 120_000
const READ_AGE =
  "window.readClock([...document.querySelectorAll('video')].sort((a, b) => b.readyState - a.readyState)[0])"

export async function openOurs(
  { stage, browser }: ContestOptions,
  name: string,
  mode: Viewer['mode'],
): Promise<Contestant> {
  const { url } = stage.server
  const viewer = await Viewer.open(browser, {
    name,
    url,
    roomId: stage.room.id,
    mode,
    scripts: [CLOCK_READER],
  })
  const { tab } = viewer
  return {
    tab,
    async look() {
      const stats = await viewer.stats()
      const { cascade = 0, http = 0, sent = 0 } = stats?.bytes ?? {}
      return { received: cascade + http, sent, stallMs: stats?.stallMs ?? 0, ageMs: await readAge(tab) }
    },
  }
}

export async function openTheirs({ browser }: ContestOptions, url: string): Promise<Contestant> {
  const tab = await Tab.open(browser, { url, scripts: [CLOCK_READER] })
  return {
    tab,
    async look() {
      const { bytes, stallMs } = await tab.evaluate<PeerPageStats>('window.bench()')
      return { received: bytes.http + bytes.p2p, sent: bytes.sent, stallMs, ageMs: await readAge(tab) }
    },
  }
}

export async function watchContest(
  { count, seconds }: ContestOptions,
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
    const sent = since((seen) => seen.sent)
    const offload = sum(sent) / sum(since((seen) => seen.received))
    return {
      distanceMs: ages.length > 0 ? spreadOf(ages) : null,
      offload: round(offload, 4),
      offloadOfBound: round((offload * count) / (count - 1), 4),
      stallMs: since((seen) => seen.stallMs),
      stallAfterKillMs: await killBusiest(all, sent, after),
    }
  } finally {
    for (const { tab } of all) await tab.close()
  }
}

/** What the others stalled since, one figure each. */
async function killBusiest(
  all: readonly Contestant[],
  sent: readonly number[],
  before: readonly Seen[],
): Promise<number[]> {
  const killed = sent.indexOf(Math.max(...sent))
  all[killed]?.tab.signal('SIGKILL')
  await sleep(AFTER_KILL_MS)
  const isLeft = (_: unknown, index: number): boolean => index !== killed
  const after = await lookAt(all.filter(isLeft))
  const left = before.filter(isLeft)
  return after.map(({ stallMs }, index) => stallMs - (left[index]?.stallMs ?? 0))
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
