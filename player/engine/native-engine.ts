/** The browser's own HLS player: where there is no media source, and on devices that should do as little as possible. */
import type { LatencyMode } from '../decisions/latency-mode.ts'
import { PlayerError } from '../player-error.ts'
import { Ending } from './ending.ts'
import { NO_FACTS, type Engine, type EngineEnd, type EngineFacts } from './engine.ts'

export interface NativeEngineOptions {
  video: HTMLVideoElement
  /** the multivariant playlist, absolute */
  address: string
}

/** The newest position the element can seek to, less what players keep for safety. */
const LIVE_MARGIN_S = 6

export class NativeEngine implements Engine {
  readonly kind = 'native'
  readonly #options: NativeEngineOptions
  readonly #ending = new Ending()
  readonly #gone = new AbortController()

  constructor(options: NativeEngineOptions) {
    this.#options = options
  }

  get closed(): Promise<EngineEnd> {
    return this.#ending.closed
  }

  async start(): Promise<void> {
    const { video, address } = this.#options
    const onError = (): void =>
      this.#ending.fail(new PlayerError('media_failed', `media error ${video.error?.code ?? 'unknown'}`))
    video.addEventListener('error', onError, { signal: this.#gone.signal })
    video.src = address
  }

  facts(): EngineFacts {
    const { video } = this.#options
    const startMs = readStartDate(video)
    const name = video.videoHeight > 0 ? `${Math.min(video.videoHeight, video.videoWidth)}p` : null
    const distanceS = video.seekable.length > 0 ? this.#newestS() - video.currentTime : null
    return {
      ...NO_FACTS,
      rendition: name,
      distanceS,
      captureTimeMs: startMs === null ? null : startMs + video.currentTime * 1000,
      isAtLive: distanceS === null || distanceS < LIVE_MARGIN_S * 3,
    }
  }

  choose(): void {
    // the browser chooses
  }

  setMode(_mode: LatencyMode): void {
    // and keeps its own distance
  }

  goToLive(): void {
    const { video } = this.#options
    if (video.seekable.length > 0) video.currentTime = Math.max(0, this.#newestS() - LIVE_MARGIN_S)
  }

  seekBy(seconds: number): void {
    const { video } = this.#options
    video.currentTime = Math.max(0, video.currentTime + seconds)
  }

  resume(): void {
    // nothing pulls it back to live
  }

  async close(): Promise<void> {
    this.#ending.close()
    this.#gone.abort()
    this.#options.video.removeAttribute('src')
    this.#options.video.load()
  }

  #newestS(): number {
    const { seekable } = this.#options.video
    return seekable.length === 0 ? 0 : seekable.end(seekable.length - 1)
  }
}

/** Safari tells the EXT-X-PROGRAM-DATE-TIME of position 0. */
function readStartDate(video: HTMLVideoElement): number | null {
  if (!('getStartDate' in video) || typeof video.getStartDate !== 'function') return null
  const date: unknown = video.getStartDate()
  return date instanceof Date && Number.isFinite(date.getTime()) ? date.getTime() : null
}
