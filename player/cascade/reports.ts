/** What the coordinator hears of this viewer: counts since the report before, at its own pace, and sooner after a change. */
import type { CascadeClientMessage } from '../../cascade/messages.ts'
import type { Offer } from '../decisions/sharing.ts'
import type { MembershipFacts } from './membership.ts'
import type { SharingFacts } from '../playback/sharing-facts.ts'

export interface PlaybackTotals {
  stalls: number
  stallMs: number
  playedMs: number
  httpBytes: number
}

export interface ReportInput {
  nowMs: number
  statsMs: number
  offer: Offer
  /** null: in no swarm */
  facts: MembershipFacts | null
  sharing: SharingFacts
  totals: PlaybackTotals
}

interface Counts extends PlaybackTotals {
  cascade: number
  sent: number
}

type StatsMessage = Extract<CascadeClientMessage, { type: 'cascade-stats' }>

/** Even after a change not more often than this. */
const SHORTEST_MS = 1000
const MAX_PARENTS = 4
const MAX_MS = 3_600_000
const NOTHING: Counts = { stalls: 0, stallMs: 0, playedMs: 0, httpBytes: 0, cascade: 0, sent: 0 }

export class Reports {
  #told = NOTHING
  #toldAtMs: number
  /** bytes of each parent's at the report before */
  #parentBytes = new Map<string, number>()
  #isUrgent = false

  constructor(nowMs: number) {
    this.#toldAtMs = nowMs
  }

  /** Something has changed that the coordinator goes by. */
  hurry(): void {
    this.#isUrgent = true
  }

  /** The report that is due, or null. */
  next({ nowMs, statsMs, offer, facts, sharing, totals }: ReportInput): CascadeClientMessage | null {
    const sinceMs = nowMs - this.#toldAtMs
    if (sinceMs < (this.#isUrgent ? SHORTEST_MS : statsMs)) return null
    this.#toldAtMs = nowMs
    this.#isUrgent = false
    const { fromPrimary, fromBackup, sent } = sharing.bytes
    const counts: Counts = { ...totals, cascade: fromPrimary + fromBackup, sent }
    const since = (name: keyof Counts): number => Math.max(0, Math.round(counts[name] - this.#told[name]))
    const message: CascadeClientMessage = {
      type: 'cascade-stats',
      ability: offer,
      parents: this.#parents(facts?.parents ?? []),
      children: facts?.children.length ?? 0,
      spare_kbps: facts?.spareKbps ?? 0,
      bytes: { cascade: since('cascade'), http: since('httpBytes'), sent: since('sent') },
      stalls: since('stalls'),
      stall_ms: atMost(since('stallMs'), MAX_MS),
      played_ms: atMost(since('playedMs'), MAX_MS),
    }
    this.#told = counts
    return message
  }

  #parents(all: MembershipFacts['parents']): StatsMessage['parents'] {
    const before = this.#parentBytes
    const parents = all.slice(0, MAX_PARENTS)
    this.#parentBytes = new Map(parents.map(({ id, bytes }) => [id, bytes]))
    return parents.map(({ id, rttMs, loss, jitterMs, bytes, relayed }) => ({
      ...{ id, relayed, bytes: Math.max(0, bytes - (before.get(id) ?? 0)) },
      rtt_ms: atMost(rttMs ?? 0, MAX_MS),
      loss: atMost(loss, 1),
      jitter_ms: atMost(jitterMs, MAX_MS),
    }))
  }
}

function atMost(value: number, limit: number): number {
  return Math.max(0, Math.min(limit, value))
}
