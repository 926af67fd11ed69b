/** One part on its way in: what is verified of it, and what is still missing. */
import type { PartMeta } from '../../media/part.ts'
import { ChunkSet } from './chunk-set.ts'
import { stripeOf } from '../chunk.ts'
import type { PeerId } from '../peer-id.ts'

/** META as it goes on the wire, and what it says. */
export interface KnownMeta {
  signed: Uint8Array
  signature: Uint8Array
  meta: PartMeta
}

export class PartState {
  readonly track: number
  readonly number: number
  /** The first sign that it exists. */
  readonly sinceMs: number
  known: KnownMeta | null = null
  chunks: (Uint8Array | null)[] = []
  have = new ChunkSet(0)
  /** Being hashed now. */
  checking = new ChunkSet(0)
  /** Came from parents, needed or not. */
  carried = new ChunkSet(0)
  isWhole = false
  /** Whom it was asked of, besides those that push. */
  readonly asked = new Set<PeerId>()
  lastAsked: PeerId | null = null
  askedAtMs = -Infinity
  isFetched = false
  /** Who brought something of it. */
  readonly broughtBy = new Set<PeerId>()
  /** Stripes that came too late, or not at all. */
  lateStripes = 0

  constructor(track: number, number: number, sinceMs: number) {
    this.track = track
    this.number = number
    this.sinceMs = sinceMs
  }

  get chunkCount(): number | null {
    return this.known ? this.known.meta.chunkHashes.length : null
  }

  /** Verified META: from now on chunks can be checked. */
  learn(known: KnownMeta): void {
    const count = known.meta.chunkHashes.length
    this.known = known
    this.chunks = Array.from({ length: count }, () => null)
    this.have = new ChunkSet(count)
    this.checking = new ChunkSet(count)
    this.carried = new ChunkSet(count)
  }

  /** Chunks of these stripes (bit mask) that are not here; all of them may be missing before META is known. */
  missing(stripes: number): number[] {
    const count = this.chunkCount
    if (count === null || this.isWhole) return []
    const missing: number[] = []
    for (let chunk = 0; chunk < count; chunk++)
      if ((stripes >> stripeOf(this.number, chunk)) & 1 && !this.have.has(chunk)) missing.push(chunk)
    return missing
  }

  isMissing(stripes: number): boolean {
    if (this.isWhole) return false
    return this.chunkCount === null || this.missing(stripes).length > 0
  }
}
