/** What state a program is in, since when, and how often it was interrupted. */
import type { Packager } from '../packager/packager.ts'
import { isOver, nextState, type ProgramEvent, type ProgramState } from './program-state.ts'
import type { RestoredProgram } from './restored-program.ts'

export interface ProgramLifeOptions {
  packager: Pick<Packager, 'isPlayable' | 'nextPart'>
  onMove: (from: ProgramState, to: ProgramState) => void
}

export class ProgramLife {
  readonly #options: ProgramLifeOptions
  #state: ProgramState = 'starting'
  #interruptions = 0
  #interruptedAtMs: number | null = null
  /** The part that a publisher's picture came back in. */
  #returnPart = 0
  #wasPlayable = false

  constructor(options: ProgramLifeOptions) {
    this.#options = options
  }

  get state(): ProgramState {
    return this.#state
  }

  get isOver(): boolean {
    return isOver(this.#state)
  }

  get interruptions(): number {
    return this.#interruptions
  }

  /** Wall clock of the loss of the last publisher; null while one feeds the program. */
  get interruptedAtMs(): number | null {
    return this.#interruptedAtMs
  }

  /** Viewers could play something of it at some time. */
  get wasPlayable(): boolean {
    return this.#wasPlayable
  }

  /** Its publisher was lost with the process before this one; everything else is as it was. */
  resume({ interruptions, interruptedAtMs }: RestoredProgram): void {
    this.#interruptions = interruptions
    this.#interruptedAtMs = interruptedAtMs
    this.#state = 'interrupted'
    this.#wasPlayable = true
  }

  /** A publisher feeds from this part on. */
  feeds(part: number): void {
    this.#returnPart = part
  }

  lost(sinceMs: number): void {
    if (nextState(this.#state, 'lost') === this.#state) return
    this.#interruptions++
    this.#interruptedAtMs = sinceMs
    this.move('lost')
  }

  /** After a part: the room is live once a publisher's picture is in one that is out. */
  follow(isFed: boolean): void {
    const { packager } = this.#options
    this.#wasPlayable ||= packager.isPlayable
    const isShown = isFed && packager.isPlayable && packager.nextPart > this.#returnPart
    if (!isShown || nextState(this.#state, 'shown') === this.#state) return
    this.#interruptedAtMs = null
    this.move('shown')
  }

  move(event: ProgramEvent): void {
    const before = this.#state
    this.#state = nextState(before, event)
    if (this.#state !== before) this.#options.onMove(before, this.#state)
  }
}
