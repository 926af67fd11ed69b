/**
 * The parts of a program for its recorder, which takes them when the disk is ready for more. What waits is the program's own
 * window and nothing else: a disk that stands still for longer costs the recording what fell out of it, and the program nothing.
 */
import { partIdOf, runningNumber, PARTS_PER_SEGMENT } from '../../media/part.ts'
import type { Track } from '../../media/track.ts'

export interface RecordablePart {
  k: number
  /** One of each track, in their order. */
  parts: Uint8Array[]
}

export class ProgramParts {
  readonly #tracks: readonly Track[]
  #next: number
  /** What comes next does not follow what was taken last: it must begin with a keyframe. */
  #isBroken = true
  #hasTaken = false
  #lost = 0
  /** Set once the window is about to go. */
  #rest: RecordablePart[] | null = null

  /** `tracks`: the video first, where there is one. */
  constructor(tracks: readonly Track[]) {
    this.#tracks = tracks
    this.#next = Math.max(0, ...tracks.map((track) => track.firstMsn ?? 0)) * PARTS_PER_SEGMENT
  }

  /** Parts that fell out of the window before they could be taken. */
  get lost(): number {
    return this.#lost
  }

  /** Goes on behind a part that is recorded already. */
  skipTo(k: number): void {
    this.#hasTaken = true
    this.#rest = this.#rest?.filter((part) => part.k >= k) ?? null
    if (this.#next > k) return
    this.#next = k
    this.#isBroken = false
  }

  /** The next part, or null when there is none yet. */
  take(): RecordablePart | null {
    return this.#rest ? (this.#rest.shift() ?? null) : this.#takeFromWindow()
  }

  /** Takes hold of all that is left, for nothing more will come and the window may be emptied. */
  seal(): void {
    if (this.#rest) return
    const rest: RecordablePart[] = []
    for (let part = this.#takeFromWindow(); part; part = this.#takeFromWindow()) rest.push(part)
    this.#rest = rest
  }

  #takeFromWindow(): RecordablePart | null {
    const head = Math.min(...this.#tracks.map((track) => (track.head ? runningNumber(track.head) : -1)))
    for (; this.#next <= head; this.#next++) {
      const { msn, part } = partIdOf(this.#next)
      const found = this.#tracks.map((track) => track.find(msn, part))
      const parts = found.flatMap((each) => (each?.bytes ? [each.bytes] : []))
      if (parts.length === found.length && (!this.#isBroken || found[0]?.header.independent)) {
        this.#isBroken = false
        this.#hasTaken = true
        return { k: this.#next++, parts }
      }
      if (this.#hasTaken) this.#lost++
      this.#isBroken = true
    }
    return null
  }
}
