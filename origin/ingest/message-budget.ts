/** How many messages one connection may send: as many as a hiccup of the network can pile up, and a steady rate. Pure: the clock is handed in. */

/** 60 pictures and 50 frames of sound are 110 a second: this is far from any encoder, and costs little. */
export const MESSAGES_PER_SECOND = 2000
/** What may come at once; at the steady rate it is filled up again in five seconds. */
export const MESSAGES_AT_ONCE = 10_000

export class MessageBudget {
  #left = MESSAGES_AT_ONCE
  #atMs: number | null = null

  /** Takes one message; false when there are too many. */
  take(nowMs: number): boolean {
    const passedMs = Math.max(0, nowMs - (this.#atMs ?? nowMs))
    this.#atMs = nowMs
    this.#left = Math.min(MESSAGES_AT_ONCE, this.#left + (passedMs * MESSAGES_PER_SECOND) / 1000)
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
