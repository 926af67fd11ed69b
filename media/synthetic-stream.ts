/** Part headers of an ideal program, cut as the packager cuts: for tests that need a stream and no pictures. */
import { PARTS_PER_SEGMENT, PARTS_PER_SECOND, partIdOf } from './part.ts'
import type { PartHeader } from './part.ts'

export interface SyntheticTrack {
  track: string
  timescale: number
  /** Of each sample, in timescale units. */
  sampleDuration: number
}

/** Part number of the timeline's start: 10 s. */
export const FIRST_PART = 10 * PARTS_PER_SECOND

export const SYNTHETIC_AUDIO: SyntheticTrack = { track: 'audio', timescale: 48_000, sampleDuration: 1024 }

export function syntheticVideo(fps: number): SyntheticTrack {
  return { track: '720p', timescale: 512 * fps, sampleDuration: 512 }
}

/** The part with running number k: all samples that begin in its quarter of a second. */
export function syntheticHeader({ track, timescale, sampleDuration }: SyntheticTrack, k: number): PartHeader {
  const firstSample = (number: number): number =>
    Math.ceil((number * timescale) / PARTS_PER_SECOND / sampleDuration)
  const id = partIdOf(k)
  return {
    ...id,
    program: 'p1a2b3c4',
    track,
    independent: track === 'audio' || id.part === 0,
    lastOfSegment: id.part === PARTS_PER_SEGMENT - 1,
    timescale,
    mediaTime: firstSample(k) * sampleDuration,
    duration: (firstSample(k + 1) - firstSample(k)) * sampleDuration,
    captureTimeMs: 1_700_000_000_000 + k * 250,
  }
}
