/** What became of the frames that a publisher sent: which are missing in the program, which came twice. Pure. */
import { counterDistance } from '../../support/counting-picture.ts'
import type { SeenFrame } from './frames.ts'

/** What one run of a publisher sent. */
export interface SentFrames {
  firstCounter: number
  count: number
  /** The program's rate differs: frames are repeated or left out by conversion. */
  isConverted: boolean
}

export interface FrameOrder {
  /** Sent and not seen, while it counted: those before the record began and behind its end do not. */
  missing: number
  /** The same, before it counted: while the program began. */
  missingEarly: number
  /** Which: `run:first-last`, counted from the first frame of each run. */
  missingAt: string[]
  /** Of these, sent last before a loss: they may have been on their way. */
  missingAtLoss: number
  /** Seen again, of runs at the program's own rate. */
  doubled: number
  /** A counter lower than one before it, within one run. */
  backward: number
  /** Pictures that are no publisher's. */
  foreign: number
  /** Of each run, where in the frames it begins; null when it was never seen. */
  starts: (number | null)[]
}

/** It counts from `countsFromMs` on, by the arrival of what was seen. */
export function orderOf(
  frames: readonly SeenFrame[],
  runs: readonly SentFrames[],
  countsFromMs = -Infinity,
): FrameOrder {
  const order: FrameOrder = {
    missing: 0,
    missingEarly: 0,
    missingAt: [],
    missingAtLoss: 0,
    doubled: 0,
    backward: 0,
    foreign: frames.filter(({ counter }) => counter === null).length,
    starts: [],
  }
  runs.forEach((run, index) => {
    const own = frames.filter(({ counter }) => placeIn(run, counter) !== null)
    const places = own.map(({ counter }) => placeIn(run, counter) ?? 0)
    order.starts.push(own[0] ? frames.indexOf(own[0]) : null)
    if (run.isConverted) return
    const seen = new Set(places)
    const newest = Math.max(-1, ...seen)
    const isLast = index === runs.length - 1
    const counts =
      index > 0 ? 0 : (places[own.findIndex(({ arrivedAtMs }) => arrivedAtMs >= countsFromMs)] ?? 0)
    const missing = placesMissing(seen, index > 0 ? 0 : (places[0] ?? 0), isLast ? newest + 1 : run.count)
    order.missing += missing.filter((place) => place >= counts).length
    order.missingEarly += missing.filter((place) => place < counts).length
    order.missingAt.push(...rangesOf(missing).map((range) => `${index}:${range}`))
    order.missingAtLoss += isLast ? 0 : run.count - 1 - newest
    order.doubled += places.length - seen.size
    order.backward += places.filter((place, at) => at > 0 && place < (places[at - 1] ?? 0)).length
  })
  return order
}

function placesMissing(seen: ReadonlySet<number>, from: number, end: number): number[] {
  const missing: number[] = []
  for (let place = from; place < end; place++) if (!seen.has(place)) missing.push(place)
  return missing
}

function rangesOf(places: readonly number[]): string[] {
  const ranges: [number, number][] = []
  for (const place of places) {
    const last = ranges.at(-1)
    if (last && place === last[1] + 1) last[1] = place
    else ranges.push([place, place])
  }
  return ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`))
}

/** Which frame of the run it is, from 0 on; null when it is none of it. */
export function placeIn({ firstCounter, count }: SentFrames, counter: number | null): number | null {
  if (counter === null) return null
  const place = counterDistance(firstCounter, counter)
  return place >= 0 && place < count ? place : null
}
