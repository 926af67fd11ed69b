/** One outage of a cluster while viewers watch, and the bars that its figures are held to. */
import type { AudienceFigures } from '../../support/hls-viewer/audience.ts'
import type { RequestCounts } from '../../support/request-counter.ts'
import type { ShieldedCluster } from '../../support/shielded-cluster.ts'

export interface OutageContext {
  cluster: ShieldedCluster
  room: string
  program: string
  viewers: number
}

export interface Outage {
  name: string
  title: string
  /** Does it, and undoes it: resolves when all that was taken away is there again. What it found besides goes into the report. */
  run: (context: OutageContext) => Promise<OutageFindings>
  bars?: Partial<OutageBars>
}

export interface OutageFindings {
  /** How long the stream itself could not go on, ms: what no reserve longer than itself helps against. */
  awayMs?: number
  /** Sentences about what must not be: each misses the bar. */
  faults?: string[]
  facts?: Record<string, number | string>
}

export interface OutageBars {
  /** Parts that an origin which was killed may make again under their numbers (docs/decisions/015). */
  conflicting: number
  /** Breaks between parts; those who had the older of two see its end. */
  broken: number
  /** What the reserve does not reach may be seen. */
  mayOutlastReserve: boolean
}

export interface OutageReport extends AudienceFigures {
  name: string
  title: string
  origin: RequestCounts & { perPart: number }
  facts: Record<string, number | string>
  /** What missed its bar; empty where all are met. */
  missed: string[]
}

export const NO_BARS: OutageBars = { conflicting: 0, broken: 0, mayOutlastReserve: false }
/** A picture that stands still for less is no stall to anybody. */
const NO_STALL_MS = 100
/** What the reserve may be short of at the moment of the outage: what is being made, and a look at the playlist. */
const RESERVE_USED_MS = 2000
const RESERVE_MS = 9000

/** Which bars the figures miss, in words. Pure. */
export function missedBars(
  { bars = {} }: Pick<Outage, 'bars'>,
  figures: AudienceFigures,
  { awayMs = 0, faults = [] }: OutageFindings,
): string[] {
  const limits = { ...NO_BARS, ...bars }
  const outlastMs = limits.mayOutlastReserve ? Math.max(0, awayMs - RESERVE_MS + RESERVE_USED_MS) : 0
  const held: [string, number, number][] = [
    ['stall ms', figures.stallMs, NO_STALL_MS + outlastMs],
    ['missing parts', figures.missing, 0],
    ['parts made twice', figures.conflicting, limits.conflicting],
    ['breaks between parts', figures.broken, limits.broken],
    ['wrong parts', figures.wrong, 0],
  ]
  const missed = held.filter(([, value, limit]) => value > limit)
  const isMeasured = figures.parts > 0 && (figures.leastReserveMs > 0 || limits.mayOutlastReserve)
  return [
    ...(isMeasured ? [] : ['viewers had nothing left to play, or never had']),
    ...missed.map(([what, value, limit]) => `${what}: ${value}, bar ${limit}`),
    ...faults,
  ]
}

/** Of an outage that could not be watched to its end: it has met no bar. */
export function brokenReport(name: string, error: unknown): OutageReport {
  const why = error instanceof Error ? error.message : String(error)
  return {
    ...{ name, title: name, facts: {}, missed: [`broke: ${why}`], remarks: [] },
    ...{ viewers: 0, stallMs: 0, stallTotalMs: 0, stalledViewers: 0, missing: 0, parts: 0, switches: 0 },
    ...{ leastReserveMs: 0, longestGapMs: 0, recoveredAfterMs: 0, conflicting: 0, broken: 0, wrong: 0 },
    origin: { parts: 0, requests: 0, most: 0, perPart: 0 },
  }
}
