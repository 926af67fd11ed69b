/** A child as its parent sees it: what it is owed, what it was told, how well it takes what it is sent. */
import { ChunkSet } from '../assembly/chunk-set.ts'
import { MAX_PART_CHUNKS, MAX_TRACKS, type Want } from '../frame/frame.ts'
import type { Link } from '../link/link.ts'
import type { PartState } from '../assembly/part-state.ts'
import type { ChildFacts } from '../peer-options.ts'
import type { PeerId } from '../peer-id.ts'
import { KEPT_PARTS } from '../assembly/part-window.ts'
import { Subscription } from '../link/subscription.ts'

/** What is asked for again and again is sent so often at the most. */
const MAX_SENT_TIMES = 3
const MAX_REMEMBERED = KEPT_PARTS * 2

export class Child {
  readonly id: PeerId
  readonly link: Link
  readonly sinceMs: number
  readonly subscription = new Subscription()
  isGranted = false
  /** Its token is being looked at. */
  isChecking = false
  /** It has more unsent than it should, since then. */
  overSinceMs: number | null = null
  toldOffAtMs = -Infinity
  mediaBytes = 0
  /** Kept back so that the line is not overrun. */
  pacedBytes = 0
  /** By track: nothing before this part is sent. */
  readonly skipsTo = new Map<number, number>()
  /** Asked for, not here yet. */
  readonly #wanted = new Map<number, ChunkSet | 'all'>()
  readonly #metaSent = new Map<number, number>()
  readonly #repaired = new Map<number, number>()

  constructor(link: Link, nowMs: number) {
    this.id = link.id
    this.link = link
    this.sinceMs = nowMs
  }

  get unsentBytes(): number {
    return this.pacedBytes + this.link.bufferedBytes
  }

  /** Whether a chunk that has just come in is to go on to it. */
  wants(part: PartState, stripe: number, chunk: number): boolean {
    if (part.number < (this.skipsTo.get(part.track) ?? 0)) return false
    if ((this.subscription.stripesFor(part.number) >> stripe) & 1) return true
    const wanted = this.#wanted.get(keyOf(part))
    return wanted === 'all' || (wanted?.has(chunk) ?? false)
  }

  /** Whether META of a part goes to it unasked. */
  wantsMeta(part: PartState): boolean {
    const isSubscribed = this.subscription.stripesFor(part.number) !== 0 || this.#wanted.has(keyOf(part))
    return isSubscribed && part.number >= (this.skipsTo.get(part.track) ?? 0)
  }

  /** Remembers what it asked for and is not here yet. */
  owe(part: PartState, { chunks }: Want): void {
    const known = this.#wanted.get(keyOf(part))
    if (chunks === null) this.#wanted.set(keyOf(part), 'all')
    else if (known !== 'all') {
      const set = known ?? new ChunkSet(MAX_PART_CHUNKS)
      for (const chunk of chunks) set.add(chunk)
      this.#wanted.set(keyOf(part), set)
    }
    bound(this.#wanted)
  }

  /** Once unasked; again when asked for, not without end. */
  mayHaveMeta(part: PartState, isAsked: boolean): boolean {
    const times = this.#metaSent.get(keyOf(part)) ?? 0
    if (times > 0 && (!isAsked || times >= MAX_SENT_TIMES)) return false
    this.#metaSent.set(keyOf(part), times + 1)
    bound(this.#metaSent)
    return true
  }

  mayHaveRepair(part: PartState, chunks: number): boolean {
    const sent = (this.#repaired.get(keyOf(part)) ?? 0) + chunks
    if (sent > MAX_SENT_TIMES * (part.chunkCount ?? 0)) return false
    this.#repaired.set(keyOf(part), sent)
    bound(this.#repaired)
    return true
  }

  facts(): ChildFacts {
    const { id, link, subscription } = this
    return {
      ...{ id, stripes: subscription.stripes, rttMs: link.rttMs, loss: link.loss },
      ...{ bytes: link.bytesOut, bufferedBytes: this.unsentBytes },
    }
  }
}

/** Numbers, not the parts themselves: a child that takes nothing must not keep them in memory. */
function keyOf({ track, number }: PartState): number {
  return number * MAX_TRACKS + track
}

/** Oldest out: maps keep the order in which things came. */
function bound(map: Map<number, unknown>): void {
  if (map.size <= MAX_REMEMBERED) return
  for (const oldest of map.keys()) {
    map.delete(oldest)
    return
  }
}
