/** A program without encoder or publisher: a packager that publishes small parts as it is told, for tests of recordings. */
import { AAC_SAMPLES_PER_FRAME } from '../../media/aac.ts'
import { SIGNATURE_BYTES } from '../../media/part.ts'
import { FIRST_PART } from '../../media/synthetic-stream.ts'
import { Packager } from '../../origin/packager/packager.ts'
import { SMALL_VIDEO, smallSamples } from './small-part.ts'
import { videoInit } from './video-init.ts'

const AUDIO_UNITS_PER_PART = 12_000

export class ScriptedProgram {
  readonly id = 'p1a2b3c4'
  readonly roomId: string
  readonly startedAtMs = 1_700_000_000_000
  readonly packager: Packager
  state = 'live'
  interruptions = 0
  readonly #sampleBytes: number
  #next: number

  constructor({ windowSeconds = 20, sampleBytes = 6, firstPart = FIRST_PART, roomId = 'abcdefghij' } = {}) {
    this.roomId = roomId
    this.#sampleBytes = sampleBytes
    this.#next = firstPart
    this.packager = new Packager({
      program: this.id,
      audioBitrateKbps: 128,
      windowSeconds,
      sign: () => new Uint8Array(SIGNATURE_BYTES),
      captureTimeMs: (mediaMs) => 1_700_000_000_000 + mediaMs,
      firstPart,
    })
    const rendition = { width: 1280, height: 720, fps: 30, bitrateKbps: 1500 }
    this.packager.open([{ ...rendition, name: SMALL_VIDEO.track }])
    this.packager.init(SMALL_VIDEO.track, videoInit())
  }

  /** So many parts more, all at once. */
  publish(count: number): void {
    for (let k = this.#next; k < this.#next + count; k++) {
      this.packager.video(SMALL_VIDEO.track, smallSamples(SMALL_VIDEO, k, this.#sampleBytes))
      const frameOf = (part: number): number =>
        Math.ceil((part * AUDIO_UNITS_PER_PART) / AAC_SAMPLES_PER_FRAME)
      for (let n = frameOf(k); n < frameOf(k + 1); n++)
        this.packager.audio(n, Uint8Array.of(k & 0xff, n & 0xff, 7))
    }
    this.#next += count
  }

  /** Like a program that is over and forgotten at once: its window is empty when this returns. */
  end(): void {
    this.state = 'ended'
    this.packager.end()
    this.packager.close()
  }
}
