/** Asks one after the other until one answers: the next at once where one fails, and beside it where one is late. */
import type { UpstreamAnswer } from '../upstream.ts'

export interface RaceOptions<Entrant> {
  /** Whom to ask now; null when there is nobody. Beside those that are late it may be somebody a moment later. */
  next: (late: readonly Entrant[]) => Entrant | null
  /** Nobody is left whom `next` could name. */
  isExhausted: () => boolean
  ask: (entrant: Entrant, signal: AbortSignal) => Promise<UpstreamAnswer>
  isUseful: (answer: UpstreamAnswer) => boolean
  /** How long one is waited for alone. */
  delayMs: (entrant: Entrant) => number
  /** One has answered to some use, be it behind another. */
  onAnswered: (entrant: Entrant) => void
  /** One has failed, or has answered to no use. */
  onFailed: (entrant: Entrant, cause: unknown) => void
  /** One is left behind without an answer of use: some time after another won, or since the whole race was given up. */
  onLeft: (entrant: Entrant, why: 'silent' | 'given_up') => void
  signal: AbortSignal
}

export interface RaceResult<Entrant> {
  answer: UpstreamAnswer
  winner: Entrant
  /** Asked in vain, and left. */
  losers: Entrant[]
}

/** Whoever is still silent so long after another's answer is: those that only wait for the same part have it at the same time. */
const GRACE_MS = 250
/** Until somebody is looked for again beside those that are late, where there was nobody. */
const AGAIN_MS = 100

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
    if (!this.#launch([])) this.#reject(new Error('there is no upstream'))
  }

  #launch(late: readonly Entrant[]): boolean {
    const { next, ask, delayMs, signal } = this.#options
    const entrant = next(late)
    if (entrant === null) return false
    const own = new AbortController()
    this.#running.set(entrant, own)
    ask(entrant, AbortSignal.any([signal, own.signal])).then(
      (answer) => this.#onAnswer(entrant, answer),
      (cause: unknown) => this.#onFailure(entrant, cause),
    )
    this.#waitFor(delayMs(entrant))
    return true
  }

  #waitFor(delayMs: number): void {
    if (this.#lateTimer !== null) clearTimeout(this.#lateTimer)
    this.#lateTimer = setTimeout(() => {
      const isLaunched = this.#launch([...this.#running.keys()])
      if (!isLaunched && !this.#options.isExhausted()) this.#waitFor(AGAIN_MS)
    }, delayMs)
  }

  #onAnswer(entrant: Entrant, answer: UpstreamAnswer): void {
    if (this.#isOver) {
      this.#running.get(entrant)?.abort()
      if (!this.#running.delete(entrant)) return
      if (this.#options.isUseful(answer)) this.#options.onAnswered(entrant)
      else this.#options.onLeft(entrant, 'silent')
      return
    }
    if (!this.#options.isUseful(answer)) {
      this.#useless = { entrant, answer }
      this.#onFailure(entrant, new Error(`an upstream answers ${answer.status}`))
      return
    }
    this.#options.onAnswered(entrant)
    this.#win(entrant, answer)
  }

  #win(entrant: Entrant, answer: UpstreamAnswer): void {
    this.#end()
    this.#running.delete(entrant)
    const losers = [...this.#running.keys()]
    if (losers.length > 0) setTimeout(() => this.#leaveAll('silent'), GRACE_MS)
    this.#resolve({ answer, winner: entrant, losers })
  }

  #onFailure(entrant: Entrant, cause: unknown): void {
    if (!this.#running.has(entrant)) return
    if (this.#options.signal.aborted) {
      this.#end()
      this.#leaveAll('given_up')
      this.#reject(cause)
      return
    }
    this.#running.delete(entrant)
    if (this.#isOver) {
      this.#options.onLeft(entrant, 'silent')
      return
    }
    this.#options.onFailed(entrant, cause)
    if (this.#launch([]) || this.#running.size > 0) return
    if (this.#useless !== null) this.#win(this.#useless.entrant, this.#useless.answer)
    else {
      this.#end()
      this.#reject(cause)
    }
  }

  #leaveAll(why: 'silent' | 'given_up'): void {
    const left = [...this.#running]
    this.#running.clear()
    for (const [entrant, own] of left) {
      own.abort()
      this.#options.onLeft(entrant, why)
    }
  }

  #end(): void {
    this.#isOver = true
    if (this.#lateTimer !== null) clearTimeout(this.#lateTimer)
  }
}
