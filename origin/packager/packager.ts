/** Makes a program's parts: cuts each track by time, and publishes part k once every track has it, signed. */
import { createHash } from 'node:crypto'
import { AAC_SAMPLES_PER_FRAME, encodeAacInit, PROGRAM_AUDIO } from '../../media/aac.ts'
import { parseInit, playsAlike, type InitFacts, type Sample } from '../../media/fragment.ts'
import { encodePart } from '../../media/part-writer.ts'
import { partIdOf, PARTS_PER_SEGMENT, runningNumber, type Part, type PartHeader } from '../../media/part.ts'
import type { Hash, Sign } from '../../media/signature.ts'
import { MediaError } from '../../media/media-error.ts'
import { Track } from '../../media/track.ts'
import { PartCutter, type CutPart } from './part-cutter.ts'
import { silentPart } from './silent-part.ts'

export interface RenditionPlan {
  name: string
  width: number
  height: number
  fps: number
  bitrateKbps: number
}

export interface PackagedTrack {
  track: Track
  /** RFC 6381; null until the init segment is there. */
  codecs: string | null
  plan: RenditionPlan | null
  bitrateKbps: number
}

export interface PackagerOptions {
  program: string
  audioBitrateKbps: number
  windowSeconds: number
  sign: Sign
  /** Wall clock at which the sample at a media time came in. */
  captureTimeMs: (mediaMs: number) => number
  firstPart: number
}

/** What is there of a program since before a restart; see `RestoredProgram`. */
export interface PublishedBefore {
  plan: { renditions: readonly RenditionPlan[] } | null
  tracks: readonly { name: string; init: Uint8Array; parts: readonly Part[] }[]
  nextPart: number
}

/** Node's own, ten times as fast as the one that browsers share. */
const sha256: Hash = (bytes) => createHash('sha256').update(bytes).digest()

/** An encoder makes what does not play with the program's own init segment, as after an upgrade in the middle of a program. */
export class EncodingChanged extends MediaError {}

interface Lane extends PackagedTrack {
  /** Of the init segment that the program has. */
  facts: InitFacts | null
  cutter: PartCutter | null
  /** Cut, but not published: other tracks have yet to bring the same k. */
  pending: Map<number, CutPart>
  /** The part to be cut next. */
  nextCut: number
}

/** One frame: short enough that no player takes it for a hole to be crossed. */
const LEADING_GAP_SECONDS = 1 / 30
export const AUDIO_TRACK = 'audio'
/** How far one track may run ahead of the slowest: 30 s of audio wait for an encoder that starts late or starts anew. */
export const MAX_PENDING_PARTS = 120

export class Packager {
  readonly #options: PackagerOptions
  readonly #lanes = new Map<string, Lane>()
  readonly #listeners = new Set<() => void>()
  #isOpen = false
  #next: number

  constructor(options: PackagerOptions) {
    this.#options = options
    this.#next = options.firstPart
    const audio = this.#addLane(AUDIO_TRACK, null, options.audioBitrateKbps)
    audio.cutter = new PartCutter(PROGRAM_AUDIO.sampleRate)
    audio.codecs = `mp4a.40.${PROGRAM_AUDIO.objectType}`
    audio.track.init = encodeAacInit(PROGRAM_AUDIO, options.audioBitrateKbps)
  }

  /** The first part that is not published: where a new encoder begins. */
  get nextPart(): number {
    return this.#next
  }

  /** True once viewers can play: every track has its init segment and a part. */
  get isPlayable(): boolean {
    return this.#isOpen && this.tracks().every(({ track }) => track.init !== null && track.head !== null)
  }

  tracks(): PackagedTrack[] {
    return [...this.#lanes.values()]
  }

  find(name: string): PackagedTrack | undefined {
    return this.#lanes.get(name)
  }

  /** Says which video renditions there will be; until then audio waits. Once per program. */
  open(plans: readonly RenditionPlan[]): void {
    if (this.#isOpen) return
    for (const plan of plans) this.#addLane(plan.name, plan, plan.bitrateKbps)
    this.#isOpen = true
    this.#publish()
  }

  /** Goes on with what was published before a restart: the next part is the first that is missing. */
  restore({ plan, tracks, nextPart }: PublishedBefore): void {
    this.#next = nextPart
    for (const lane of this.#lanes.values()) lane.nextCut = nextPart
    this.open(plan?.renditions ?? [])
    for (const { name, init, parts } of tracks) {
      const lane = this.#lanes.get(name)
      if (!lane) continue
      if (lane.plan === null) lane.track.init = init
      else this.init(name, init)
      for (const { header, bytes } of parts) {
        if (runningNumber(header) === this.#options.firstPart) noteLeadingGap(lane.track, header)
        lane.track.note(header, bytes)
      }
    }
  }

  /** The init segment of a video rendition. Throws `MediaError`; `EncodingChanged` where it is another one than the program's. */
  init(name: string, bytes: Uint8Array): void {
    const lane = this.#lanes.get(name)
    if (!lane) return
    const facts = parseInit(bytes)
    if (lane.facts !== null && !playsAlike(facts, lane.facts))
      throw new EncodingChanged(`${name}: the encoder makes another kind of video than the one before it`)
    lane.cutter = new PartCutter(facts.timescale)
    if (lane.facts !== null) return // another encoder of the same program
    lane.facts = facts
    lane.codecs = facts.codecs
    lane.track.init = bytes
  }

  /** Samples of a video rendition, in order. Throws `MediaError`, also at a part left out: nobody would ever make it. */
  video(name: string, samples: readonly Sample[]): void {
    const lane = this.#lanes.get(name)
    if (!lane?.cutter) return
    for (const sample of samples) {
      for (const part of lane.cutter.push(sample)) this.#takeVideo(lane, part)
    }
    this.#publish()
  }

  /** Frame n of the program's audio. */
  audio(frame: number, data: Uint8Array): void {
    const lane = this.#lanes.get(AUDIO_TRACK)
    if (!lane?.cutter) return
    const time = frame * AAC_SAMPLES_PER_FRAME
    for (const part of lane.cutter.push({ time, duration: AAC_SAMPLES_PER_FRAME, keyframe: true, data })) {
      lane.pending.set(part.k, part)
      lane.nextCut = part.k + 1
      // Bounded: what no encoder has caught up with for so long will be silent.
      lane.pending.delete(part.k - MAX_PENDING_PARTS)
    }
    this.#publish()
  }

  /** An encoder is gone: what it had cut but not every track had is made again by the next one. */
  resetVideo(): void {
    for (const [name, lane] of this.#lanes) {
      if (name === AUDIO_TRACK) continue
      lane.pending.clear()
      lane.nextCut = this.#next
      lane.cutter?.reset()
    }
  }

  /** Nothing more will come: playlists get their EXT-X-ENDLIST. */
  end(): void {
    for (const { track } of this.#lanes.values()) track.end()
    this.#tell()
  }

  close(): void {
    for (const { track } of this.#lanes.values()) track.close('program closed')
    this.#listeners.clear()
  }

  /** Calls back after each part published. Returns the way to stop. */
  onPublish(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #addLane(name: string, plan: RenditionPlan | null, bitrateKbps: number): Lane {
    const maxSegments = Math.ceil(this.#options.windowSeconds / 2) + 1
    const track = new Track({ name, maxSegments })
    const lane: Lane = {
      track,
      codecs: null,
      facts: null,
      plan,
      bitrateKbps,
      cutter: null,
      pending: new Map(),
      nextCut: this.#next,
    }
    this.#lanes.set(name, lane)
    return lane
  }

  #takeVideo(lane: Lane, part: CutPart): void {
    if (part.k < lane.nextCut) return
    if (part.k > lane.nextCut)
      throw new MediaError(`${lane.track.name}: part ${part.k} comes where ${lane.nextCut} is due`)
    if (lane.pending.size >= MAX_PENDING_PARTS)
      throw new MediaError(`${lane.track.name}: ${MAX_PENDING_PARTS} parts wait for another track`)
    lane.pending.set(part.k, part)
    lane.nextCut++
  }

  #publish(): void {
    if (!this.#isOpen) return
    const before = this.#next
    while ([...this.#lanes.values()].every((lane) => lane.nextCut > this.#next)) {
      for (const lane of this.#lanes.values()) this.#publishOne(lane, this.#next)
      this.#next++
    }
    if (this.#next !== before) this.#tell()
  }

  #publishOne(lane: Lane, k: number): void {
    const part = lane.pending.get(k) ?? silentPart(k)
    const [first] = part.samples
    if (!first || !lane.cutter) return
    lane.pending.delete(k)
    const { program, sign, captureTimeMs } = this.#options
    const timescale = lane.cutter.timescale
    const id = partIdOf(k)
    const header: PartHeader = {
      ...id,
      program,
      track: lane.track.name,
      independent: first.keyframe,
      lastOfSegment: id.part === PARTS_PER_SEGMENT - 1,
      timescale,
      mediaTime: first.time,
      duration: part.samples.reduce((sum, sample) => sum + sample.duration, 0),
      captureTimeMs: captureTimeMs((first.time * 1000) / timescale),
    }
    const { bytes } = encodePart({ header, samples: part.samples, sign, hash: sha256 })
    if (k === this.#options.firstPart) noteLeadingGap(lane.track, header)
    lane.track.note(header, bytes)
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener()
  }
}

/** A playlist wants a whole segment, which takes two seconds to be made: until then it lists this one. */
function noteLeadingGap(track: Track, { msn, mediaTime, timescale }: PartHeader): void {
  track.noteGap(msn - 1, mediaTime / timescale - LEADING_GAP_SECONDS, LEADING_GAP_SECONDS)
}
