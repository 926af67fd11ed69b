/** Which rendition to load next, by the network, the reserve and the size on screen; remembers when it last changed. */
import { chooseRendition, type RenditionFacts } from '../decisions/choose-rendition.ts'
import { MODES, type LatencyMode } from '../decisions/latency-mode.ts'
import type { BandwidthMeter } from '../stream/bandwidth-meter.ts'
import { bufferedAheadS } from './buffered.ts'

export interface AdaptationOptions {
  video: HTMLVideoElement
  meter: BandwidthMeter
  displayHeight: () => number | null
}

export class Adaptation {
  readonly #options: AdaptationOptions
  /** best first */
  renditions: readonly RenditionFacts[] = []
  #switchedAtMs = 0
  #fellAtMs = -Infinity

  constructor(options: AdaptationOptions) {
    this.#options = options
  }

  /** What to load instead of `current`, and whether that is urgent; null: leave it. */
  next(current: string, mode: LatencyMode): { rendition: string; isUrgent: boolean } | null {
    const { meter, displayHeight, video } = this.#options
    if (this.renditions.length === 0) return null
    const now = performance.now()
    const rendition = chooseRendition({
      renditions: this.renditions,
      current,
      estimateKbps: meter.kbps,
      reserveShare: bufferedAheadS(video) / MODES[mode].targetS,
      displayHeight: displayHeight(),
      sinceSwitchMs: now - this.#switchedAtMs,
      sinceFallMs: now - this.#fellAtMs,
    })
    return { rendition, isUrgent: this.#bitrateOf(rendition) < this.#bitrateOf(current) }
  }

  /** To be told of every change. */
  onSwitch(from: string | null, to: string): void {
    const now = performance.now()
    if (from !== null && this.#bitrateOf(to) < this.#bitrateOf(from)) this.#fellAtMs = now
    this.#switchedAtMs = now
  }

  #bitrateOf(rendition: string): number {
    return this.renditions.find(({ name }) => name === rendition)?.bitrateKbps ?? 0
  }
}
