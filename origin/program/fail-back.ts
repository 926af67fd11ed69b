/** How long a better publisher must be well before it is gone back to: longer each time it was lost soon again. Pure. */
import type { PublisherKind } from './live-rooms.ts'

export const FAIL_BACK_AFTER_MS = 5000
const MAX_FAIL_BACK_MS = 80_000
/** A publisher that fed for this long before it was lost has not flapped. */
const STEADY_MS = 60_000

export class FailBack {
  #afterMs = FAIL_BACK_AFTER_MS
  #fedSince: { kind: PublisherKind; atMs: number } | null = null
  #lostBefore: PublisherKind | null = null

  get afterMs(): number {
    return this.#afterMs
  }

  fed(kind: PublisherKind, nowMs: number): void {
    this.#fedSince = { kind, atMs: nowMs }
  }

  lost(kind: PublisherKind, nowMs: number): void {
    const isFlap =
      this.#lostBefore === kind && this.#fedSince?.kind === kind && nowMs - this.#fedSince.atMs < STEADY_MS
    this.#afterMs = isFlap ? Math.min(this.#afterMs * 2, MAX_FAIL_BACK_MS) : FAIL_BACK_AFTER_MS
    this.#lostBefore = kind
  }
}
