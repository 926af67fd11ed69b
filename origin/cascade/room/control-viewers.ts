/** The viewers of a room that stay on HTTP to compare with, and for how long the cascade is off because they did better. */
import type { CascadeViewer } from '../viewer.ts'
import { isInControlGroup, StallComparison } from './control-group.ts'
import type { Side, Watched } from './control-group.ts'

export interface ControlViewersOptions {
  roomId: string
  /** Connected to the room's signalling. */
  viewers: () => number
  /** Steady, ms. */
  now: () => number
}

/** The cascade stays off for so long where its viewers stalled more than the others. */
export const SWITCHED_OFF_MS = 300_000

export class ControlViewers {
  readonly #options: ControlViewersOptions
  readonly #viewers = new Set<CascadeViewer>()
  readonly #comparison: StallComparison
  #offUntilMs = -Infinity

  constructor(options: ControlViewersOptions) {
    this.#options = options
    this.#comparison = new StallComparison(options.now)
  }

  get size(): number {
    return this.#viewers.size
  }

  /** Ms until the cascade may go on after it did worse than HTTP; 0 where it may. */
  get offForMs(): number {
    return Math.max(0, this.#offUntilMs - this.#options.now())
  }

  has(viewer: CascadeViewer): boolean {
    return this.#viewers.has(viewer)
  }

  /** Whether this viewer is one of them, from now on. */
  take(viewer: CascadeViewer, fingerprint: string): boolean {
    const { roomId, viewers } = this.#options
    const isTaken = isInControlGroup(roomId, viewer.userId ?? fingerprint, viewers())
    if (isTaken) this.#viewers.add(viewer)
    return isTaken
  }

  forget(viewer: CascadeViewer): void {
    this.#viewers.delete(viewer)
  }

  note(side: Side, watched: Watched): void {
    this.#comparison.note(side, watched)
  }

  stallShares(): Record<Side, number | null> {
    return {
      cascade: this.#comparison.stallShare('cascade'),
      control: this.#comparison.stallShare('control'),
    }
  }

  /** Where the cascade's viewers stall clearly more: what both sides were, and the cascade is off for a while. Null otherwise. */
  judge(): Record<Side, number | null> | null {
    if (!this.#comparison.isCascadeWorse) return null
    const shares = this.stallShares()
    this.#offUntilMs = this.#options.now() + SWITCHED_OFF_MS
    this.#comparison.reset()
    return shares
  }
}
