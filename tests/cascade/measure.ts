/** Figures of a swarm's run: what each death cost whom, and what all of it cost. */
import type { PeerId } from '../../cascade/peer-id.ts'
import { FIRST_PART } from '../../media/synthetic-stream.ts'
import type { Kill, SctpSwarm } from './swarm.ts'
import type { WorkerReport } from './swarm-protocol.ts'

const PART_MS = 250
/** Parts made from so long before a death to so long after it are looked at. */
const BEFORE_MS = 250
const AFTER_MS = 2500
/** How late parts are as a rule is measured over so long before. */
const STEADY_MS = 4000
/** What comes first is history, and as late as it is old. */
const SETTLED_MS = 3000

export interface DeathCost {
  victim: PeerId
  how: Kill['how']
  child: PeerId
  role: 'primary' | 'backup'
  /** The latest part's delay: whole minus made, ms. Null where one never came. */
  worstMs: number | null
  /** By how much it was later than this child's parts are as a rule. */
  gapMs: number | null
  /** The same over as long before the death: what there is on any day, with deaths of others in it. Null where little is known. */
  beforeMs: number | null
  lost: number
  /** The link was given up; its stripes are with others long before. */
  givenUpMs: number | null
}

export interface Distribution {
  count: number
  p50: number
  p95: number
  p99: number
  max: number
  /** Upper bound in ms, and how many are below it and not below the bound before. */
  histogram: Record<string, number>
}

const BOUNDS_MS = [50, 100, 150, 200, 250, 300, 350, 400, 500, 600, 800, 1000, 1500, 2000, 5000]

export function distributionOf(samples: readonly number[]): Distribution {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN)
  const histogram: Record<string, number> = {}
  for (const sample of sorted) {
    const bound = BOUNDS_MS.find((each) => sample < each) ?? Infinity
    histogram[String(bound)] = (histogram[String(bound)] ?? 0) + 1
  }
  return {
    count: sorted.length,
    ...{ p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) },
    histogram,
  }
}

/** One row for every child of everyone who was killed, if it lived on. */
export function costsOf(swarm: SctpSwarm): DeathCost[] {
  return swarm.kills.flatMap((kill) => [
    ...kill.primaryOf.flatMap((child) => costOf(swarm, kill, child, 'primary') ?? []),
    ...kill.backupOf.flatMap((child) => costOf(swarm, kill, child, 'backup') ?? []),
  ])
}

function costOf(swarm: SctpSwarm, kill: Kill, child: PeerId, role: 'primary' | 'backup'): DeathCost | null {
  const delays = swarm.delays.get(child)
  const diedWithin = swarm.kills.some(
    ({ victim, atMs }) => victim === child && atMs < kill.atMs + AFTER_MS + STEADY_MS,
  )
  if (delays === undefined || diedWithin) return null
  const around = numbersBetween(swarm, kill.atMs - BEFORE_MS, kill.atMs + AFTER_MS)
  const before = numbersBetween(swarm, kill.atMs - STEADY_MS, kill.atMs - BEFORE_MS)
  const usual = before.flatMap((number) => delays.get(number) ?? []).toSorted((a, b) => a - b)
  const seen = around.flatMap((number) => delays.get(number) ?? [])
  // It had only just come: there is nothing to compare with.
  if (usual.length < before.length / 2) return null
  const earlier = numbersBetween(swarm, kill.atMs - 2 * BEFORE_MS - AFTER_MS, kill.atMs - BEFORE_MS)
  const seenBefore = earlier.flatMap((number) => delays.get(number) ?? [])
  const lost = around.length - seen.length
  const worstMs = lost > 0 ? null : Math.max(...seen)
  const beyondUsual = (ms: number): number => Math.max(0, ms - (usual[usual.length >> 1] ?? 0))
  const found = swarm.losses.find(
    (loss) => loss.id === child && loss.parent === kill.victim && loss.atMs >= kill.atMs,
  )
  return {
    ...{ victim: kill.victim, how: kill.how, child, role, worstMs, lost },
    gapMs: worstMs === null ? null : beyondUsual(worstMs),
    beforeMs: seenBefore.length > 0 ? beyondUsual(Math.max(...seenBefore)) : null,
    givenUpMs: found === undefined ? null : found.atMs - kill.atMs,
  }
}

function numbersBetween(swarm: SctpSwarm, fromMs: number, toMs: number): number[] {
  const first = Math.ceil((fromMs - swarm.startsAtMs) / PART_MS)
  const last = Math.floor((toMs - swarm.startsAtMs) / PART_MS)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => FIRST_PART + first + index)
}

export interface SwarmTotals {
  parts: number
  /** Never came, though parts before and after did. */
  lost: number
  /** Fetched over HTTP, in percent. */
  httpPercent: number
  /** Of parts made when their peer had been there for a while. */
  delay: Distribution
  backupToPrimary: number
  duplicatePercent: number
  rejectedChunks: number
  falseSwitches: number
  /** Why parents that lived were given up. */
  falseReasons: Record<string, number>
  cpuSeconds: number
  residentMib: number
  /** Of the process that was slowest. */
  lagMs: number
  /** The machine left the swarm alone enough for its figures to be the cascade's. */
  isSound: boolean
}

/** A heartbeat's interval: with timers later than that, silence is the machine's. */
const SOUND_LAG_MS = 50

export function totalsOf(swarm: SctpSwarm, reports: readonly WorkerReport[]): SwarmTotals {
  const all = [...swarm.delays.values()]
  const samples = [...swarm.delays].flatMap(([id, delays]) => {
    const fromMs = (swarm.joinedAtMs.get(id) ?? Infinity) + SETTLED_MS
    const from = numbersBetween(swarm, fromMs, fromMs + PART_MS)[0] ?? Infinity
    return [...delays].flatMap(([number, delayMs]) => (number >= from ? delayMs : []))
  })
  const fetched = [...swarm.fetched.values()].reduce((sum, count) => sum + count, 0)
  const bytes = { primary: 0, backup: 0, duplicate: 0 }
  const lagMs = Math.max(...reports.map((report) => report.lagMs))
  const falseReasons: Record<string, number> = {}
  for (const { why } of swarm.falseSwitches()) falseReasons[why] = (falseReasons[why] ?? 0) + 1
  let rejectedChunks = 0
  for (const { facts, isRoot } of reports.flatMap(({ peers }) => peers)) {
    if (isRoot) continue
    bytes.primary += facts.bytes.fromPrimary
    bytes.backup += facts.bytes.fromBackup
    bytes.duplicate += facts.bytes.duplicate
    rejectedChunks += facts.rejectedChunks
  }
  return {
    parts: all.reduce((sum, delays) => sum + delays.size, 0),
    lost: all.reduce((sum, delays) => sum + holesIn(delays), 0),
    httpPercent: percent(
      fetched,
      all.reduce((sum, delays) => sum + delays.size, 0),
    ),
    delay: distributionOf(samples),
    backupToPrimary: Number((bytes.backup / bytes.primary).toFixed(3)),
    duplicatePercent: percent(bytes.duplicate, bytes.primary + bytes.backup),
    rejectedChunks,
    falseSwitches: swarm.falseSwitches().length,
    falseReasons,
    cpuSeconds: Math.round(reports.reduce((sum, report) => sum + report.cpuSeconds, 0)),
    residentMib: reports.reduce((sum, report) => sum + report.residentMib, 0),
    lagMs,
    isSound: lagMs <= SOUND_LAG_MS,
  }
}

/** Between the first part and the last but a few, which may be on their way. */
function holesIn(delays: ReadonlyMap<number, number>): number {
  const numbers = [...delays.keys()].toSorted((a, b) => a - b)
  const [first, last] = [numbers[0] ?? 0, numbers.at(-1) ?? -1]
  let holes = 0
  for (let number = first; number < last - 8; number++) if (!delays.has(number)) holes++
  return holes
}

function percent(part: number, whole: number): number {
  return Number(((100 * part) / Math.max(1, whole)).toFixed(2))
}
