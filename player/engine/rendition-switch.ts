/**
 * Changes the rendition where it cannot be seen: at the end of a segment, when the new track already covers it. At any other
 * moment hls.js loads the last segment again from its start: that is harmless as long as the playhead is further away.
 */
import type { LocalStream } from '../stream/local-stream.ts'

export interface BufferedPiece {
  msn: number
  /** null: a whole segment */
  part: number | null
}

export interface RenditionSwitchOptions {
  stream: Pick<LocalStream, 'activate' | 'find' | 'rest' | 'nudge'>
  /** makes the engine load this rendition from now on */
  apply: (rendition: string) => void
  bufferedAheadS: () => number
}

/** A segment, and time to load its first part again. */
const SAFE_AHEAD_S = 3

export class RenditionSwitch {
  readonly #options: RenditionSwitchOptions
  #loading: string
  #pending: string | null = null

  constructor(loading: string, options: RenditionSwitchOptions) {
    this.#loading = loading
    this.#options = options
  }

  /** What is being loaded now. */
  get loading(): string {
    return this.#loading
  }

  /** What is or will be loaded. */
  get wanted(): string {
    return this.#pending ?? this.#loading
  }

  /** Starts the track at once; the change follows at the next end of a segment, or before it where that is urgent and safe. */
  async request(rendition: string, isUrgent = false): Promise<void> {
    if (rendition === this.wanted) return
    this.#pending = rendition === this.#loading ? null : rendition
    if (this.#pending === null) return this.#options.stream.rest(rendition)
    // what does not fit through must not keep out what would
    if (isUrgent && this.#isSafe()) this.#options.stream.rest(this.#loading)
    try {
      await this.#options.stream.activate(rendition)
      if (isUrgent && this.#pending === rendition && this.#isSafe()) this.#apply(rendition)
    } catch {
      if (this.#pending === rendition) this.#pending = null
      // if the old track rests already, its next playlist request wakes it
      this.#options.stream.nudge()
    }
  }

  /** To be told of everything that was buffered of the picture. */
  onBuffered(piece: BufferedPiece): void {
    const next = this.#pending
    if (next === null || !this.#isSegmentEnd(piece)) return
    const head = this.#options.stream.find(next)?.track.head
    if (head && head.msn >= piece.msn) this.#apply(next)
  }

  #apply(next: string): void {
    this.#options.stream.rest(this.#loading)
    this.#pending = null
    this.#loading = next
    this.#options.apply(next)
  }

  #isSafe(): boolean {
    return this.#options.bufferedAheadS() > SAFE_AHEAD_S
  }

  #isSegmentEnd({ msn, part }: BufferedPiece): boolean {
    if (part === null) return true
    return this.#options.stream.find(this.#loading)?.track.find(msn, part)?.header.lastOfSegment ?? false
  }
}
