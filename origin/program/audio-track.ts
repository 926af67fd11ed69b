/** The program's audio on its one grid: frame n at sample 1024·n, each exactly once, silence where the source has none. */
import { AAC_SAMPLES_PER_FRAME, PROGRAM_AUDIO } from '../../media/aac.ts'
import { TIMELINE_START_MS } from './timeline.ts'

/** A silent stereo AAC-LC frame. */
export const SILENT_FRAME: Uint8Array = Uint8Array.of(0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80)

const SAMPLES_PER_MS = PROGRAM_AUDIO.sampleRate / 1000
/** Audio that is on its way gets this long, behind video, before silence takes its place. */
const PATIENCE_MS = 600
/** And at most this long from a source that is known to send its audio so far behind its video. */
export const MAX_PATIENCE_MS = 2000
/** What a late source is given beyond what it was late by. */
const MARGIN_MS = 200
/** The same where no audio has come for a while, or never: nobody should wait for what is not there. */
const SHORT_PATIENCE_MS = 60

/** The first grid frame that starts at or after a time. */
export function frameAt(timeMs: number): number {
  return Math.ceil((timeMs * SAMPLES_PER_MS) / AAC_SAMPLES_PER_FRAME)
}

export function frameTimeMs(frame: number): number {
  return (frame * AAC_SAMPLES_PER_FRAME) / SAMPLES_PER_MS
}

export class AudioTrack {
  readonly #emit: (frame: number, data: Uint8Array) => void
  #next = frameAt(TIMELINE_START_MS)
  #isExpected = false
  #patienceMs = PATIENCE_MS
  #videoMs = TIMELINE_START_MS
  #silentFrames = 0

  constructor(emit: (frame: number, data: Uint8Array) => void) {
    this.#emit = emit
  }

  /** The next frame nobody has delivered yet. */
  get next(): number {
    return this.#next
  }

  /** How many frames were filled in. */
  get silentFrames(): number {
    return this.#silentFrames
  }

  /** Goes on with this frame: those before it were made before a restart. */
  resume(frame: number): void {
    this.#next = frame
    this.#videoMs = frameTimeMs(frame)
  }

  /** Whether a new source has said that audio comes; decides how long silence waits. */
  expect(isExpected: boolean): void {
    this.#isExpected = isExpected
    this.#patienceMs = PATIENCE_MS
  }

  /** A frame of the source. One that lies before the next is dropped; one that lies behind it has silence put before it. */
  deliver(frame: number, data: Uint8Array): void {
    // Also one that is too late: silence now waits, until those behind it are in time.
    this.#isExpected = true
    if (frame < this.#next) return this.#learn(this.#videoMs - frameTimeMs(frame))
    this.#fillTo(frame)
    this.#emit(this.#next++, data)
  }

  /** Video has reached this time: audio that is overdue is silent. */
  follow(videoMs: number): void {
    this.#videoMs = videoMs
    const patienceMs = this.#isExpected ? this.#patienceMs : SHORT_PATIENCE_MS
    const due = frameAt(videoMs - patienceMs)
    if (due <= this.#next) return
    this.#fillTo(due)
    this.#isExpected = false
  }

  /** Audio came too late by the patience there was: with the same again it always would. */
  #learn(lateMs: number): void {
    if (lateMs + MARGIN_MS > MAX_PATIENCE_MS) return
    this.#patienceMs = Math.max(this.#patienceMs, lateMs + MARGIN_MS)
  }

  #fillTo(frame: number): void {
    while (this.#next < frame) {
      this.#silentFrames++
      this.#emit(this.#next++, SILENT_FRAME)
    }
  }
}
