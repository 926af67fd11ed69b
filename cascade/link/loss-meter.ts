/** Packet loss of a link, from the gaps in the numbers of its heartbeats, which nobody sends again. */

const WINDOW = 512
/** Fewer heartbeats than this say nothing. */
const MIN_SAMPLES = 20

export class LossMeter {
  /** By sequence modulo the window: 1 for each that came. */
  readonly #came = new Uint8Array(WINDOW)
  #first = -1
  #highest = -1
  #inWindow = 0
  received = 0

  note(sequence: number): void {
    if (this.#first < 0) {
      this.#first = sequence
      this.#highest = sequence - 1
    }
    if (sequence <= this.#highest - WINDOW || sequence < this.#first) return
    const ahead = sequence - this.#highest
    if (ahead > WINDOW) return this.#startOver(sequence)
    for (let next = this.#highest + 1; next <= sequence; next++) this.#set(next % WINDOW, 0)
    if (ahead > 0) this.#highest = sequence
    if (this.#came[sequence % WINDOW] === 1) return
    this.#set(sequence % WINDOW, 1)
    this.received++
  }

  /** Share of the last heartbeats (25 s of them) that did not come. */
  get loss(): number {
    const expected = Math.min(WINDOW, this.#highest - this.#first + 1)
    return expected < MIN_SAMPLES ? 0 : 1 - this.#inWindow / expected
  }

  #set(at: number, came: number): void {
    this.#inWindow += came - (this.#came[at] ?? 0)
    this.#came[at] = came
  }

  /** So many at once are no loss but a pause. */
  #startOver(sequence: number): void {
    this.#came.fill(0)
    this.#inWindow = 0
    this.#first = sequence
    this.#highest = sequence
    this.#set(sequence % WINDOW, 1)
    this.received++
  }
}
