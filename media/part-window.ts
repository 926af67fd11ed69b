/** The newest segments of a track and how far they are known without a hole. State only: nobody waits here. */
import { PARTS_PER_SEGMENT } from './part.ts'
import type { PartHeader, PartId } from './part.ts'
import { SegmentRecord } from './segment-record.ts'
import type { SegmentView, TrackPart } from './segment-record.ts'

const MAX_HOLES = 64

export class PartWindow {
  readonly #maxSegments: number
  readonly #records = new Map<number, SegmentRecord>()
  #head: PartId | null = null
  #newestMsn = -1
  #oldestMsn = 0

  constructor(maxSegments: number) {
    this.#maxSegments = maxSegments
  }

  get head(): PartId | null {
    return this.#head
  }

  /** The part `head` waits for. Segments known only as a whole are passed over. */
  get next(): PartId | null {
    if (this.#head === null) return null
    const record = this.#records.get(this.#head.msn)
    const isOver = record !== undefined && (record.whole !== null || record.last === this.#head.part)
    if (!isOver) return { msn: this.#head.msn, part: this.#head.part + 1 }
    let msn = this.#head.msn + 1
    while (this.#records.get(msn)?.whole && !this.find(msn, 0)) msn += 1
    return { msn, part: 0 }
  }

  find(msn: number, part: number): TrackPart | undefined {
    return this.#records.get(msn)?.parts[part]
  }

  get(msn: number): SegmentRecord | undefined {
    return this.#records.get(msn)
  }

  note(header: PartHeader, bytes: Uint8Array | null): boolean {
    const { msn, part } = header
    if (!Number.isInteger(part) || part < 0 || part >= PARTS_PER_SEGMENT) return false
    if (!this.#open(msn)?.note(header, bytes)) return false
    this.#head ??= { msn, part }
    this.#advance()
    return true
  }

  noteSegment(msn: number, startSec: number, durationSec: number): boolean {
    const record = this.#open(msn)
    if (!record || record.isComplete) return false
    record.whole = { startSec, durationSec }
    this.#advance()
    return true
  }

  /** A segment that cannot be had. */
  noteGap(msn: number, startSec: number, durationSec: number): boolean {
    if (!this.noteSegment(msn, startSec, durationSec)) return false
    const record = this.#records.get(msn)
    if (record) record.isGap = true
    return true
  }

  dropBefore(msn: number): boolean {
    if (msn <= this.#oldestMsn) return false
    this.#oldestMsn = msn
    for (const known of this.#records.keys()) if (known < msn) this.#records.delete(known)
    this.#advance()
    return true
  }

  clear(): void {
    this.#records.clear()
  }

  /** See `Track.holes`. */
  holes(limit = MAX_HOLES): PartId[] {
    const holes: PartId[] = []
    if (this.#head === null) return holes
    for (let msn = this.#head.msn; msn <= this.#newestMsn; msn += 1) {
      const record = this.#records.get(msn)
      if (record?.isComplete) continue
      const newestKnown = (record?.parts.length ?? 0) - 1
      const last = msn === this.#newestMsn ? newestKnown : (record?.last ?? PARTS_PER_SEGMENT - 1)
      for (let part = 0; part <= last; part += 1) {
        if (holes.length >= limit) return holes
        if (!record?.parts[part]) holes.push({ msn, part })
      }
    }
    return holes
  }

  /** EXTINF may be written: complete, and the next segment has begun; or no more will come. */
  isDone(record: SegmentRecord, ended: boolean): boolean {
    const following = this.#records.get(record.msn + 1)
    const isFollowed =
      following !== undefined && (following.whole !== null || following.parts[0] !== undefined)
    if (record.isComplete && isFollowed) return true
    return ended && (record.isComplete || record.msn === this.#head?.msn)
  }

  /** See `Track.segments`. */
  views(ended: boolean): SegmentView[] {
    const views: SegmentView[] = []
    let record = this.#head ? this.#records.get(this.#head.msn) : this.#newestDone(ended)
    const isWhole = record !== undefined && record.whole !== null && this.isDone(record, ended)
    if (this.#head && record && record.prefix().length <= this.#head.part && !isWhole) return views
    for (; record; record = this.#records.get(record.msn - 1)) {
      if (views.length > 0 && !record.isComplete) break
      const view = record.view(this.isDone(record, ended))
      if (view === null) break
      views.unshift(view)
    }
    return views
  }

  #newestDone(ended: boolean): SegmentRecord | undefined {
    let record = this.#records.get(this.#newestMsn)
    while (record && !this.isDone(record, ended)) record = this.#records.get(record.msn - 1)
    return record
  }

  /** The record of this segment, after what is now too old is gone. null: it is too old itself. */
  #open(msn: number): SegmentRecord | null {
    if (!Number.isSafeInteger(msn) || msn < this.#oldestMsn) return null
    if (msn > this.#newestMsn) {
      this.#newestMsn = msn
      this.dropBefore(msn - this.#maxSegments + 1)
    }
    const record = this.#records.get(msn) ?? new SegmentRecord(msn)
    this.#records.set(msn, record)
    return record
  }

  /** A head that was dropped (a hole never filled) starts anew at the oldest part there is. */
  #advance(): void {
    if (this.#head && this.#head.msn < this.#oldestMsn) this.#head = this.#oldestPart() ?? this.#head
    for (let next = this.next; next && this.find(next.msn, next.part); next = this.next) this.#head = next
  }

  #oldestPart(): PartId | null {
    for (let msn = this.#oldestMsn; msn <= this.#newestMsn; msn += 1) {
      const part = this.#records.get(msn)?.parts.findIndex((known) => known !== undefined) ?? -1
      if (part >= 0) return { msn, part }
    }
    return null
  }
}
