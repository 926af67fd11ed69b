/** Publishers who may not come back yet, and why: their encoders try by themselves, and must not undo what a person has decided. */

/** For how long at least. Encoders try again within a few seconds. */
export const HOLD_AT_LEAST_MS = 5000
/** Who has not given up by then is let in: nobody stands by a decision for ever. */
export const HOLD_AT_MOST_MS = 15 * 60_000
/** Each try of OBS takes half as long again as the one before. */
const PATIENCE = 2

interface Hold {
  reason: string
  sinceMs: number
  triedAtMs: number
  untilMs: number
  isForTriesToo: boolean
}

export class Holds {
  readonly #holds = new Map<string, Hold>()
  readonly #now: () => number

  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Keeps one out for a moment. `isForTriesToo`: for as long, besides, as its tries go on. */
  set(key: string, reason: string, isForTriesToo: boolean): void {
    const nowMs = this.#now()
    // Bounded by what has been ended of late.
    for (const [each, { untilMs }] of this.#holds) if (untilMs <= nowMs) this.#holds.delete(each)
    const untilMs = nowMs + HOLD_AT_LEAST_MS
    this.#holds.set(key, { reason, sinceMs: nowMs, triedAtMs: nowMs, untilMs, isForTriesToo })
  }

  /** What one who tries now is told; null where he may. */
  refusal(key: string): string | null {
    const nowMs = this.#now()
    const hold = this.#holds.get(key)
    if (!hold || nowMs >= hold.untilMs) return null
    if (!hold.isForTriesToo) return hold.reason
    const nextMs = nowMs + PATIENCE * (nowMs - hold.triedAtMs) + HOLD_AT_LEAST_MS
    hold.untilMs = Math.max(hold.untilMs, Math.min(nextMs, hold.sinceMs + HOLD_AT_MOST_MS))
    hold.triedAtMs = nowMs
    return `${hold.reason} in ${Math.ceil((hold.untilMs - nowMs) / 1000)} s`
  }
}
