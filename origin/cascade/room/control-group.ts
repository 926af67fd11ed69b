/** Who stays on HTTP so that the cascade has something to be measured by, and when the comparison says to switch it off. */
import { createHash } from 'node:crypto'

/** Smaller rooms have no control group: two viewers of it would say nothing. */
export const CONTROL_MIN_VIEWERS = 50
/** Share of viewers in it. */
export const CONTROL_SHARE = 0.03

/** Before either side has watched for so long there is no verdict. */
export const MIN_WATCHED_MS = 600_000
/** Watched time counts half after each of these. */
const HALF_LIFE_MS = 120_000
/** The cascade's viewers may stall by this factor, and by this share of time, more than the others. */
const WORSE_FACTOR = 1.5
const WORSE_SHARE = 0.01

/** The same answer for the same viewer of a room each time. */
export function isInControlGroup(roomId: string, viewer: string, viewers: number): boolean {
  if (viewers < CONTROL_MIN_VIEWERS) return false
  const digest = createHash('sha256').update(`headwater/control/1\0${roomId}\0${viewer}`).digest()
  return digest.readUInt32BE(0) / 2 ** 32 < CONTROL_SHARE
}

export interface Watched {
  playedMs: number
  stallMs: number
}

export type Side = 'cascade' | 'control'

/** Compares how both sides stall. */
export class StallComparison {
  readonly #now: () => number
  readonly #sides: Record<Side, Watched> = { cascade: nothing(), control: nothing() }
  #agedAtMs: number

  constructor(now: () => number) {
    this.#now = now
    this.#agedAtMs = now()
  }

  note(side: Side, { playedMs, stallMs }: Watched): void {
    this.#age()
    this.#sides[side].playedMs += playedMs
    this.#sides[side].stallMs += stallMs
  }

  /** Share of time stalled; null before enough was watched. */
  stallShare(side: Side): number | null {
    this.#age()
    const { playedMs, stallMs } = this.#sides[side]
    const watchedMs = playedMs + stallMs
    return watchedMs < MIN_WATCHED_MS ? null : stallMs / watchedMs
  }

  /** Whether the cascade's viewers stall clearly more. */
  get isCascadeWorse(): boolean {
    const [cascade, control] = [this.stallShare('cascade'), this.stallShare('control')]
    if (cascade === null || control === null) return false
    return cascade > control * WORSE_FACTOR + WORSE_SHARE
  }

  reset(): void {
    this.#sides.cascade = nothing()
    this.#sides.control = nothing()
  }

  #age(): void {
    const now = this.#now()
    const kept = 0.5 ** ((now - this.#agedAtMs) / HALF_LIFE_MS)
    this.#agedAtMs = now
    for (const side of Object.values(this.#sides)) {
      side.playedMs *= kept
      side.stallMs *= kept
    }
  }
}

function nothing(): Watched {
  return { playedMs: 0, stallMs: 0 }
}
