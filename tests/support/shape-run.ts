/** One shape from its publisher to its viewers, and what is measured of it. */
import { PARTS_PER_SECOND } from '../../media/part.ts'
import { TIMELINE_START_MS } from '../../origin/program/timeline.ts'
import type { HeadwaterProcess } from './headwater-process.ts'
import { findBeepsIn, findFlashesIn, pairUp, type LipSync } from './lip-sync.ts'
import { publishShape } from './shape-publisher.ts'
import { periodOf, type Shape } from './shapes.ts'
import { bytesOf, misalignments, watchTrack, type WatchedTrack } from './shape-watch.ts'

export interface ShapeWatch {
  watchedMs: number
  /** The parts must come as fast as time passes; else as many are waited for. */
  isTimed: boolean
}

export interface ShapeReport {
  shape: string
  tracks: string[]
  /** Of each track. */
  parts: number
  /** Beep minus flash; where there is only one of them, what its distance to the one before lacks of the period. */
  offsets: LipSync[]
  aheadMs: number
  longestWaitMs: number
  violations: string[]
  warnings: string[]
  /** Wall time from the first to the last part, and media time. */
  watchedMs: number
  mediaMs: number
}

/** What is made by hand lasts for the time it takes to become live, too. */
const STARTING_SECONDS = 30
const AT_END_SECONDS = 0.05
/** On a busy machine silence may stand for the beginning of a beep, until the audio converter runs. */
export const SETTLING_SECONDS = 1.5

export async function runShape(
  server: HeadwaterProcess,
  shape: Shape,
  { watchedMs, isTimed }: ShapeWatch,
): Promise<ShapeReport> {
  const room = await server.createRoom(shape.name)
  const seconds = watchedMs / 1000 + STARTING_SECONDS
  const publisher = await publishShape(shape, { port: server.rtmpPort, key: room.key, seconds })
  try {
    const program = await server.live(room.id)
    const { renditions } = (await server.room(room.id)) as unknown as { renditions: { name: string }[] }
    const names = renditions.map(({ name }) => name)
    const base = `${server.url}/live/${room.id}/${program}`
    const watched = isTimed
      ? watchedMs
      : { parts: (watchedMs * PARTS_PER_SECOND) / 1000, limitMs: 10 * watchedMs }
    const tracks = await Promise.all(names.map((name) => watchTrack(base, name, watched)))
    const { publisher: facts } = (await server.room(room.id)) as unknown as {
      publisher: { warnings: { code: string }[] }
    }
    const warnings = facts.warnings.map(({ code }) => code)
    return await reportOf(shape, tracks, { watchedMs, isTimed, warnings })
  } finally {
    await publisher.close()
    await server.api('DELETE', `/api/v1/live/${room.id}`)
  }
}

async function reportOf(
  shape: Shape,
  tracks: readonly WatchedTrack[],
  { watchedMs, isTimed, warnings }: ShapeWatch & { warnings: string[] },
): Promise<ShapeReport> {
  const rungs = tracks.filter(({ name }) => name !== 'audio')
  const counts = tracks.map(({ parts }) => parts.length)
  const spread = Math.max(...counts) - Math.min(...counts)
  const [first] = tracks
  const times = first?.parts.map(({ header }) => (header.mediaTime * 1000) / header.timescale) ?? []
  return {
    shape: shape.name,
    tracks: tracks.map(({ name }) => name).sort(),
    parts: Math.min(...counts),
    offsets: await offsetsOf(
      shape,
      rungs[0],
      tracks.find(({ name }) => name === 'audio'),
    ),
    aheadMs: Math.max(...tracks.map(({ aheadMs }) => aheadMs)),
    longestWaitMs: Math.max(...tracks.map(({ longestWaitMs }) => longestWaitMs)),
    violations: [
      ...tracks.flatMap(({ violations }) => violations),
      ...misalignments(rungs),
      // Who waits for parts stops at the answer that brings the last of them, with whatever else it brings.
      ...(isTimed && spread > 2 ? [`tracks of ${counts.join(', ')} parts`] : []),
    ],
    warnings,
    watchedMs,
    mediaMs: (times.at(-1) ?? 0) - (times[0] ?? 0),
  }
}

async function offsetsOf(shape: Shape, video?: WatchedTrack, audio?: WatchedTrack): Promise<LipSync[]> {
  const flashes = shape.video && video ? await findFlashesIn(bytesOf(video)) : null
  const beeps = shape.audio && audio ? await beepsOf(audio) : null
  const settledSec = TIMELINE_START_MS / 1000 + (shape.missingSec ?? 0) + SETTLING_SECONDS
  if (flashes && beeps) return pairUp(flashes, beeps).filter(({ atSec }) => atSec > settledSec)
  const alone = flashes ?? beeps ?? []
  return alone.slice(1).map((atSec, index) => {
    return { atSec, offsetMs: (atSec - (alone[index] ?? 0) - periodOf(shape)) * 1000 }
  })
}

/** Silence ends at the end of all, too. */
async function beepsOf(audio: WatchedTrack): Promise<number[]> {
  const last = audio.parts.at(-1)?.header
  const endSec = last ? (last.mediaTime + last.duration) / last.timescale : 0
  const beeps = await findBeepsIn(bytesOf(audio))
  return beeps.filter((time) => time < endSec - AT_END_SECONDS)
}

/** One line of JSON, for people and for tables. */
export function lineOf(report: ShapeReport): string {
  const sorted = report.offsets.map(({ offsetMs }) => offsetMs).toSorted((a, b) => a - b)
  const round = (value: number | undefined): number | null => (value === undefined ? null : Math.round(value))
  return JSON.stringify({
    shape: report.shape,
    tracks: report.tracks.join(' '),
    parts: report.parts,
    mediaSec: round(report.mediaMs / 1000),
    offsets: sorted.length,
    medianMs: round(sorted[sorted.length >> 1]),
    minMs: round(sorted[0]),
    maxMs: round(sorted.at(-1)),
    aheadMs: round(report.aheadMs),
    longestWaitMs: round(report.longestWaitMs),
    warnings: report.warnings.join(' '),
    violations: report.violations.length,
  })
}
