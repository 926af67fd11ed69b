/** What a case of the outage suite is, and what is found out about it. */
import type { Browser } from 'playwright-core'
import type { HeadwaterProcess } from '../support/headwater-process.ts'
import type { HiccupMeter } from './meters/hiccups.ts'

/** One repeat of one case, in figures; null: not measured in this case. */
export interface Figures {
  /** What was gone, and how long. */
  outageMs: number | null
  /** Of the screens, the worst: gaps over 250 ms between frames, without those the machine made. */
  stallMs: number | null
  stalls: number | null
  /** Gaps in which the picture went on all the same: the machine drew late. */
  machineGaps: number | null
  /** The player's own count. */
  ownStallMs: number | null
  overlay: string | null
  reloads: number | null
  missingFrames: number | null
  doubledFrames: number | null
  lipSync: { medianMs: number; worstMs: number; count: number } | null
  /** From the publisher's first keyframe after the outage, as it left, to a part with the picture. */
  backInPartsMs: number | null
  /** The same, to a screen. */
  backOnScreenMs: number | null
  longestWithoutPartsMs: number | null
  /** Playlists, numbers and times of the parts. */
  violations: string[] | null
  flvConnections: number | null
  flvBackward: number | null
  /** What only this case has. */
  more: Record<string, number | string | boolean | null>
}

/** A span of wall time on a picture's lane. */
export interface Span {
  fromMs: number
  toMs: number
  kind: 'good' | 'slate' | 'bad' | 'overlay' | 'state' | 'machine'
  text?: string
}

export interface Lane {
  name: string
  spans: Span[]
  /** Moments: parts that came, keyframes. */
  ticks?: number[]
}

export interface TimelinePicture {
  fromMs: number
  toMs: number
  /** What was done to the system, and when. */
  marks: { atMs: number; text: string }[]
  lanes: Lane[]
}

export interface Outcome {
  figures: Figures
  timeline: TimelinePicture | null
}

export interface CaseContext {
  browser: Browser
  /** A server that other cases use at the same time. */
  shared: () => Promise<HeadwaterProcess>
  hiccups: HiccupMeter
  /** One line of what is going on. */
  say: (text: string) => void
}

/** What a repeat must meet; what is left out is not asked of it. */
export interface Bars {
  stallMs?: number
  noOverlay?: boolean
  reloads?: number
  missingFrames?: number
  contiguous?: boolean
  flvKept?: boolean
  lipSyncMs?: number
  backInPartsMs?: number
  backOnScreenMs?: number
  longestWithoutPartsMs?: number
  /** By name of a figure in `more`: at most this. */
  more?: Record<string, number | boolean>
}

export interface ChaosCase {
  name: string
  /** What is killed and what comes back, for the table. */
  title: string
  bars: Bars
  /** Once is enough, whatever `--repeat` says. */
  isOnce?: boolean
  /** Part of the short form. */
  isShort?: boolean
  run: (context: CaseContext) => Promise<Outcome>
}

/** The system under test does not have what the case is about: said in the report, never passed over. */
export class CannotRun extends Error {
  override readonly name = 'CannotRun'
}

export const NO_FIGURES: Figures = {
  outageMs: null,
  stallMs: null,
  stalls: null,
  machineGaps: null,
  ownStallMs: null,
  overlay: null,
  reloads: null,
  missingFrames: null,
  doubledFrames: null,
  lipSync: null,
  backInPartsMs: null,
  backOnScreenMs: null,
  longestWithoutPartsMs: null,
  violations: null,
  flvConnections: null,
  flvBackward: null,
  more: {},
}
