/** Packet loss of a link, from the gaps in the numbers of its heartbeats, which nobody sends again. */

const WINDOW = 512
/** Fewer heartbeats than this say nothing of their own. */
const MIN_SAMPLES = 20
/** What is expected counts as much as so many heartbeats. */
const PRIOR_SAMPLES = 60
const SURE_SAMPLES = 100

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

  /** Share of the last heartbeats (25 s of them) that did not come; `prior`: what it is taken for before there are many. */
  lossWith(prior: number): number {
    const sent = this.#sent
    if (sent < MIN_SAMPLES) return prior
    const weight = prior > 0 ? Math.max(0, PRIOR_SAMPLES - sent / 4) : 0
    return (sent - this.#inWindow + prior * weight) / (sent + weight)
  }

  /** Whether it says something of the line by itself. */
  get isSure(): boolean {
    return this.#sent >= SURE_SAMPLES
  }

  get #sent(): number {
    return this.#first < 0 ? 0 : Math.min(WINDOW, this.#highest - this.#first + 1)
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
