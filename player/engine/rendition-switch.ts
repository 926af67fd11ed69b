/**
 * Changes the rendition where it cannot be seen: at the end of a segment, when the new track already covers it. At any other
 * moment hls.js would load the segment being played again, and the picture stands until the next keyframe.
 */
import type { LocalStream } from '../stream/local-stream.ts'

export interface BufferedPiece {
  msn: number
  /** null: a whole segment */
  part: number | null
}

export interface RenditionSwitchOptions {
  stream: Pick<LocalStream, 'activate' | 'find'>
  /** makes the engine load this rendition from the next segment on */
  apply: (rendition: string) => void
}

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

  /** Starts the track at once; the change follows at the next end of a segment. */
  request(rendition: string): void {
    if (rendition === this.wanted) return
    this.#pending = rendition === this.#loading ? null : rendition
    if (this.#pending === null) return
    this.#options.stream.activate(rendition).catch(() => {
      if (this.#pending === rendition) this.#pending = null
    })
  }

  /** To be told of everything that was buffered of the picture. */
  onBuffered(piece: BufferedPiece): void {
    const next = this.#pending
    if (next === null || !this.#isSegmentEnd(piece)) return
    const head = this.#options.stream.find(next)?.track.head
    if (!head || head.msn < piece.msn) return
    this.#pending = null
    this.#loading = next
    this.#options.apply(next)
  }

  #isSegmentEnd({ msn, part }: BufferedPiece): boolean {
    if (part === null) return true
    return this.#options.stream.find(this.#loading)?.track.find(msn, part)?.header.lastOfSegment ?? false
  }
}
