/** What a track knows of one segment: parts in any order, headers before bytes, or only how long the whole is. */
import { PARTS_PER_SEGMENT } from './part.ts'
import type { PartHeader } from './part.ts'

export interface TrackPart {
  header: PartHeader
  /** null: the header came first, the bytes are elsewhere still. */
  bytes: Uint8Array | null
}

/** A part as a playlist shows it. */
export interface PartView {
  part: number
  durationSec: number
  independent: boolean
  hasBytes: boolean
  /** EXT-X-PART's GAP: cannot be had. */
  gap?: boolean
}

/** A segment as a playlist shows it. */
export interface SegmentView {
  msn: number
  startSec: number
  /** Of the parts known so far; of the whole when `done`. */
  durationSec: number
  /** All parts are known and part 0 of the next segment too, or the track has ended: EXTINF may be written. */
  done: boolean
  /** From part 0 on, without holes; empty when only the whole segment is known. */
  parts: readonly PartView[]
  /** EXT-X-GAP: cannot be had. */
  gap?: boolean
}

export class SegmentRecord {
  readonly msn: number
  /** By index; holes are `undefined`. */
  readonly parts: (TrackPart | undefined)[] = []
  /** Index of the last part, once known. */
  last: number | null = null
  /** Known as a whole, from EXTINF. */
  whole: { startSec: number; durationSec: number } | null = null
  /** There is nothing to fetch: listed with EXT-X-GAP. */
  isGap = false
  /** Of the parts, those that cannot be had as long as nobody brings their bytes. */
  readonly #gaps = new Set<number>()

  constructor(msn: number) {
    this.msn = msn
  }

  /** False when nothing is learnt: known already, or contradicting what is known. */
  note(header: PartHeader, bytes: Uint8Array | null): boolean {
    const isLast = header.lastOfSegment || header.part === PARTS_PER_SEGMENT - 1
    if (this.last !== null && (header.part > this.last || (isLast && header.part !== this.last))) return false
    if (isLast && this.parts.length > header.part + 1) return false
    const known = this.parts[header.part]
    const learnsEnd = isLast && this.last === null
    if (known && !learnsEnd && (known.bytes !== null || bytes === null)) return false
    if (isLast) this.last = header.part
    const lastOfSegment = this.last === header.part
    const kept = known && bytes === null ? known.header : header
    this.parts[header.part] = { header: { ...kept, lastOfSegment }, bytes: bytes ?? known?.bytes ?? null }
    return true
  }

  /** Whether a part that is known can be had. False when nothing is learnt. */
  markGap(part: number, isGap: boolean): boolean {
    if (!this.parts[part] || this.#gaps.has(part) === isGap) return false
    if (isGap) this.#gaps.add(part)
    else this.#gaps.delete(part)
    return true
  }

  /** Nothing of this segment is missing. */
  get isComplete(): boolean {
    if (this.whole !== null) return true
    return this.last !== null && this.prefix().length === this.last + 1
  }

  /** The parts from part 0 up to the first hole. */
  prefix(): TrackPart[] {
    const parts: TrackPart[] = []
    for (const part of this.parts) {
      if (!part) break
      parts.push(part)
    }
    return parts
  }

  /** With a part that cannot be had: hls.js begins to load parts only where the segment before lists one. */
  #gap(whole: { startSec: number; durationSec: number }): SegmentView {
    const part = { part: 0, durationSec: whole.durationSec, independent: false, hasBytes: false, gap: true }
    return { msn: this.msn, ...whole, done: true, parts: [part], gap: true }
  }

  /** null while there is nothing to show: no part 0, and not known as a whole and done. */
  view(done: boolean): SegmentView | null {
    const known = this.prefix()
    const [first] = known
    const hasAll = this.last !== null && known.length === this.last + 1
    if (this.whole !== null && done && !hasAll)
      return this.isGap ? this.#gap(this.whole) : { msn: this.msn, ...this.whole, done, parts: [] }
    if (!first) return null
    const parts = known.map(({ header, bytes }) => ({
      part: header.part,
      durationSec: header.duration / header.timescale,
      independent: header.independent,
      hasBytes: bytes !== null,
      ...(bytes === null && this.#gaps.has(header.part) ? { gap: true } : {}),
    }))
    const durationSec = parts.reduce((sum, part) => sum + part.durationSec, 0)
    return {
      msn: this.msn,
      startSec: first.header.mediaTime / first.header.timescale,
      durationSec,
      done,
      parts,
    }
  }
}
