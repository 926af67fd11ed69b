/** What the cascade spares the edge, with people coming and going. */
import { capacityOf } from '../../../cascade/coordinator/swarm-peer.ts'
import { STRIPES } from '../../../cascade/frame/frame.ts'
import { distributionOf, round } from '../measure/distribution.ts'
import type { Mode } from '../viewer/player-model.ts'
import type { Viewer } from '../viewer/viewer.ts'
import { Churn } from '../world/churn.ts'
import { STREAM_KBPS } from '../world/stream.ts'
import { DEFAULT_WORLD, World } from '../world/world.ts'
import type { GateRun, GateScale } from './gate.ts'
import { lossOf } from './stage.ts'

interface Totals {
  cascade: number
  http: number
  start: number
  roots: number
}

const CHURN_PER_MINUTE = 0.1
const ARRIVE_MS = 30_000
const WARM_UP_MS = 60_000
const MINUTES = 5
const SAMPLE_MS = 5000

export interface RoomOptions {
  peers: number
  minutes: number
  seed: number
  mode: Mode
  churnPerMinute: number
  lossPercent: number
}

export function offload(peers: number, { size, seed, say }: GateScale): GateRun {
  const minutes = Math.max(1, Math.round(MINUTES * size))
  return freeRun(
    { peers, minutes, seed, mode: 'continuity', churnPerMinute: CHURN_PER_MINUTE, lossPercent: 0 },
    say,
  )
}

/** A room with people coming and going; what is measured begins when it has filled and settled. */
export function freeRun(options: RoomOptions, say: (text: string) => void): GateRun {
  const { peers, minutes, seed, mode, churnPerMinute, lossPercent } = options
  const world = new World({ ...DEFAULT_WORLD, seed, mode, rttMs: null, loss: lossOf(lossPercent) })
  const gone: Viewer[] = []
  world.onGone = (viewer) => gone.push(viewer)
  world.runFor(10_000)
  const churn = new Churn(world, { viewers: peers, perMinute: churnPerMinute })
  churn.start(ARRIVE_MS)
  world.runFor(ARRIVE_MS + WARM_UP_MS)
  const before = totalsOf(world, gone)
  const borne: number[] = []
  for (let minute = 0; minute < minutes; minute += 1) {
    for (let left = 60_000 * Math.min(1, minutes - minute); left > 0; left -= SAMPLE_MS) {
      world.runFor(Math.min(SAMPLE_MS, left))
      borne.push(bearableShare(world))
    }
    say(`minute ${minute + 1} of ${minutes}, ${world.viewers.size} viewers`)
  }
  const after = totalsOf(world, gone)
  const { figures, details } = figuresOf(
    peers,
    { before, after, all: [...world.viewers.values(), ...gone] },
    churn,
  )
  const bearable = round(borne.reduce((sum, share) => sum + share, 0) / borne.length, 4)
  return { figures, details: { ...details, bearable } }
}

/**
 * Of all that viewers need, what the lines of those whom others can reach bear together when each sends what it is asked for as a
 * rule, without a stripe of theirs going to waste: 0 to 1.
 */
function bearableShare({ viewers }: World): number {
  let stripes = 0
  for (const { isRunning, profile } of viewers.values())
    if (isRunning && profile.isReachable) stripes += capacityOf(profile.ability, STREAM_KBPS).askedStripes
  return Math.min(1, stripes / (STRIPES * Math.max(1, viewers.size)))
}

function figuresOf(
  viewers: number,
  { before, after, all }: { before: Totals; after: Totals; all: Viewer[] },
  churn: Churn,
): GateRun {
  const [cascade, http, start, roots] = (['cascade', 'http', 'start', 'roots'] as const).map(
    (key) => after[key] - before[key],
  ) as [number, number, number, number]
  const bound = (viewers - 1) / viewers
  const live = 1 - (http + roots) / (cascade + http)
  const whole = 1 - (http + start + roots) / (cascade + http + start)
  const awake = all.filter(({ wasFrozen }) => !wasFrozen)
  const stallFree = awake.filter(({ player }) => player.stalls === 0).length / awake.length
  const first = all.flatMap(({ log }) => log.firstCascadeMs ?? [])
  const startUp = distributionOf(first, 250)
  return {
    figures: {
      offload: round(live, 4),
      shareOfBound: round(live / bound, 4),
      /** What viewers load before they join counts, too. */
      offloadWithStart: round(whole, 4),
      rootShare: round(roots / (cascade + http), 4),
      httpShare: round(http / (cascade + http), 4),
      stallFree: round(stallFree, 4),
      firstCascadeP95Ms: percentile95(first),
    },
    details: { viewers: all.length, leaves: churn.leaves, startUp, stalls: stallsOf(all) },
  }
}

function totalsOf(world: World, gone: readonly Viewer[]): Totals {
  const totals: Totals = { cascade: 0, http: 0, start: 0, roots: 0 }
  for (const { cascadeBytes, http } of [...world.viewers.values(), ...gone]) {
    totals.cascade += cascadeBytes
    totals.http += http.bytes.live + http.bytes.repair
    totals.start += http.bytes.start
  }
  for (const { peer } of world.roots.values()) totals.roots += peer.facts().bytes.sent
  return totals
}

function percentile95(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return round(sorted[Math.floor(sorted.length * 0.95)] ?? 0)
}

function stallsOf(viewers: readonly Viewer[]): { stalls: number; ms: number; lostParts: number } {
  const sum = (of: (viewer: Viewer) => number): number => viewers.reduce((all, viewer) => all + of(viewer), 0)
  return {
    stalls: sum(({ player }) => player.stalls),
    ms: round(sum(({ player }) => player.stallMs)),
    lostParts: sum(({ player }) => player.lostParts),
  }
}
