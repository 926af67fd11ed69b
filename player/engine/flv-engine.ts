/** mpegts.js playing FLV: where the viewer asks for it, or HLS cannot be played. The only file that knows mpegts.js. */
import mpegts from 'mpegts.js'
import { MODES, type LatencyMode } from '../decisions/latency-mode.ts'
import { PlayerError } from '../player-error.ts'
import type { BandwidthMeter } from '../stream/bandwidth-meter.ts'
import { bufferedAheadS, readSpans } from './buffered.ts'
import { Ending } from './ending.ts'
import { NO_FACTS, type Engine, type EngineEnd, type EngineFacts } from './engine.ts'
import { FlvClock } from './flv-clock.ts'
import { RateController } from './rate-controller.ts'

export interface FlvEngineOptions {
  video: HTMLVideoElement
  /** the source's FLV, absolute */
  address: string
  mode: LatencyMode
  meter: BandwidthMeter
}

const BACK_BUFFER_S = { max: 30, min: 15 }

export class FlvEngine implements Engine {
  readonly kind = 'flv'
  readonly #options: FlvEngineOptions
  readonly #ending = new Ending()
  readonly #rate: RateController
  readonly #clock = new FlvClock()
  #player: ReturnType<typeof mpegts.createPlayer> | null = null
  #mode: LatencyMode

  constructor(options: FlvEngineOptions) {
    this.#options = options
    this.#mode = options.mode
    this.#rate = new RateController({
      video: options.video,
      mode: options.mode,
      distanceS: () => this.#distanceS(),
      bufferedAheadS: () => bufferedAheadS(options.video),
    })
  }

  get closed(): Promise<EngineEnd> {
    return this.#ending.closed
  }

  async start(): Promise<void> {
    if (!mpegts.isSupported()) throw new PlayerError('engine_unsupported', 'no media source here')
    mpegts.LoggingControl.enableAll = false
    const { address } = this.#options
    const url = this.#mode === 'continuity' ? `${address}?behind=${MODES.continuity.targetS}` : address
    const player = mpegts.createPlayer({ type: 'flv', isLive: true, url, cors: true }, this.#settings())
    this.#player = player
    player.on(mpegts.Events.ERROR, (kind: unknown, detail: unknown) =>
      this.#ending.fail(
        new PlayerError(kind === 'NetworkError' ? 'network_failed' : 'media_failed', String(detail)),
      ),
    )
    player.on(mpegts.Events.LOADING_COMPLETE, () =>
      this.#ending.fail(new PlayerError('network_failed', 'the server closed the stream')),
    )
    player.attachMediaElement(this.#options.video)
    player.load()
    this.#rate.start()
  }

  facts(): EngineFacts {
    const { meter, video } = this.#options
    const baseS = this.#clock.baseS
    return {
      ...NO_FACTS,
      rendition: 'source',
      distanceS: this.#distanceS(),
      mediaTimeS: baseS === null ? null : video.currentTime + baseS,
      isAtLive: !this.#rate.isHeld && !video.paused,
      httpBytes: meter.bytes,
      bandwidthKbps: meter.kbps,
    }
  }

  choose(): void {
    // the source is all there is
  }

  setMode(mode: LatencyMode): void {
    this.#mode = mode
    this.#rate.setMode(mode)
  }

  goToLive(): void {
    this.#rate.goToLive()
  }

  seekBy(seconds: number): void {
    this.#rate.seekBy(seconds)
  }

  resume(): void {
    this.#rate.resume()
  }

  async close(): Promise<void> {
    this.#ending.close()
    this.#rate.close()
    this.#player?.destroy()
    this.#player = null
  }

  #settings(): Parameters<typeof mpegts.createPlayer>[1] {
    const clock = this.#clock
    const { meter } = this.#options
    return {
      enableWorker: false,
      // small chunks must reach the buffer at once
      enableStashBuffer: false,
      lazyLoad: false,
      autoCleanupSourceBuffer: true,
      autoCleanupMaxBackwardDuration: BACK_BUFFER_S.max,
      autoCleanupMinBackwardDuration: BACK_BUFFER_S.min,
      // our own controller holds the distance
      liveBufferLatencyChasing: false,
      liveSync: false,
      customLoader: createCountingLoader((chunk) => {
        clock.push(chunk)
        meter.count(chunk.byteLength)
      }),
    }
  }

  #distanceS(): number | null {
    const { video } = this.#options
    const end = readSpans(video.buffered).at(-1)?.end
    return end === undefined ? null : end - video.currentTime
  }
}

/** A loader that reads the endless answer by `fetch` and lets somebody look at the bytes on their way. */
function createCountingLoader(onChunk: (chunk: Uint8Array) => void) {
  return class CountingLoader extends mpegts.BaseLoader {
    readonly #gone = new AbortController()

    constructor() {
      super('headwater-flv')
      this._needStash = false
    }

    override destroy(): void {
      this.abort()
      super.destroy()
    }

    override open({ url }: { url: string }): void {
      this._status = mpegts.LoaderStatus.kConnecting
      void this.#run(url)
    }

    override abort(): void {
      this._status = mpegts.LoaderStatus.kComplete
      this.#gone.abort()
    }

    async #run(url: string): Promise<void> {
      try {
        const answer = await fetch(url, { signal: this.#gone.signal, cache: 'no-store' })
        if (!answer.ok || !answer.body) return this.#fail(answer.status)
        this._status = mpegts.LoaderStatus.kBuffering
        await this.#read(answer.body.getReader())
      } catch {
        this.#fail(0)
      }
    }

    async #read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
      for (let at = 0; ;) {
        const { done, value } = await reader.read()
        if (this.#gone.signal.aborted) return
        if (done) {
          this._status = mpegts.LoaderStatus.kComplete
          return this.onComplete(0, at - 1)
        }
        onChunk(value)
        this.onDataArrival(new Uint8Array(value).buffer, at, at + value.byteLength)
        at += value.byteLength
      }
    }

    #fail(status: number): void {
      if (this.#gone.signal.aborted) return
      this._status = mpegts.LoaderStatus.kError
      const kind = status === 0 ? mpegts.LoaderErrors.EXCEPTION : mpegts.LoaderErrors.HTTP_STATUS_CODE_INVALID
      // the declared type is the table of errors, not one of them
      this.onError(kind as unknown as Parameters<typeof this.onError>[0], {
        code: status,
        msg: `status ${status}`,
      })
    }
  }
}
