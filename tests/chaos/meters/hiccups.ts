/** How late this process runs: a machine that is busy disturbs what is measured, and that must be seen. */
import { loadavg } from 'node:os'

const TICK_MS = 50
const LATE_MS = 150

export class HiccupMeter {
  /** Wall clock and how late. */
  readonly seen: [number, number][] = []
  readonly #timer: NodeJS.Timeout
  #due = performance.now() + TICK_MS

  constructor() {
    this.#timer = setInterval(() => {
      const late = performance.now() - this.#due
      if (late > LATE_MS) this.seen.push([Date.now(), late])
      this.#due = performance.now() + TICK_MS
    }, TICK_MS)
  }

  longest(fromMs: number, untilMs: number): number {
    return Math.round(
      Math.max(0, ...this.seen.filter(([atMs]) => atMs >= fromMs && atMs <= untilMs).map(([, late]) => late)),
    )
  }

  close(): void {
    clearInterval(this.#timer)
  }
}

/** The machine's load over the last minute. */
export function loadNow(): number {
  return Number((loadavg()[0] ?? 0).toFixed(2))
}
