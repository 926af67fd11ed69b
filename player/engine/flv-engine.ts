/** mpegts.js playing FLV: where the viewer asks for it, or HLS cannot be played. The only file that knows mpegts.js. */
import mpegts from 'mpegts.js'
import type { FlvTag } from '../../media/flv-stream.ts'
import { MODES, type LatencyMode } from '../decisions/latency-mode.ts'
import { PlayerError } from '../player-error.ts'
import type { BandwidthMeter } from '../stream/bandwidth-meter.ts'
import type { MediaFetch } from '../stream/media-fetch.ts'
import { ArrivalLog } from './arrival-log.ts'
import { bufferedAheadS, readSpans } from './buffered.ts'
import { Ending } from './ending.ts'
import { NO_FACTS, type Engine, type EngineEnd, type EngineFacts } from './engine.ts'
import { FlvClock } from './flv-clock.ts'
import { FlvConnection } from './flv-connection.ts'
import { RateController } from './rate-controller.ts'

export interface FlvEngineOptions {
  video: HTMLVideoElement
  /** the source's FLV, absolute */
  address: string
  mode: LatencyMode
  http: MediaFetch
  meter: BandwidthMeter
  /** the server's clock, ms since 1970 */
  nowMs: () => number
}

const BACK_BUFFER_S = { max: 30, min: 15 }

export class FlvEngine implements Engine {
  readonly kind = 'flv'
  readonly #options: FlvEngineOptions
  readonly #ending = new Ending()
  readonly #rate: RateController
  readonly #clock = new FlvClock()
  readonly #arrivals = new ArrivalLog()
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
    const player = mpegts.createPlayer(
      { type: 'flv', isLive: true, url: address, cors: true },
      this.#settings(),
    )
    this.#player = player
    player.on(mpegts.Events.ERROR, (kind: unknown, detail: unknown) =>
      this.#ending.fail(
        new PlayerError(kind === 'NetworkError' ? 'network_failed' : 'media_failed', String(detail)),
      ),
    )
    player.attachMediaElement(this.#options.video)
    player.load()
    this.#rate.start()
  }

  facts(): EngineFacts {
    const { meter, video } = this.#options
    const baseS = this.#clock.baseS
    const mediaTimeS = baseS === null ? null : video.currentTime + baseS
    return {
      ...NO_FACTS,
      rendition: 'source',
      distanceS: this.#distanceS(),
      captureTimeMs: mediaTimeS === null ? null : this.#arrivals.wallMs(mediaTimeS),
      mediaTimeS,
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
      customLoader: createLoader((onBytes) => this.#connect(onBytes)),
    }
  }

  #connect(onBytes: (bytes: Uint8Array) => void): FlvConnection {
    const { address, http, nowMs } = this.#options
    const behindS = this.#mode === 'continuity' ? MODES.continuity.targetS : 0
    const onTag = (tag: FlvTag): void => {
      this.#clock.push(tag)
      if (tag.type !== 'script') this.#arrivals.note(tag.timestampMs / 1000, nowMs())
    }
    return new FlvConnection({ address, behindS, http, onBytes, onTag })
  }

  #distanceS(): number | null {
    const { video } = this.#options
    const end = readSpans(video.buffered).at(-1)?.end
    return end === undefined ? null : end - video.currentTime
  }
}

/** The loader mpegts.js is given: it hands on what a connection brings. */
function createLoader(open: (onBytes: (bytes: Uint8Array) => void) => FlvConnection) {
  return class ConnectionLoader extends mpegts.BaseLoader {
    #connection: FlvConnection | null = null

    constructor() {
      super('headwater-flv')
      this._needStash = false
    }

    override destroy(): void {
      this.abort()
      super.destroy()
    }

    override open(): void {
      this._status = mpegts.LoaderStatus.kBuffering
      void this.#run()
    }

    override abort(): void {
      this._status = mpegts.LoaderStatus.kComplete
      this.#connection?.close()
    }

    async #run(): Promise<void> {
      let at = 0
      this.#connection = open((bytes) => {
        this.onDataArrival(new Uint8Array(bytes).buffer, at, at + bytes.byteLength)
        at += bytes.byteLength
      })
      const end = await this.#connection.run()
      this._status = end.reason === 'over' ? mpegts.LoaderStatus.kComplete : mpegts.LoaderStatus.kError
      if (end.reason === 'over') return this.onComplete(0, at - 1)
      // the declared type is the table of errors, not one of them
      this.onError(mpegts.LoaderErrors.EXCEPTION as unknown as Parameters<typeof this.onError>[0], {
        code: 0,
        msg: end.error.code,
      })
    }
  }
}
