/** A real program on a clock that is turned by hand, with publishers that do as they are told, and what comes out of it. */
import { parseVideoHeader, type FlvTag } from '../../media/flv-tag.ts'
import { SIGNATURE_BYTES } from '../../media/part.ts'
import type { AudioConverter, AudioNormaliserOptions } from '../../origin/program/audio-normaliser.ts'
import { frameAt, frameTimeMs, SILENT_FRAME } from '../../origin/program/audio-track.ts'
import type { PublisherKind } from '../../origin/program/live-rooms.ts'
import { Program } from '../../origin/program/program.ts'
import type { Source } from '../../origin/program/source.ts'
import type { Switch } from '../../origin/program/switchboard.ts'
import type { SlateClip } from '../../origin/slate/clip.ts'
import { audioTag, videoHeaderTag, videoTag } from './flv-tags.ts'
import { captureLog } from './log-lines.ts'

export const FRAME_MS = 40
export const GOP_FRAMES = 50
/** Composition times of I P B B, repeated, with one frame of reordering. */
const COMPOSITIONS = [FRAME_MS, 3 * FRAME_MS, 0, 0]

export interface PlacedFrame {
  /** 0 for the slate. */
  session: number
  dtsMs: number
  ptsMs: number
  /** By the publisher's own clock. */
  sourcePtsMs: number
  keyframe: boolean
  atMs: number
}

export interface StageOptions {
  slateAfterMs?: number | null
  reconnectWindowMs?: number
  hasSlate?: boolean
}

export class ProgramStage {
  nowMs = 1_700_000_000_000
  readonly frames: PlacedFrame[] = []
  readonly headers: number[] = []
  readonly audio: { timeMs: number; isSilent: boolean; atMs: number }[] = []
  /** Each pushed piece of audio: how far it was moved from its publisher's clock. */
  readonly sounds: { session: number; offsetMs: number; atMs: number }[] = []
  readonly switches: (Switch & { atMs: number })[] = []
  readonly states: string[] = []
  readonly refused: (PublisherKind | null)[] = []
  readonly program: Program
  sessions = 0
  #tick: () => void = () => {}

  constructor({ slateAfterMs = null, reconnectWindowMs = 300_000, hasSlate = true }: StageOptions = {}) {
    this.program = new Program({
      id: 'p1a2b3c4',
      roomId: 'room',
      limits: { maxBitrateKbps: 20_000, firstKeyframeTimeoutMs: 10_000, audioBitrateKbps: 128 },
      windowSeconds: 10,
      settings: () => ({ slateAfterMs, reconnectWindowMs }),
      slate: hasSlate ? () => Promise.resolve(CLIP) : null,
      convertAudio: (options) => new GridConverter(options, (timeMs, data) => this.#hear(timeMs, data)),
      sign: () => new Uint8Array(SIGNATURE_BYTES),
      logger: captureLog().logger,
      now: () => this.nowMs,
      every: (_, tick) => {
        this.#tick = tick
        return () => (this.#tick = () => {})
      },
      onEncodingNeeded: (program) => program.packager.open([]),
      onChange: ({ state }) => void this.states.push(state),
      onSwitch: (_, change) => void this.switches.push({ ...change, atMs: this.nowMs }),
      onRefused: (_, __, kind) => void this.refused.push(kind),
    })
    this.states.push(this.program.state)
    this.program.videoLog.follow((tag) => this.#see(tag))
    this.program.flvLog.follow((tag) => {
      if (tag.type !== 'audio') return
      const isSilent = tag.data.length === SILENT_FRAME.length + 2
      this.audio.push({ timeMs: tag.timestampMs, isSilent, atMs: this.nowMs })
    })
  }

  connect(kind: PublisherKind, options: Partial<StagedPublisherOptions> = {}): StagedPublisher {
    return new StagedPublisher(this, kind, { session: ++this.sessions, ...options })
  }

  /** Time goes by, frame by frame, for these publishers. Promises of the program are kept in between. */
  async run(ms: number, ...publishers: StagedPublisher[]): Promise<void> {
    for (let at = 0; at < ms; at += FRAME_MS) {
      this.nowMs += FRAME_MS
      for (const publisher of publishers) publisher.step()
      this.#tick()
      await Promise.resolve()
    }
  }

  #see(tag: FlvTag): void {
    const header = parseVideoHeader(tag.data)
    const session = tag.data[5] ?? 0
    if (header.kind === 'sequence-header') return void this.headers.push(session)
    const view = new DataView(tag.data.buffer, tag.data.byteOffset)
    const [dtsMs, sourcePtsMs] = [tag.timestampMs, view.getUint32(6)]
    const ptsMs = dtsMs + header.compositionTimeMs
    this.frames.push({ session, dtsMs, ptsMs, sourcePtsMs, keyframe: header.keyframe, atMs: this.nowMs })
  }

  #hear(timeMs: number, data: Uint8Array): void {
    const view = new DataView(data.buffer, data.byteOffset)
    this.sounds.push({ session: data[2] ?? 0, offsetMs: timeMs - view.getUint32(3), atMs: this.nowMs })
  }
}

interface StagedPublisherOptions {
  session: number
  startMs: number
  hasBFrames: boolean
  hasAudio: boolean
  hasVideo: boolean
}

export class StagedPublisher {
  readonly source: Source
  mode: 'sending' | 'silent' | 'stalled' | 'frozen' = 'sending'
  readonly #options: StagedPublisherOptions
  readonly #stage: ProgramStage
  #timeMs: number
  #frame = 0
  #queued: (() => void)[] = []
  #isGone = false

  constructor(
    stage: ProgramStage,
    kind: PublisherKind,
    options: Partial<StagedPublisherOptions> & { session: number },
  ) {
    this.#stage = stage
    this.#options = { startMs: 5000, hasBFrames: false, hasAudio: true, hasVideo: true, ...options }
    this.#timeMs = this.#options.startMs
    this.source = stage.program.connect(kind)
    if (this.#options.hasVideo) this.source.receive(this.#mark(videoHeaderTag(), 5))
  }

  /** One frame of time: a picture and its sound, held back while stalled, never made while silent. */
  step(): void {
    if (this.#isGone) return
    const make = this.#make()
    if (this.mode === 'stalled') this.#queued.push(make)
    if (this.mode === 'sending' || this.mode === 'frozen') {
      for (const queued of this.#queued.splice(0)) queued()
      make()
    }
  }

  jump(ms: number): void {
    this.#timeMs = Math.max(0, this.#timeMs + ms)
  }

  leave(departure: 'gone' | 'unpublished' = 'gone'): void {
    this.#isGone = true
    this.#stage.program.disconnect(this.source, departure)
  }

  #make(): () => void {
    const { hasBFrames, hasAudio, hasVideo } = this.#options
    const timeMs = this.#timeMs
    const frame = this.#frame++
    if (this.mode !== 'frozen') this.#timeMs += FRAME_MS
    const inGop = frame % GOP_FRAMES
    const at = inGop === 0 ? 0 : 1 + ((inGop - 1) % 3)
    const compositionMs = hasBFrames ? (COMPOSITIONS[at] ?? 0) : 0
    return () => {
      const video = videoTag(timeMs, { keyframe: inGop === 0, compositionMs })
      if (hasVideo) this.source.receive(this.#mark(video, 5, timeMs + compositionMs))
      if (hasAudio) this.source.receive(this.#mark(audioTag(timeMs), 2, timeMs))
    }
  }

  #mark(tag: FlvTag, at: number, timeMs?: number): FlvTag {
    tag.data[at] = this.#options.session
    if (timeMs !== undefined) new DataView(tag.data.buffer).setUint32(at + 1, timeMs)
    return tag
  }
}

/** Puts each piece of audio (as long as a frame of video) on the grid, a few frames late, as a real converter does. */
class GridConverter implements AudioConverter {
  readonly #options: AudioNormaliserOptions
  readonly #heard: (timeMs: number, data: Uint8Array) => void
  #waiting: { frame: number; data: Uint8Array }[] = []
  #next = 0
  #lastMs = -Infinity

  constructor(options: AudioNormaliserOptions, heard: (timeMs: number, data: Uint8Array) => void) {
    this.#options = options
    this.#heard = heard
  }

  configure(): void {}

  push(timeMs: number, data: Uint8Array): void {
    if (timeMs <= this.#lastMs) return
    this.#lastMs = timeMs
    this.#heard(timeMs, data)
    this.#next = Math.max(this.#next, frameAt(timeMs))
    while (frameTimeMs(this.#next) < timeMs + FRAME_MS) this.#waiting.push({ frame: this.#next++, data })
    this.#give(4)
  }

  finish(): void {
    this.#give(0)
    this.#next = 0
    this.#lastMs = -Infinity
  }

  close(): void {
    this.finish()
  }

  #give(kept: number): void {
    for (const { frame, data } of this.#waiting.splice(0, this.#waiting.length - kept))
      this.#options.onFrame(frame, data)
  }
}

/** Two seconds' keyframes at 25 fps; sound that is none of a publisher's. */
export const CLIP: SlateClip = {
  width: 1280,
  height: 720,
  durationMs: 8000,
  header: Uint8Array.from([...videoHeaderTag().data.subarray(0, 5), 0, ...videoHeaderTag().data.subarray(6)]),
  video: Array.from({ length: 200 }, (_, index) => {
    const keyframe = index % GOP_FRAMES === 0
    return { timeMs: index * FRAME_MS, keyframe, data: videoTag(0, { keyframe }).data }
  }),
  audio: Array.from({ length: 375 }, () => Uint8Array.of(1, 2, 3)),
}
