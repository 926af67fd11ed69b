/** How good a parent somebody would be: one number from 0 to 1 out of five facts. */

export interface ParentMerits {
  /** To the candidate, ms. */
  rttMs: number
  /** 0 to 1. */
  loss: number
  /** Streams it can still send. */
  spareStreams: number
  /** Of what it is asked for as a rule, what it sends already, where load is to be spread: 0 to 1. */
  used: number
  /** For how long it has been here, ms. */
  ageMs: number
  /** Share of its stream it is itself brought by the cascade, and of its children that were content, 0 to 1. */
  reliability: number
  /** 1: shares nothing with the other parents that could die; 0: all of it. */
  diversity: number
}

export const WEIGHTS = { rtt: 0.3, loss: 0.3, spare: 0.2, stability: 0.1, diversity: 0.1 } as const

/** A round-trip that halves its share of the score. */
const HALF_RTT_MS = 100
/** Nothing is left of the loss's share here; its root counts, as in what a path can carry. */
const WORST_LOSS = 0.05
const AMPLE_STREAMS = 2
/** An age that gives two thirds of the stability's share. */
const STEADY_AGE_MS = 300_000

/** 0 to 1; pure. */
export function scoreParent(merits: ParentMerits): number {
  const { rtt, loss, spare, stability } = normalise(merits)
  return (
    WEIGHTS.rtt * rtt +
    WEIGHTS.loss * loss +
    WEIGHTS.spare * spare +
    WEIGHTS.stability * stability +
    WEIGHTS.diversity * clamp(merits.diversity)
  )
}

function normalise(merits: ParentMerits): Record<'rtt' | 'loss' | 'spare' | 'stability', number> {
  return {
    rtt: 1 / (1 + Math.max(0, merits.rttMs) / HALF_RTT_MS),
    loss: 1 - Math.sqrt(clamp(merits.loss / WORST_LOSS)),
    spare: clamp(merits.spareStreams / AMPLE_STREAMS) * (1 - clamp(merits.used)),
    stability: (1 - Math.exp(-Math.max(0, merits.ageMs) / STEADY_AGE_MS)) * clamp(merits.reliability),
  }
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value))
}
