/** Whether an upstream is worth asking: after failures it is left alone for a while, then one request tries it. */

/** One request's way through; exactly one of these is called. */
export interface Passage {
  succeed(): void
  fail(): void
  /** It was given up before it showed anything. */
  leave(): void
}

const MAX_FAILURES = 3
const FIRST_PAUSE_MS = 1000
const MAX_PAUSE_MS = 8000

export class Breaker {
  readonly #now: () => number
  #failures = 0
  #pauseMs = FIRST_PAUSE_MS
  /** When it may be tried; null while it is closed. */
  #triedAtMs: number | null = null
  #isProbed = false

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  get isOpen(): boolean {
    return this.#triedAtMs !== null
  }

  get mayPass(): boolean {
    return this.#triedAtMs === null || (!this.#isProbed && this.#now() >= this.#triedAtMs)
  }

  /** To be called whether it may pass or not: where there is nobody else, somebody has to be asked. */
  pass(): Passage {
    const isProbe = this.#triedAtMs !== null && this.mayPass
    if (isProbe) this.#isProbed = true
    const end = (then: () => void): void => {
      if (isProbe) this.#isProbed = false
      then()
    }
    return {
      succeed: () => end(() => this.#close()),
      fail: () => end(() => this.#fail(isProbe)),
      leave: () => end(() => undefined),
    }
  }

  #close(): void {
    this.#failures = 0
    this.#pauseMs = FIRST_PAUSE_MS
    this.#triedAtMs = null
  }

  #fail(isProbe: boolean): void {
    // Those that were under way when it opened say nothing new.
    if (this.#triedAtMs !== null && !isProbe) return
    this.#failures++
    if (this.#failures < MAX_FAILURES) return
    if (isProbe) this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS)
    this.#triedAtMs = this.#now() + this.#pauseMs
  }
}
