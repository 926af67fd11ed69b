/**
 * One medium of one rendition as a bounded window of parts, noted in any order, and those who wait for what is not there yet.
 * The origin fills it in order, the player from whichever pipe. Playlists and blocking requests go by `head` alone.
 */
import type { PartHeader, PartId } from './part.ts'
import { PartWaiters, TrackClosed } from './part-waiters.ts'
import { PartWindow } from './part-window.ts'
import type { SegmentView, TrackPart } from './segment-record.ts'

export { TrackClosed } from './part-waiters.ts'
export type { TrackClosedReason } from './part-waiters.ts'
export type { PartView, SegmentView, TrackPart } from './segment-record.ts'

export interface TrackOptions {
  name: string
  /** Segments kept: noting a newer one drops the oldest. */
  maxSegments: number
  /** Waits above this many are refused. */
  maxWaiters?: number
}

/** A segment with its bytes: `parts` from part 0 up to the first hole. */
export interface TrackSegment {
  msn: number
  parts: TrackPart[]
  done: boolean
}

const DEFAULT_MAX_WAITERS = 10_000

export class Track {
  readonly name: string
  /** The init segment (ftyp and moov), once known. */
  init: Uint8Array | null = null
  readonly #window: PartWindow
  readonly #waiters: PartWaiters
  readonly #listeners = new Set<(head: PartId) => void>()
  #ended = false
  #closed: TrackClosed | null = null
  #views: readonly SegmentView[] | null = null

  constructor(options: TrackOptions) {
    this.name = options.name
    this.#window = new PartWindow(options.maxSegments)
    this.#waiters = new PartWaiters(options.maxWaiters ?? DEFAULT_MAX_WAITERS)
  }

  /** The last part up to which none is missing, counted from the first one noted. Never goes back. */
  get head(): PartId | null {
    return this.#window.head
  }

  /** The part `head` waits for: what a preload hint names. */
  get next(): PartId | null {
    return this.#window.next
  }

  get ended(): boolean {
    return this.#ended
  }

  /** How many waits are open. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** First msn of `segments()`. */
  get firstMsn(): number | null {
    return this.segments()[0]?.msn ?? null
  }

  /** End of `head` on the program's timeline, in seconds. */
  get newestEndSec(): number | null {
    const header = this.head && this.find(this.head.msn, this.head.part)?.header
    return header ? (header.mediaTime + header.duration) / header.timescale : null
  }

  /** The bytes may follow in a second call. False: nothing new, too old, or impossible. */
  note(header: PartHeader, bytes: Uint8Array | null): boolean {
    return this.#change(() => this.#window.note(header, bytes))
  }

  /**
   * A finished segment known only by start and length. A player notes those of the server's playlist before it hands out a
   * playlist of its own: an older segment noted later would make its EXT-X-MEDIA-SEQUENCE go back.
   */
  noteSegment(msn: number, startSec: number, durationSec: number): boolean {
    return this.#change(() => this.#window.noteSegment(msn, startSec, durationSec))
  }

  /** A segment that cannot be had, listed with EXT-X-GAP: what lies before the first segment of a program. */
  noteGap(msn: number, startSec: number, durationSec: number): boolean {
    return this.#change(() => this.#window.noteGap(msn, startSec, durationSec))
  }

  /** Whether a part that was noted can be had: it is listed with GAP=YES until it can, or its bytes are noted. */
  markGap({ msn, part }: PartId, isGap: boolean): boolean {
    return this.#change(() => this.#window.get(msn)?.markGap(part, isGap) ?? false)
  }

  /** Forgets the segments before `msn`, and refuses them from now on. */
  dropBefore(msn: number): void {
    this.#change(() => this.#window.dropBefore(msn))
  }

  find(msn: number, part: number): TrackPart | undefined {
    return this.#window.find(msn, part)
  }

  findSegment(msn: number): TrackSegment | undefined {
    const record = this.#window.get(msn)
    return record && { msn, parts: record.prefix(), done: this.#window.isDone(record, this.#ended) }
  }

  /** An index past the end of a segment means part 0 of the next. True for everything once the track has ended. */
  reaches(msn: number, part: number): boolean {
    if (this.#ended) return true
    return this.head !== null && (this.head.msn > msn || (this.head.msn === msn && this.head.part >= part))
  }

  /** Resolves when `reaches`. Rejects with the signal's reason, or `TrackClosed`: closed, or too many waiters. */
  whenReached(msn: number, part: number, signal?: AbortSignal): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed)
    return this.reaches(msn, part) ? Promise.resolve() : this.#waiters.wait({ msn, part }, signal)
  }

  /**
   * Resolves when a segment is finished, so that there is a playlist to answer with: hls.js takes one that lists parts alone for
   * an error. Rejects as `whenReached`.
   */
  async whenListed(signal?: AbortSignal): Promise<void> {
    while (!this.#ended && !this.segments().some(({ done }) => done))
      await (this.head ? this.whenReached(this.head.msn + 1, 0, signal) : this.whenReached(0, 0, signal))
  }

  /** What a playlist lists: the run of segments without a hole that ends at `head`. The same array until something changes. */
  segments(): readonly SegmentView[] {
    return (this.#views ??= this.#window.views(this.#ended))
  }

  /** Parts missing while a later one is known, from the segment of `head` on, oldest first. */
  holes(limit?: number): PartId[] {
    return this.#window.holes(limit)
  }

  /** Nothing more will come: waiters resolve, and the playlist gets its EXT-X-ENDLIST. */
  end(): void {
    if (this.#ended || this.#closed) return
    this.#ended = true
    this.#views = null
    this.#waiters.release(() => true)
    if (this.head) this.#tell(this.head)
  }

  /** Lets go of waiters (`TrackClosed`), listeners and bytes. */
  close(reason = 'closed'): void {
    if (this.#closed) return
    this.#closed = new TrackClosed('closed', `track ${this.name}: ${reason}`)
    this.#waiters.rejectAll(this.#closed)
    this.#listeners.clear()
    this.#window.clear()
    this.#views = null
    this.init = null
  }

  /** Called with `head` each time it moves, and once at the end. Returns the way to stop. */
  onAdvance(listener: (head: PartId) => void): () => void {
    if (!this.#closed) this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #change(act: () => boolean): boolean {
    if (this.#closed) return false
    const before = this.head
    const isChanged = act()
    if (isChanged) this.#views = null
    if (this.head === null || this.head === before) return isChanged
    this.#waiters.release(({ msn, part }) => this.reaches(msn, part))
    this.#tell(this.head)
    return isChanged
  }

  #tell(head: PartId): void {
    for (const listener of [...this.#listeners]) listener(head)
  }
}
