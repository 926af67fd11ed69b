/** One video element on the stage with the engine that plays on it and the meter that watches it: they come and go together. */
import type { Engine } from '../engine/engine.ts'
import { FrameMeter } from './frame-meter.ts'
import { watchFrames } from './watch-frames.ts'

export interface ScreenOptions {
  stage: HTMLElement
  muted: boolean
  volume: number
  onFirst: (screen: Screen) => void
}

export class Screen {
  readonly video: HTMLVideoElement
  readonly meter = new FrameMeter()
  readonly #unwatch: () => void
  #engine: Engine | null = null

  constructor({ stage, muted, volume, onFirst }: ScreenOptions) {
    const video = document.createElement('video')
    video.playsInline = true
    video.autoplay = false
    video.muted = muted
    video.volume = volume
    video.className = 'hw-video'
    video.tabIndex = -1
    video.disableRemotePlayback = true
    stage.prepend(video)
    this.video = video
    this.#unwatch = watchFrames(video, this.meter, { onFirst: () => onFirst(this) })
  }

  get engine(): Engine | null {
    return this.#engine
  }

  /** Takes the engine into its care and starts it. */
  async run(engine: Engine): Promise<void> {
    this.#engine = engine
    await engine.start()
  }

  show(isShown: boolean): void {
    this.video.classList.toggle('hw-video-hidden', !isShown)
  }

  /** Plays; where the browser forbids sound without a gesture, without sound. True: it had to be muted for that. */
  async play(): Promise<boolean> {
    try {
      await this.video.play()
      return false
    } catch (error) {
      const isForbidden = error instanceof DOMException && error.name === 'NotAllowedError'
      if (!isForbidden || this.video.muted) return false
      this.video.muted = true
      await this.video.play().catch(() => undefined)
      return true
    }
  }

  async close(): Promise<void> {
    this.#unwatch()
    await this.#engine?.close()
    this.video.pause()
    this.video.removeAttribute('src')
    this.video.remove()
  }
}
