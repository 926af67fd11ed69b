/**
 * What becomes of a child that takes less than it is sent: first some of its stripes are to come from others, then the rest of a
 * segment is skipped, then it is let go. A queue helps nobody who cannot keep up.
 */
import { PARTS_PER_SEGMENT } from '../../media/part.ts'
import type { PartState } from '../assembly/part-state.ts'
import { PART_MS } from '../assembly/part-window.ts'
import type { Child } from './child.ts'

export interface PressureOptions {
  now: () => number
  /** Of all tracks together, kbit/s. */
  streamKbps: () => number
}

const MIN_SOFT_BYTES = 64 * 1024
const MIN_HARD_BYTES = 256 * 1024
/** Stream in a queue: above the first stripes are given up, above the second parts. */
const SOFT_MS = 250
const HARD_MS = 1000
/** Over the soft limit for so long, a child is let go. */
const PATIENCE_MS = 2000

export class Pressure {
  readonly #options: PressureOptions

  constructor(options: PressureOptions) {
    this.#options = options
  }

  /** Whether one more chunk of this part may be queued for it. */
  hasRoom(child: Child, part: PartState): boolean {
    const buffered = child.unsentBytes
    if (buffered <= this.#softBytes) {
      child.overSinceMs = null
      return true
    }
    child.overSinceMs ??= this.#options.now()
    if (buffered <= Math.max(MIN_HARD_BYTES, this.#bytesPerMs * HARD_MS)) return true
    const to = (Math.floor(part.number / PARTS_PER_SEGMENT) + 1) * PARTS_PER_SEGMENT
    child.skipsTo.set(part.track, to)
    child.link.send({ type: 'skip', track: part.track, from: part.number, to, reason: 'missing' })
    return false
  }

  /** Looks at one that was over; true where it is to go. */
  isHopeless(child: Child): boolean {
    if (child.overSinceMs === null) return false
    const now = this.#options.now()
    const overMs = now - child.overSinceMs
    if (child.unsentBytes <= this.#softBytes) {
      child.overSinceMs = null
      return false
    }
    if (overMs > PATIENCE_MS) return true
    if (overMs > PART_MS && now - child.toldOffAtMs > PATIENCE_MS) {
      child.toldOffAtMs = now
      child.link.send({ type: 'skip', track: 0, from: 0, to: 0, reason: 'pressure' })
    }
    return false
  }

  get #bytesPerMs(): number {
    return this.#options.streamKbps() / 8
  }

  get #softBytes(): number {
    return Math.max(MIN_SOFT_BYTES, this.#bytesPerMs * SOFT_MS)
  }
}
