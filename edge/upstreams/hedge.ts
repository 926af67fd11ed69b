/** When an answer is late enough to be asked for elsewhere, too, and how often that may be done. */
import type { ObjectRequest } from '../media-path.ts'

export interface HedgeOptions {
  /** How many upstreams there are: the last one must have been asked within `LAST_ASKED_MS`. */
  upstreams: number
  /** Milliseconds. */
  now: () => number
}

const QUANTILE = 0.95
const MARGIN = 1.2
const MIN_MS = 100
const MAX_MS = 600
const LAST_ASKED_MS = 800
/** Fewer say nothing of a quantile. */
const MIN_SAMPLES = 20
const MAX_SAMPLES = 100
const FORGOTTEN_MS = 60_000
/** Hedges per fill over time, and at once: what is late everywhere, as in an outage, must not double what upstreams are asked. */
const BUDGET_PER_FILL = 0.1
const MAX_BUDGET = 10

interface Sample {
  atMs: number
  tookMs: number
}

export class Hedge {
  readonly #now: () => number
  readonly #maxMs: number
  readonly #samples = new Map<string, Sample[]>()
  #budget = MAX_BUDGET

  constructor({ upstreams, now }: HedgeOptions) {
    this.#now = now
    this.#maxMs = Math.min(MAX_MS, LAST_ASKED_MS / Math.max(1, upstreams - 1))
  }

  /** An upstream has answered a request of this kind after so long. */
  took(upstream: string, request: ObjectRequest, tookMs: number): void {
    const key = keyOf(upstream, request)
    const samples = this.#samples.get(key) ?? []
    samples.push({ atMs: this.#now(), tookMs })
    if (samples.length > MAX_SAMPLES) samples.shift()
    this.#samples.set(key, samples)
  }

  /** How long the upstream is waited for before another is asked, too: P95 of the last minute and a fifth. */
  delayMs(upstream: string, request: ObjectRequest): number {
    const since = this.#now() - FORGOTTEN_MS
    const recent = (this.#samples.get(keyOf(upstream, request)) ?? []).filter(({ atMs }) => atMs > since)
    if (recent.length < MIN_SAMPLES) return this.#maxMs
    const sorted = recent.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
    const quantileMs = sorted[Math.ceil(sorted.length * QUANTILE) - 1] ?? this.#maxMs
    return Math.min(Math.max(MIN_MS, quantileMs * MARGIN), this.#maxMs)
  }

  /** To be told of every fill: each adds a little to what may be spent on hedges. */
  earn(): void {
    this.#budget = Math.min(MAX_BUDGET, this.#budget + BUDGET_PER_FILL)
  }

  /** Whether one more may be made; counts it. */
  spend(): boolean {
    if (this.#budget < 1) return false
    this.#budget--
    return true
  }
}

/** What waits to be made takes other times than what is there. */
function keyOf(upstream: string, request: ObjectRequest): string {
  const isBlocking = request.kind === 'playlist' && request.msn !== null
  return `${upstream} ${request.kind}${isBlocking ? ' blocking' : ''}`
}
