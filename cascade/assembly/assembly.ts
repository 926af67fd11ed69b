/**
 * Checks what comes in, chunk by chunk, against the META that the origin signed, and puts parts together. Nothing leaves it
 * unverified; each chunk leaves it once.
 */
import { assemblePart, parseSignedMeta, runningNumber, type Part } from '../../media/part.ts'
import { chunkBytesFor } from '../../media/signature.ts'
import { chunkRange, cutChunks } from '../chunk.ts'
import type { Clock } from '../clock.ts'
import { MAX_PART_CHUNKS, type DataFrame, type Holding, type MetaFrame } from '../frame/frame.ts'
import { withResult } from './later.ts'
import type { PartSource, PollutionProof } from '../peer-options.ts'
import type { PeerId } from '../peer-id.ts'
import type { KnownMeta, PartState } from './part-state.ts'
import { PartWindow } from './part-window.ts'
import type { Verifier } from '../verifier.ts'

export interface AssemblyEvents {
  /** META of a part is verified. */
  onMeta(part: PartState): void
  /** A chunk is verified, for the first time. */
  onChunk(part: PartState, chunk: number, from: PeerId | null): void
  onWhole(part: PartState, whole: Part, source: PartSource): void
  /** It was offered from outside first, and now the parents have brought all of it as well. */
  onCarried(part: PartState, whole: Part): void
  /** What this peer sent is not what the origin signed. */
  onBad(from: PeerId, proof: PollutionProof | null): void
}

export interface AssemblyOptions {
  program: string
  tracks: readonly string[]
  clock: Clock
  verifier: Verifier
  events: AssemblyEvents
}

type Chunk = Pick<DataFrame, 'chunk' | 'bytes'>

interface Held {
  frame: DataFrame
  from: PeerId
}

/** Chunks that came before their META. */
const MAX_HELD = 64

export class Assembly {
  readonly windows: readonly PartWindow[]
  readonly #options: AssemblyOptions
  #held: Held[] = []
  duplicateBytes = 0
  verifiedChunks = 0
  rejectedChunks = 0
  late = 0

  constructor(options: AssemblyOptions) {
    this.#options = options
    this.windows = options.tracks.map((_, track) => new PartWindow(track))
  }

  holdings(): Holding[] {
    return this.windows.flatMap((window) => window.holding() ?? [])
  }

  takeMeta(frame: MetaFrame, from: PeerId): void {
    const window = this.windows[frame.track]
    if (!window || window.find(frame.number)?.known) return
    const meta = this.#readMeta(frame)
    if (!meta) return this.#options.events.onBad(from, null)
    const { signed, signature } = frame
    withResult(this.#options.verifier.verifyMeta(signed, signature), (isGood) => {
      if (!isGood) {
        this.rejectedChunks++
        return this.#options.events.onBad(from, null)
      }
      this.#learn(window, frame.number, { signed, signature, meta })
    })
  }

  takeData(frame: DataFrame, from: PeerId): void {
    const window = this.windows[frame.track]
    if (!window) return
    const part = window.find(frame.number)
    if (!part?.known) return this.#hold(window, frame, from)
    this.#check(part, part.known, frame, from)
  }

  /** A part from outside the cascade, or a root's own: checked as any other. One that cannot be read is left alone. */
  offer(part: Part): void {
    const track = this.#options.tracks.indexOf(part.header.track)
    const window = this.windows[track]
    const cut = readChunks(part)
    if (!window || !cut || cut.meta.header.program !== this.#options.program || !isFit(cut.meta)) return
    const { meta, signed, signature, chunks } = cut
    withResult(this.#options.verifier.verifyMeta(signed, signature), (isGood) => {
      if (!isGood) return void this.rejectedChunks++
      const state = this.#learn(window, runningNumber(meta.header), { signed, signature, meta })
      const known = state?.known
      if (state && known) chunks.forEach((bytes, chunk) => this.#check(state, known, { chunk, bytes }, null))
    })
  }

  #readMeta({ track, number, signed }: MetaFrame): KnownMeta['meta'] | null {
    try {
      const meta = parseSignedMeta(signed)
      const { program, tracks } = this.#options
      const isOurs = meta.header.program === program && meta.header.track === tracks[track]
      return isOurs && runningNumber(meta.header) === number && isFit(meta) ? meta : null
    } catch {
      return null
    }
  }

  #learn(window: PartWindow, number: number, known: KnownMeta): PartState | undefined {
    const now = this.#options.clock.now()
    const part = window.note(number, now)
    if (!part || part.known) return part
    window.noteSigned(number, now)
    part.learn(known)
    this.#options.events.onMeta(part)
    this.#release(part, known)
    return part
  }

  #hold(window: PartWindow, frame: DataFrame, from: PeerId): void {
    const now = this.#options.clock.now()
    if (window.newest >= 0 && !window.isPlausible(frame.number, now)) return void this.late++
    if (window.newest >= 0) window.note(frame.number, now)
    if (this.#held.length >= MAX_HELD) this.#held.shift()
    this.#held.push({ frame, from })
  }

  #release(part: PartState, known: KnownMeta): void {
    if (this.#held.length === 0) return
    const isOf = ({ frame }: Held): boolean => frame.track === part.track && frame.number === part.number
    const ready = this.#held.filter(isOf)
    if (ready.length === 0) return
    this.#held = this.#held.filter((held) => !isOf(held))
    for (const { frame, from } of ready) this.#check(part, known, frame, from)
  }

  /** `from` null: offered from outside. */
  #check(part: PartState, known: KnownMeta, frame: Chunk, from: PeerId | null): void {
    const { chunk, bytes } = frame
    const isKnown = part.isWhole || part.have.has(chunk) || part.checking.has(chunk)
    if (isKnown) return void (from !== null && this.#repeat(part, frame))
    const range = chunk < known.meta.chunkHashes.length ? chunkRange(known.meta, chunk) : null
    if (!range || range.end - range.start !== bytes.length) return this.#reject(part, frame, from)
    part.checking.add(chunk)
    withResult(this.#options.verifier.hashChunk(bytes), (hash) => {
      part.checking.delete(chunk)
      if (isSame(hash, known.meta.chunkHashes[chunk])) this.#accept(part, frame, from)
      else this.#reject(part, frame, from, hash)
    })
  }

  /** Not needed, and yet a sign: what the cascade would have brought by itself. */
  #repeat(part: PartState, { chunk, bytes }: Chunk): void {
    this.duplicateBytes += bytes.length
    const isAll = part.carried.add(chunk) && part.carried.size === part.chunkCount
    if (isAll && part.isWhole && part.known) this.#options.events.onCarried(part, join(part, part.known))
  }

  #reject(part: PartState, { chunk }: Chunk, from: PeerId | null, hash?: Uint8Array): void {
    this.rejectedChunks++
    if (from === null) return
    const { known, track, number } = part
    const name = this.#options.tracks[track] ?? ''
    const proof =
      known && hash
        ? {
            ...{ parent: from, track: name, number, chunk, hash },
            ...{ signed: known.signed, signature: known.signature },
          }
        : null
    this.#options.events.onBad(from, proof)
  }

  #accept(part: PartState, { chunk, bytes }: Chunk, from: PeerId | null): void {
    if (!part.have.add(chunk)) return
    part.chunks[chunk] = bytes
    if (from !== null) part.carried.add(chunk)
    this.verifiedChunks++
    this.#options.events.onChunk(part, chunk, from)
    if (part.have.size === part.chunkCount) this.#finish(part, from === null ? 'http' : 'cascade')
  }

  #finish(part: PartState, source: PartSource): void {
    const { known } = part
    if (!known || part.isWhole) return
    part.isWhole = true
    this.windows[part.track]?.settle(part)
    this.#options.events.onWhole(part, join(part, known), source)
  }
}

function join({ chunks }: PartState, { signed, signature }: KnownMeta): Part {
  return assemblePart(
    signed,
    signature,
    chunks.filter((chunk) => chunk !== null),
  )
}

function readChunks(part: Part): ReturnType<typeof cutChunks> | null {
  try {
    return cutChunks(part)
  } catch {
    return null
  }
}

/** The rule that every publisher follows: a part cut otherwise is no part. */
function isFit({ bodyBytes, chunkBytes, chunkHashes }: KnownMeta['meta']): boolean {
  const count = chunkHashes.length
  return count > 0 && count <= MAX_PART_CHUNKS && chunkBytes === chunkBytesFor(bodyBytes)
}

function isSame(a: Uint8Array, b: Uint8Array | undefined): boolean {
  if (!b || a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
