/** One outage: since when, when the slate is due, when nobody may come back any more. Its clip is fetched meanwhile. */
import type { Logger } from '../../runtime/logger.ts'
import type { SlateClip } from '../slate/clip.ts'

export interface OutageOptions {
  sinceMs: number
  slateAtMs: number
  endsAtMs: number
  slate: (() => Promise<SlateClip>) | null
  logger: Logger
}

/** Asked for again after this, when there was none to be had. */
const RETRY_MS = 2000

export class Outage {
  readonly sinceMs: number
  slateAtMs: number
  endsAtMs: number
  clip: SlateClip | null = null
  readonly #options: OutageOptions
  #retry: NodeJS.Timeout | null = null
  #isOver = false

  constructor(options: OutageOptions) {
    this.#options = options
    this.sinceMs = options.sinceMs
    this.slateAtMs = options.slateAtMs
    this.endsAtMs = options.endsAtMs
    void this.#fetch()
  }

  close(): void {
    this.#isOver = true
    if (this.#retry) clearTimeout(this.#retry)
  }

  async #fetch(): Promise<void> {
    const { slate, logger } = this.#options
    if (!slate || this.#isOver) return
    try {
      this.clip = await slate()
    } catch (error) {
      logger.warn({ err: error }, 'no slate to be had: asking again')
      if (!this.#isOver) this.#retry = setTimeout(() => void this.#fetch(), RETRY_MS)
    }
  }
}
