/** How long tags gather before they leave in one write per viewer. */

export interface FlushSettings {
  /** For few viewers. */
  flushMs: number
  /** For many, whose writes are most of what an edge does: a write costs nearly the same however much it carries. */
  crowdFlushMs: number
}

// From where on writes are felt, and where they would take more than a tenth of a core.
const FEW_VIEWERS = 100
const MANY_VIEWERS = 500

export function flushDelayMs(viewers: number, { flushMs, crowdFlushMs }: FlushSettings): number {
  const crowd = Math.min(Math.max(0, (viewers - FEW_VIEWERS) / (MANY_VIEWERS - FEW_VIEWERS)), 1)
  return flushMs + Math.max(0, crowdFlushMs - flushMs) * crowd
}
