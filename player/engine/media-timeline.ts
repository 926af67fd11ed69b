/** Where a video element stands on the program's timeline, and how far that is from the newest media at hand. */
import type { LocalStream } from '../stream/local-stream.ts'

export interface MediaTimelineOptions {
  video: HTMLVideoElement
  stream: Pick<LocalStream, 'find' | 'headerAt'>
}

/** Between two parts the stream goes on, though nothing of it is here yet: by this much at most. */
const PART_S = 0.25

export class MediaTimeline {
  readonly #options: MediaTimelineOptions
  /** media time minus the element's time, in seconds; null until the first part was parsed */
  offsetS: number | null = null
  #newestEndS = 0
  #advancedAtMs = 0

  constructor(options: MediaTimelineOptions) {
    this.#options = options
  }

  /** How long nothing new has come. */
  get silentMs(): number {
    return performance.now() - this.#advancedAtMs
  }

  get mediaTimeS(): number | null {
    return this.offsetS === null ? null : this.#options.video.currentTime + this.offsetS
  }

  /** Newest media of the track that is loaded, minus the playhead. */
  distanceS(track: string): number | null {
    const endS = this.#options.stream.find(track)?.track.newestEndSec ?? null
    const at = this.mediaTimeS
    if (endS === null || at === null) return null
    if (endS !== this.#newestEndS) {
      this.#newestEndS = endS
      this.#advancedAtMs = performance.now()
    }
    return endS + Math.min(PART_S, this.silentMs / 1000) - at
  }

  /** When the picture now shown reached the origin, by the server's clock; null while its part is not here. */
  captureTimeMs(track: string): number | null {
    const at = this.mediaTimeS
    const header = at === null ? null : this.#options.stream.headerAt(track, at)
    if (header === null || at === null) return null
    return header.captureTimeMs + (at - header.mediaTime / header.timescale) * 1000
  }
}
