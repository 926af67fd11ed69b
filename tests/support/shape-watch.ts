/** Watches a live room as a strict client does, and says what came: whether it holds together, and how far lips are off. */
import { FragmentStream } from '../../media/fragment-stream.ts'
import type { Sample } from '../../media/fragment.ts'
import { runningNumber, splitSegment, type Part } from '../../media/part.ts'
import { checkPlaylists, type PlaylistObservation } from '../../media/playlist/conformance.ts'
import { parseMediaPlaylist, type ParsedMediaPlaylist } from '../../media/playlist/parse.ts'

export interface WatchedTrack {
  name: string
  init: Uint8Array
  parts: Part[]
  /** How far the end of the newest part lay ahead of the clock on the wall, at most, by EXT-X-PROGRAM-DATE-TIME. */
  aheadMs: number
  /** The longest time from one answer with news to the next. */
  longestWaitMs: number
  /** What is wrong with its playlists and parts; empty when nothing is. */
  violations: string[]
}

/** How long to watch: for so many milliseconds, until it is told, or until so many parts have come, however busy the machine is. */
export type Watched = number | AbortSignal | { parts: number; limitMs: number }

/** Follows one track by blocking reloads, and fetches its init segment and every part it names. */
export async function watchTrack(base: string, name: string, watched: Watched): Promise<WatchedTrack> {
  const address = `${base}/${name}`
  const observations: PlaylistObservation[] = []
  const parts: Part[] = []
  const violations: string[] = []
  let aheadMs = -Infinity
  let newsAtMs = performance.now()
  let longestWaitMs = 0
  let mapUri: string | null = null
  let requested: PlaylistObservation['requested']
  const { isOver, wanted } = endOfWatch(watched)
  while (!isOver.aborted && parts.length < wanted) {
    const query = requested ? `?_HLS_msn=${requested.msn}&_HLS_part=${requested.part}` : ''
    const text = await (await fetch(`${address}/index.m3u8${query}`)).text()
    observations.push({ atMs: performance.now(), text, ...(requested ? { requested } : {}) })
    const playlist = parseMediaPlaylist(text)
    if (requested) aheadMs = Math.max(aheadMs, endOf(playlist) - Date.now())
    mapUri ??= playlist.mapUri
    if (requested) longestWaitMs = Math.max(longestWaitMs, performance.now() - newsAtMs)
    newsAtMs = performance.now()
    violations.push(...(await collect(address, playlist, parts)))
    const hint = /^(\d+)\.(\d+)\.m4s$/.exec(playlist.preloadHint ?? '')
    requested = { msn: Number(hint?.[1]), part: Number(hint?.[2]) }
  }
  const init = new Uint8Array(await (await fetch(`${address}/${mapUri}`)).arrayBuffer())
  violations.push(...checkPlaylists(observations).map(({ rule, message }) => `${rule}: ${message}`))
  violations.push(...breaksOf(parts))
  return {
    name,
    init,
    parts,
    aheadMs,
    longestWaitMs,
    violations: violations.map((each) => `${name}: ${each}`),
  }
}

function endOfWatch(watched: Watched): { isOver: AbortSignal; wanted: number } {
  if (typeof watched === 'number') return { isOver: AbortSignal.timeout(watched), wanted: Infinity }
  if (watched instanceof AbortSignal) return { isOver: watched, wanted: Infinity }
  return { isOver: AbortSignal.timeout(watched.limitMs), wanted: watched.parts }
}

/** The parts of a playlist that are not there yet; what its durations say otherwise than the parts. */
async function collect(address: string, playlist: ParsedMediaPlaylist, parts: Part[]): Promise<string[]> {
  const newest = parts.at(-1)
  const violations: string[] = []
  for (const segment of playlist.segments) {
    // One that looks seldom finds older segments without their parts.
    if (newest && segment.parts.length === 0 && segment.uri !== null && segment.msn >= newest.header.msn) {
      const bytes = await (await fetch(`${address}/${segment.uri}`)).arrayBuffer()
      const later = splitSegment(new Uint8Array(bytes)).filter(
        ({ header }) => runningNumber(header) > runningNumber(newest.header),
      )
      parts.push(...later)
      continue
    }
    for (const [index, listed] of segment.parts.entries()) {
      const id = { msn: segment.msn, part: index }
      if (listed.gap || (newest && runningNumber(id) <= runningNumber(newest.header))) continue
      const bytes = await (await fetch(`${address}/${listed.uri}`)).arrayBuffer()
      const [part] = splitSegment(new Uint8Array(bytes))
      if (!part) throw new Error(`${listed.uri} holds no part`)
      parts.push(part)
      const { duration, timescale } = part.header
      if (Math.abs(duration / timescale - listed.durationSec) > 0.0001)
        violations.push(`${listed.uri} is listed with ${listed.durationSec} s, lasts ${duration / timescale}`)
    }
  }
  return violations
}

/** Numbers and times that do not follow from the part before; segments that do not begin with a keyframe. */
export function breaksOf(parts: readonly Part[]): string[] {
  return parts.flatMap(({ header }, index) => {
    const broken: string[] = []
    const k = runningNumber(header)
    if (header.part === 0 && !header.independent)
      broken.push(`segment ${header.msn} begins without a keyframe`)
    const before = parts[index - 1]?.header
    if (!before) return broken
    if (k !== runningNumber(before) + 1) broken.push(`part ${k} comes after ${runningNumber(before)}`)
    const due = before.mediaTime + before.duration
    if (header.mediaTime !== due) broken.push(`part ${k} starts at ${header.mediaTime}, due ${due}`)
    return broken
  })
}

function endOf({ segments }: ParsedMediaPlaylist): number {
  const last = segments.at(-1)
  const lengthSec = last?.parts.reduce((sum, { durationSec }) => sum + durationSec, 0) ?? 0
  return (last?.programDateTimeMs ?? NaN) + lengthSec * 1000
}

export function bytesOf({ init, parts }: WatchedTrack): Buffer {
  return Buffer.concat([init, ...parts.map(({ bytes }) => bytes)])
}

/** What is not as it should be inside the parts: samples that do not meet, keyframes at other times than in the first rung. */
export function misalignments(rungs: readonly WatchedTrack[]): string[] {
  const [first, ...others] = rungs.map((rung) => ({ name: rung.name, samples: samplesOf(rung) }))
  if (!first) return []
  const from = Math.max(...[first, ...others].map(({ samples }) => samples[0]?.time ?? 0))
  const until = Math.min(...[first, ...others].map(({ samples }) => samples.at(-1)?.time ?? 0))
  const keyframes = (samples: readonly Sample[]): number[] =>
    samples.filter(({ time, keyframe }) => keyframe && time >= from && time <= until).map(({ time }) => time)
  const expected = keyframes(first.samples).join(' ')
  return [first, ...others].flatMap(({ name, samples }) => {
    const holes = samples.slice(1).filter(({ time }, index) => {
      const before = samples[index]
      return !before || time !== before.time + before.duration
    })
    const isAligned = keyframes(samples).join(' ') === expected
    return [
      ...holes.map(({ time }) => `${name}: the sample at ${time} does not meet the one before`),
      ...(isAligned ? [] : [`${name}: keyframes at ${keyframes(samples).join(' ')}, expected ${expected}`]),
    ]
  })
}

function samplesOf(track: WatchedTrack): Sample[] {
  const events = new FragmentStream().push(bytesOf(track))
  return events.flatMap((event) => (event.kind === 'samples' ? event.samples : []))
}
