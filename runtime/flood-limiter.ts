/** Warnings a peer can cause at will: the first is logged at once, the rest are counted and reported once a second. */

import type { Logger } from './logger.ts'

export interface CountedWarnOptions {
  logger: Logger
  /** How long a kind of warning is counted before it is reported, milliseconds. */
  intervalMs?: number
}

interface Flood {
  fields: Record<string, unknown>
  message: string
  suppressed: number
}

// Kinds are names in our code; the bound only guards against a caller that puts a peer's text into one.
const MAX_KINDS = 256

/** Logs warnings by kind, at most one line a kind and second. */
export class CountedWarn {
  readonly #logger: Logger
  readonly #intervalMs: number
  readonly #floods = new Map<string, Flood>()
  #timer: NodeJS.Timeout | null = null

  constructor(options: CountedWarnOptions) {
    this.#logger = options.logger
    this.#intervalMs = options.intervalMs ?? 1000
  }

  /** Logs `message` now, or counts it when the same kind was logged within the interval. */
  warn(kind: string, fields: Record<string, unknown>, message: string): void {
    const key = this.#floods.has(kind) || this.#floods.size < MAX_KINDS ? kind : 'other'
    const flood = this.#floods.get(key)
    if (flood !== undefined) {
      Object.assign(flood, { fields, message, suppressed: flood.suppressed + 1 })
      return
    }
    this.#floods.set(key, { fields, message, suppressed: 0 })
    this.#logger.warn({ ...fields, kind }, message)
    this.#timer ??= setInterval(() => this.#report(), this.#intervalMs).unref()
  }

  /** Reports what is still counted and stops the timer. */
  close(): void {
    this.#report()
    this.#floods.clear()
    this.#stop()
  }

  #report(): void {
    for (const [kind, flood] of this.#floods) {
      if (flood.suppressed === 0) this.#floods.delete(kind)
      else this.#logger.warn({ ...flood.fields, kind, times: flood.suppressed }, flood.message)
      flood.suppressed = 0
    }
    if (this.#floods.size === 0) this.#stop()
  }

  #stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}
