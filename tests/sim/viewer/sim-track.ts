/** One track of a viewer: the player's own choice of pipe (`TrackPipe`), over a track that remembers numbers and no bytes. */
import { partIdOf, runningNumber, type Part } from '../../../media/part.ts'
import { TrackPipe, type PipedFeed } from '../../../player/cascade/track-pipe.ts'

const KEPT_PARTS = 80
const NO_BYTES = new Uint8Array(1)

export class SimTrack {
  readonly pipe: TrackPipe
  /** HTTP follows the newest parts. */
  doesFollow = true
  /** Newest part behind which none is missing. */
  #head: number
  readonly #have = new Set<number>()
  readonly #fetching = new Set<number>()

  /** `first`: the part that is wanted first. */
  constructor(first: number, nowMs: number) {
    this.#head = first - 1
    this.pipe = new TrackPipe(this.#feed(), nowMs)
  }

  get head(): number {
    return this.#head
  }

  has(number: number): boolean {
    return number <= this.#head || this.#have.has(number)
  }

  /** Whether HTTP has to be asked for this part now; it counts as asked from then on. */
  claim(number: number): boolean {
    if (this.has(number) || this.#fetching.has(number)) return false
    this.#fetching.add(number)
    return true
  }

  /** HTTP did not have it. */
  forget(number: number): void {
    this.#fetching.delete(number)
  }

  /** A part is here; false where it was before. */
  note(number: number): boolean {
    this.#fetching.delete(number)
    if (this.has(number)) return false
    this.#have.add(number)
    this.#close()
    if (this.#have.size > KEPT_PARTS) {
      this.#head = Math.min(...this.#have) - 1
      this.#close()
    }
    return true
  }

  #close(): void {
    while (this.#have.delete(this.#head + 1)) this.#head += 1
  }

  #feed(): PipedFeed {
    const headOf = (): Part['header'] | null => headerOf(this.#head)
    return {
      track: {
        note: (header) => this.note(runningNumber(header)),
        find: (msn, part) => findOf(this.has(runningNumber({ msn, part }))),
        get head() {
          return headOf()
        },
      } as PipedFeed['track'],
      pause: () => (this.doesFollow = false),
      resume: () => (this.doesFollow = true),
    }
  }
}

/** What the pipe reads of a head is where it is. */
function headerOf(number: number): Part['header'] | null {
  return number < 0 ? null : (partIdOf(number) as Part['header'])
}

function findOf(isHere: boolean): ReturnType<PipedFeed['track']['find']> {
  return (isHere ? { bytes: NO_BYTES } : undefined) as ReturnType<PipedFeed['track']['find']>
}
