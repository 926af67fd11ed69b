/** Asks one after the other until one answers: the next at once where one fails, and beside it where one is late. */
import type { UpstreamAnswer } from '../upstream.ts'

export interface RaceOptions<Entrant> {
  /** Whom to ask now; null when there is nobody (any more). `isLate` where it is beside another that is late. */
  next: (isLate: boolean) => Entrant | null
  ask: (entrant: Entrant, signal: AbortSignal) => Promise<UpstreamAnswer>
  isUseful: (answer: UpstreamAnswer) => boolean
  /** How long one is waited for alone. */
  delayMs: (entrant: Entrant) => number
  /** One has failed, or has not answered to any use. */
  onFailed: (entrant: Entrant, cause: unknown) => void
  signal: AbortSignal
}

export interface RaceResult<Entrant> {
  answer: UpstreamAnswer
  winner: Entrant
  /** Asked in vain, and left. */
  losers: Entrant[]
}

/** Resolves with the first useful answer; when there is none with the last of no use. Rejects where there was none at all. */
export function race<Entrant>(options: RaceOptions<Entrant>): Promise<RaceResult<Entrant>> {
  return new Promise((resolve, reject) => new Race(options, resolve, reject).start())
}

class Race<Entrant> {
  readonly #options: RaceOptions<Entrant>
  readonly #resolve: (result: RaceResult<Entrant>) => void
  readonly #reject: (cause: unknown) => void
  readonly #running = new Map<Entrant, AbortController>()
  #useless: { entrant: Entrant; answer: UpstreamAnswer } | null = null
  #lateTimer: NodeJS.Timeout | null = null
  #isOver = false

  constructor(
    options: RaceOptions<Entrant>,
    resolve: (result: RaceResult<Entrant>) => void,
    reject: (cause: unknown) => void,
  ) {
    this.#options = options
    this.#resolve = resolve
    this.#reject = reject
  }

  start(): void {
    if (!this.#launch(false)) this.#reject(new Error('there is no upstream'))
  }

  #launch(isLate: boolean): boolean {
    const { next, ask, delayMs, signal } = this.#options
    const entrant = next(isLate)
    if (entrant === null) return false
    const own = new AbortController()
    this.#running.set(entrant, own)
    ask(entrant, AbortSignal.any([signal, own.signal])).then(
      (answer) => this.#onAnswer(entrant, answer),
      (cause: unknown) => this.#onFailure(entrant, cause),
    )
    if (this.#lateTimer !== null) clearTimeout(this.#lateTimer)
    this.#lateTimer = setTimeout(() => this.#launch(true), delayMs(entrant))
    return true
  }

  #onAnswer(entrant: Entrant, answer: UpstreamAnswer): void {
    if (this.#isOver) return
    if (!this.#options.isUseful(answer)) {
      this.#useless = { entrant, answer }
      this.#onFailure(entrant, new Error(`an upstream answers ${answer.status}`))
      return
    }
    this.#win(entrant, answer)
  }

  #win(entrant: Entrant, answer: UpstreamAnswer): void {
    this.#end()
    this.#running.delete(entrant)
    for (const loser of this.#running.values()) loser.abort()
    this.#resolve({ answer, winner: entrant, losers: [...this.#running.keys()] })
  }

  #onFailure(entrant: Entrant, cause: unknown): void {
    if (this.#isOver) return
    this.#running.delete(entrant)
    if (this.#options.signal.aborted) {
      this.#end()
      this.#reject(cause)
      return
    }
    this.#options.onFailed(entrant, cause)
    if (this.#launch(false) || this.#running.size > 0) return
    if (this.#useless !== null) this.#win(this.#useless.entrant, this.#useless.answer)
    else {
      this.#end()
      this.#reject(cause)
    }
  }

  #end(): void {
    this.#isOver = true
    if (this.#lateTimer !== null) clearTimeout(this.#lateTimer)
  }
}
