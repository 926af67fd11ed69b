/**
 * Whether a publisher is well: tags arrive, a picture among them, and their times move. Pure. Time is counted while this process
 * is awake, so that a pause of ours is not taken for one of the publisher's.
 */

/** Nothing has come for this long: it is lost, whatever TCP believes. */
export const SILENT_AFTER_MS = 1000
/** Tags come, but their times stand still. */
export const FROZEN_AFTER_MS = 1000
/** Sound comes, but no picture from one that had one: screens at one frame a second are none of that. */
export const PICTURELESS_AFTER_MS = 2500

export type Ailment = 'silent' | 'frozen' | 'no-picture'

export class SourceHealth {
  #silentMs = 0
  #stillMs = 0
  #picturelessMs = 0
  #healthyMs = 0
  #hasVideo = false
  #lastMs: number | null = null

  /** One frame of media, by its decode time. Once there is video, only video moves time. */
  observe(track: 'video' | 'audio', timeMs: number): void {
    this.#silentMs = 0
    if (track === 'video') {
      this.#hasVideo = true
      this.#picturelessMs = 0
    }
    if (this.#hasVideo && track === 'audio') return
    if (timeMs !== this.#lastMs) this.#stillMs = 0
    this.#lastMs = timeMs
  }

  /** So much time has passed. */
  pass(ms: number): void {
    this.#silentMs += ms
    this.#stillMs += ms
    this.#picturelessMs += ms
    this.#healthyMs = this.ailment === null && this.#lastMs !== null ? this.#healthyMs + ms : 0
  }

  get ailment(): Ailment | null {
    if (this.#silentMs > SILENT_AFTER_MS) return 'silent'
    if (this.#hasVideo && this.#picturelessMs > PICTURELESS_AFTER_MS) return 'no-picture'
    const isStill =
      this.#stillMs > FROZEN_AFTER_MS && (!this.#hasVideo || this.#picturelessMs < FROZEN_AFTER_MS)
    return isStill ? 'frozen' : null
  }

  /** Since when it has been well without a break. */
  get healthyForMs(): number {
    return this.#healthyMs
  }

  /** How long nothing at all has come. */
  get silentForMs(): number {
    return this.#silentMs
  }

  /** How long its time has stood still, for whatever reason. */
  get stillForMs(): number {
    return this.#stillMs
  }
}
