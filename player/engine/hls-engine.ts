/** hls.js over a local stream. The only file that knows hls.js. */
import Hls, { Events, type ErrorData, type HlsConfig } from 'hls.js'
import { startRendition } from '../decisions/choose-rendition.ts'
import { watchHole, type HoleSighting } from '../decisions/hole-watchdog.ts'
import { MODES, type LatencyMode } from '../decisions/latency-mode.ts'
import { PlayerError } from '../player-error.ts'
import type { BandwidthMeter } from '../stream/bandwidth-meter.ts'
import type { LocalStream } from '../stream/local-stream.ts'
import { locate, type Master } from '../stream/master.ts'
import { Adaptation } from './adaptation.ts'
import { BufferLimit } from './buffer-limit.ts'
import { bufferedAheadS, readSpans } from './buffered.ts'
import { Ending } from './ending.ts'
import { NO_FACTS, type Engine, type EngineEnd, type EngineFacts } from './engine.ts'
import { hlsSettings } from './hls-config.ts'
import { mendBufferQueue } from './hls-mend.ts'
import { createPartLoader } from './part-loader.ts'
import { MediaTimeline } from './media-timeline.ts'
import { RateController } from './rate-controller.ts'
import { RenditionSwitch } from './rendition-switch.ts'

export interface HlsEngineOptions {
  video: HTMLVideoElement
  stream: LocalStream
  meter: BandwidthMeter
  mode: LatencyMode
  /** null: automatically */
  rendition: string | null
  displayHeight: () => number | null
}

const WATCH_MS = 200
const ADAPT_MS = 1000
/** Longer than a part: the publisher is away. */
const SILENCE_MS = 500
/** hls.js begins at its own distance from live. */
const AT_LIVE = -1
/** At its very end hls.js would still load the gap. */
const BEHIND_GAP_S = 0.01
const MAX_MEDIA_RECOVERIES = 3
const MAX_LOAD_RECOVERIES = 5

export class HlsEngine implements Engine {
  readonly kind = 'hls'
  readonly #options: HlsEngineOptions
  readonly #ending = new Ending()
  readonly #timeline: MediaTimeline
  readonly #rate: RateController
  readonly #adaptation: Adaptation
  readonly #timers: ReturnType<typeof setInterval>[] = []
  #hls: Hls | null = null
  #bufferLimit: BufferLimit | null = null
  #master: Master | null = null
  #switch: RenditionSwitch | null = null
  #mode: LatencyMode
  #chosen: string | null
  #hole: HoleSighting | null = null
  #recoveries = { media: 0, load: 0 }
  /** While nothing new comes hls.js waits for a playlist and loads nothing, not even for a seek. */
  readonly #onSeeking = (): void => {
    if (this.#timeline.silentMs > SILENCE_MS) this.#options.stream.nudge()
  }

  constructor(options: HlsEngineOptions) {
    this.#options = options
    this.#mode = options.mode
    this.#chosen = options.rendition
    this.#timeline = new MediaTimeline(options)
    this.#adaptation = new Adaptation(options)
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
    if (!Hls.isSupported()) throw new PlayerError('engine_unsupported', 'no media source here')
    const { stream, video } = this.#options
    stream.partWindowS = MODES[this.#mode].partWindowS
    const master = await stream.master()
    if (this.#ending.isOver) return
    this.#master = master
    this.#adaptation.renditions = master.renditions
    const first = this.#firstRendition(master)
    const hls = new Hls({
      ...hlsSettings(this.#mode),
      ...controllers(),
      loader: createPartLoader((address, signal) => stream.answer(address, signal)),
    })
    this.#hls = hls
    this.#bufferLimit = new BufferLimit(hls.config)
    mendBufferQueue(Reflect.get(hls, 'bufferController'))
    this.#switch = new RenditionSwitch(first, {
      stream,
      apply: (name) => this.#load(name),
      bufferedAheadS: () => bufferedAheadS(video),
    })
    this.#listen(hls, first)
    hls.loadSource(master.address)
    hls.attachMedia(video)
    this.#rate.start()
    this.#timers.push(
      setInterval(() => this.#watch(), WATCH_MS),
      setInterval(() => this.#adapt(), ADAPT_MS),
    )
  }

  facts(): EngineFacts {
    const { meter, video } = this.#options
    const rendition = this.#shown()
    return {
      ...NO_FACTS,
      rendition,
      renditions: this.#master?.renditions ?? [],
      chosen: this.#chosen,
      distanceS: this.#distanceS(),
      captureTimeMs: rendition === null ? null : this.#timeline.captureTimeMs(rendition),
      mediaTimeS: this.#timeline.mediaTimeS,
      isAtLive: !this.#rate.isHeld && !video.paused,
      httpBytes: meter.bytes,
      bandwidthKbps: meter.kbps,
    }
  }

  choose(rendition: string | null): void {
    this.#chosen = rendition
    if (rendition !== null) void this.#switch?.request(rendition)
    else this.#adapt()
  }

  setMode(mode: LatencyMode): void {
    if (mode === this.#mode) return
    this.#mode = mode
    const { liveSyncDuration, maxBufferLength, maxMaxBufferLength } = hlsSettings(mode)
    if (this.#hls) Object.assign(this.#hls.config, { liveSyncDuration, maxBufferLength, maxMaxBufferLength })
    this.#options.stream.partWindowS = MODES[mode].partWindowS
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
    for (const timer of this.#timers.splice(0)) clearInterval(timer)
    this.#hls?.destroy()
    this.#hls = null
  }

  #firstRendition({ renditions }: Master): string {
    const { meter, displayHeight, stream } = this.#options
    const wanted = this.#chosen ?? stream.primed
    const isThere = renditions.some(({ name }) => name === wanted)
    return isThere && wanted !== null ? wanted : startRendition(renditions, meter.kbps, displayHeight())
  }

  /** Where to begin, on the clock of hls.js, which starts with the playlist: behind the gap that a young program leads with. */
  #startS(rendition: string): number {
    const track = this.#options.stream.find(rendition)?.track
    const [gap, next] = track?.segments() ?? []
    const endS = track?.newestEndSec ?? 0
    if (!gap?.gap || !next || endS - MODES[this.#mode].targetS > next.startSec) return AT_LIVE
    return next.startSec - gap.startSec + BEHIND_GAP_S
  }

  #listen(hls: Hls, first: string): void {
    const { stream } = this.#options
    hls.once(Events.MANIFEST_PARSED, () => {
      hls.startLevel = this.#levelOf(first)
      hls.loadLevel = hls.startLevel
      const begin = (): void => {
        if (!this.#ending.isOver) hls.startLoad(this.#startS(first))
      }
      // what fails here fails again when hls.js asks, which knows how to go on
      stream.activate(first).then(begin, begin)
    })
    hls.on(Events.INIT_PTS_FOUND, (_, { id, initPTS, timescale }) => {
      if (id === 'main') this.#timeline.offsetS = initPTS / timescale
    })
    hls.on(Events.FRAG_BUFFERED, (_, { frag, part }) => {
      if (frag.type !== 'main' || typeof frag.sn !== 'number') return
      this.#recoveries = { media: 0, load: 0 }
      this.#switch?.onBuffered({ msn: frag.sn, part: part?.index ?? null })
    })
    hls.on(Events.LEVEL_SWITCHED, () => this.#retire())
    hls.on(Events.MEDIA_ATTACHED, (_, { media }) => media.addEventListener('seeking', this.#onSeeking))
    hls.on(Events.MEDIA_DETACHING, () => this.#options.video.removeEventListener('seeking', this.#onSeeking))
    hls.on(Events.ERROR, (_, data) => this.#handle(hls, data))
  }

  /** hls.js recovers from most by itself; what it calls fatal gets a few more chances, then the player starts anew. */
  #handle(hls: Hls, data: ErrorData): void {
    this.#bufferLimit?.noteError(data.details)
    if (!data.fatal) return
    const isMedia = data.type === 'mediaError'
    const used = isMedia ? this.#recoveries.media++ : this.#recoveries.load++
    if (isMedia && used < MAX_MEDIA_RECOVERIES) hls.recoverMediaError()
    else if (data.type === 'networkError' && used < MAX_LOAD_RECOVERIES) hls.startLoad()
    else this.#ending.fail(data.error)
  }

  #load(rendition: string): void {
    if (!this.#hls || !this.#master) return
    this.#adaptation.onSwitch(this.#levelName(this.#hls.loadLevel), rendition)
    this.#hls.loadLevel = this.#levelOf(rendition)
  }

  #adapt(): void {
    const current = this.#switch?.wanted
    if (current === undefined || this.#chosen !== null || this.#timeline.offsetS === null) return
    const next = this.#adaptation.next(current, this.#mode)
    if (next) void this.#switch?.request(next.rendition, next.isUrgent)
  }

  #watch(): void {
    const { video } = this.#options
    this.#bufferLimit?.keep(hlsSettings(this.#mode))
    const verdict = watchHole(
      { buffered: readSpans(video.buffered), currentTime: video.currentTime, nowMs: performance.now() },
      this.#hole,
    )
    this.#hole = verdict.sighting
    if (verdict.flushFromS === null || !this.#hls) return
    this.#hls.trigger(Events.BUFFER_FLUSHING, {
      startOffset: verdict.flushFromS,
      endOffset: Infinity,
      type: null,
    })
  }

  /** Tracks neither shown, loaded nor coming need no following. */
  #retire(): void {
    if (!this.#switch || !this.#master) return
    const names = [this.#switch.loading, this.#switch.wanted, this.#shown(), this.#master.audioTrack]
    this.#options.stream.retireExcept(names.filter((name) => name !== null))
  }

  #distanceS(): number | null {
    return this.#timeline.distanceS(this.#switch?.loading ?? '')
  }

  #shown(): string | null {
    if (!this.#hls) return null
    return this.#levelName(this.#hls.currentLevel) ?? this.#levelName(this.#hls.loadLevel)
  }

  #levelName(index: number): string | null {
    const url = this.#hls?.levels[index]?.url[0]
    return url && this.#master ? (locate(url, this.#master.address)?.track ?? null) : null
  }

  /** hls.js sorts levels by its own rules: an index is found by the track's name. */
  #levelOf(rendition: string): number {
    const levels = this.#hls?.levels ?? []
    return Math.max(
      0,
      levels.findIndex((_, index) => this.#levelName(index) === rendition),
    )
  }
}

/**
 * Two of hls.js's parts in another shape, for a quicker start. Interstitials, which we have not, begin the load again once
 * the media source opens. And sound, which waits for the first picture's time, notices it only at its next tick.
 */
function controllers(): Partial<HlsConfig> {
  const Sound = Hls.DefaultConfig.audioStreamController
  if (!Sound) return {}
  class PromptSound extends Sound {
    constructor(...parts: ConstructorParameters<NonNullable<HlsConfig['audioStreamController']>>) {
      super(...parts)
      const [hls] = parts
      hls.on(Events.INIT_PTS_FOUND, () => this.#hurry())
    }

    /** The first tick ends the wait, the second loads. */
    #hurry(): void {
      this.tick()
      this.tickImmediate()
    }
  }
  const changed: Partial<HlsConfig> = { audioStreamController: PromptSound }
  return Object.assign(changed, { interstitialsController: undefined })
}
