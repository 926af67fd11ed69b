/**
 * Tells an encoder that hangs from one that is slow: a slow one brings a frame of every rendition now and then, a hung one
 * brings none while the timeline goes on. Pure: time passes by ticks, so a process that was held up itself blames nobody.
 */

export const TICK_MS = 100
/** Video placed but not brought: more than a well encoder ever holds, two B-frames and the muxer's one included. */
const OWED_MS = 250
/** Nothing for this long while so much is owed: with the time in which it came to be owed, 0.6 to 0.7 s after the last frame. */
const LIMIT_TICKS = 4
/** The first frame takes 0.15 s, and many times that on a machine that is busy. */
const FIRST_FRAME_TICKS = 50
/** An encoder that has got over a pause may make one three times as long; that is forgotten by halves. */
const PAUSE_FACTOR = 3
const LONGEST_LIMIT_TICKS = 50
const HALF_LIFE_TICKS = 300

export interface EncoderWatchOptions {
  renditions: readonly string[]
  /** Where the encoder begins, ms of the timeline. */
  firstMs: number
  /** Multiplies every limit: more than 1 after encoders that were found hanging a short while ago. */
  patience: number
}

export class EncoderWatch {
  readonly #reachedMs: Map<string, number>
  readonly #firstMs: number
  readonly #patience: number
  #headMs: number
  #lastMs: number
  #idleTicks = 0
  #longestPause = 0
  #ticks = 0

  constructor({ renditions, firstMs, patience }: EncoderWatchOptions) {
    this.#reachedMs = new Map(renditions.map((name) => [name, firstMs]))
    this.#firstMs = firstMs
    this.#patience = patience
    this.#headMs = firstMs
    this.#lastMs = firstMs
  }

  /** How far the slowest rendition has come, ms of the timeline. */
  get reachedMs(): number {
    return Math.min(...this.#reachedMs.values())
  }

  /** Video was placed at a time of the timeline. */
  placed(timeMs: number): void {
    this.#headMs = Math.max(this.#headMs, timeMs)
  }

  /** The encoder brought a rendition's frame. */
  brought(rendition: string, timeMs: number): void {
    const reachedMs = this.#reachedMs.get(rendition)
    if (reachedMs !== undefined) this.#reachedMs.set(rendition, Math.max(reachedMs, timeMs))
  }

  /** To be called every `TICK_MS`; true when the encoder hangs. `slowness`: how overloaded the machine is, 1 and more. */
  tick(slowness = 1): boolean {
    if (++this.#ticks % HALF_LIFE_TICKS === 0) this.#longestPause = Math.floor(this.#longestPause / 2)
    const reachedMs = this.reachedMs
    if (reachedMs > this.#lastMs) this.#goOn(reachedMs)
    else if (this.#headMs - reachedMs >= OWED_MS) this.#idleTicks++
    return this.#idleTicks >= this.#limitTicks() * this.#patience * Math.max(1, slowness)
  }

  #goOn(reachedMs: number): void {
    if (this.#lastMs > this.#firstMs) this.#longestPause = Math.max(this.#longestPause, this.#idleTicks)
    this.#lastMs = reachedMs
    this.#idleTicks = 0
  }

  #limitTicks(): number {
    if (this.#lastMs === this.#firstMs) return FIRST_FRAME_TICKS
    return Math.min(Math.max(LIMIT_TICKS, this.#longestPause * PAUSE_FACTOR), LONGEST_LIMIT_TICKS)
  }
}
