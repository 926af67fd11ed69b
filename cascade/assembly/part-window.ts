/** The parts of one track that a peer deals with: those on their way in, and those it can give. Bounded by number, both ways. */
import type { Holding } from '../frame/frame.ts'
import { PartState } from './part-state.ts'

/** 12 s of parts: what others can still ask for. */
export const KEPT_PARTS = 48
/** A hole longer than this is not filled part by part. */
const MAX_HOLE = 16
/** How far what peers claim may run ahead of what the origin signed. */
const MAX_AHEAD = 8
export const PART_MS = 250

export class PartWindow {
  readonly track: number
  readonly #parts = new Map<number, PartState>()
  readonly #incomplete = new Set<PartState>()
  /** The newest part with any sign of it; -1 before the first. */
  newest = -1
  /** When that came. */
  newestAtMs = 0
  /** The newest that the origin is known to have signed, and when that was known. */
  #signed = -1
  #signedAtMs = 0

  constructor(track: number) {
    this.track = track
  }

  find(number: number): PartState | undefined {
    return this.#parts.get(number)
  }

  incomplete(): ReadonlySet<PartState> {
    return this.#incomplete
  }

  /** Whether anybody could have this part by now, whatever is said of it. */
  isPlausible(number: number, nowMs: number): boolean {
    if (this.#signed < 0 || number <= this.newest - KEPT_PARTS) return false
    return number <= this.#signed + (nowMs - this.#signedAtMs) / PART_MS + MAX_AHEAD
  }

  /** The origin's signature over its META is good. */
  noteSigned(number: number, nowMs: number): void {
    if (number <= this.#signed) return
    this.#signed = number
    this.#signedAtMs = nowMs
  }

  /** There is such a part; so there are those between it and the newest known. Undefined where it is too old. */
  note(number: number, nowMs: number): PartState | undefined {
    const known = this.#parts.get(number)
    if (known || number <= this.newest - KEPT_PARTS) return known
    if (number > this.newest) {
      const isNear = this.newest >= 0 && number - this.newest <= MAX_HOLE
      for (let hole = isNear ? this.newest + 1 : number; hole < number; hole++) this.#add(hole, nowMs)
      this.newest = number
      this.newestAtMs = nowMs
      this.#dropBefore(number - KEPT_PARTS + 1)
    }
    return this.#add(number, nowMs)
  }

  settle(part: PartState): void {
    this.#incomplete.delete(part)
  }

  holding(): Holding | null {
    let newest = -1
    for (const part of this.#parts.values()) if (part.isWhole && part.number > newest) newest = part.number
    if (newest < 0) return null
    let bitmap = 0
    for (let back = 0; back < 32; back++) if (this.#parts.get(newest - back)?.isWhole) bitmap |= 1 << back
    return { track: this.track, newest, bitmap: bitmap >>> 0 }
  }

  #add(number: number, nowMs: number): PartState {
    const known = this.#parts.get(number)
    if (known) return known
    const part = new PartState(this.track, number, nowMs)
    this.#parts.set(number, part)
    this.#incomplete.add(part)
    return part
  }

  #dropBefore(first: number): void {
    if (this.#parts.size <= KEPT_PARTS) return
    for (const [number, part] of this.#parts) {
      if (number >= first) continue
      this.#parts.delete(number)
      this.#incomplete.delete(part)
    }
  }
}
