/**
 * Where media is asked for: at the edges the server names for this room, in their order, and at the page's own server where there are
 * none or none answers. Who fails is left alone for a while; the server is then asked again, not by everybody at once.
 */
import { backoffMs, waitMs } from '../room/backoff.ts'

export interface EdgeChoiceOptions {
  /** origin of the page's own server, absolute, without a slash at the end */
  home: string
  roomId: string
  fetch?: typeof fetch
  nowMs?: () => number
  random?: () => number
  wait?: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Media waits no longer for the names of edges: the page's own server has it too. */
const SETTLE_MS = 250
/** An edge that failed is asked for nothing for so long: its machine restarts, or the store forgets it. */
export const REST_MS = 30_000
/** Between two questions after a failure; an edge that died is named for five more seconds. */
export const ASK_AGAIN = { firstMs: 10_000, maxMs: 300_000 }
const ANSWER_LIMIT_MS = 5000
/** As many as the server names. */
const MAX_EDGES = 3
const MAX_URL_CHARACTERS = 2048

export class EdgeChoice {
  readonly home: string
  /** resolves when it is known whom to ask, or it is not worth waiting for */
  readonly settled: Promise<void>
  readonly #options: EdgeChoiceOptions
  readonly #closing = new AbortController()
  readonly #failedAtMs = new Map<string, number>()
  #edges: readonly string[] = []
  #current: string
  #settle: () => void = () => undefined
  #isAsking = false

  constructor(options: EdgeChoiceOptions) {
    this.#options = options
    this.home = options.home
    this.#current = options.home
    this.settled = new Promise((resolve) => (this.#settle = resolve))
  }

  /** What stands before `/live/…` in the addresses to ask now. */
  get current(): string {
    return this.#current
  }

  /** Every place that media may come from. */
  get places(): string[] {
    return [...this.#edges, this.home]
  }

  /** Asks the server for the first time. */
  start(): void {
    void this.#ask().then(this.#settle)
    void this.#wait(SETTLE_MS).then(this.#settle)
  }

  close(): void {
    this.#closing.abort()
    this.#settle()
  }

  /** The address at one of the places; what is no media of the server's stays as it is. */
  at(place: string, address: string): string {
    return address.startsWith(`${this.home}/live/`) ? place + address.slice(this.home.length) : address
  }

  /** The other way round: one name for a thing, wherever it came from. */
  canonical(place: string, address: string): string {
    return address.startsWith(`${place}/live/`) ? this.home + address.slice(place.length) : address
  }

  /** A place does not answer. From now on another one is asked, if there is any. */
  fail(place: string): void {
    if (this.#edges.length === 0 || !this.places.includes(place)) return
    this.#failedAtMs.set(place, this.#nowMs())
    if (place === this.#current) this.#current = this.#best()
    if (place !== this.home) void this.#askAgain()
  }

  /** One round of questions at a time, until an edge is asked again or there is none. */
  async #askAgain(): Promise<void> {
    if (this.#isAsking) return
    this.#isAsking = true
    for (let attempt = 0; !this.#closing.signal.aborted; attempt++) {
      await this.#wait(backoffMs(attempt, ASK_AGAIN, this.#options.random))
      if ((await this.#ask()) && (this.#current !== this.home || this.#edges.length === 0)) break
    }
    this.#isAsking = false
  }

  /** Whether there was an answer. Without one, what was known stands. */
  async #ask(): Promise<boolean> {
    const { roomId, fetch: ask = fetch } = this.#options
    try {
      const address = `${this.home}/api/v1/live/${encodeURIComponent(roomId)}/edges`
      const limit = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ANSWER_LIMIT_MS)])
      const answer = await ask(address, { cache: 'no-store', signal: limit, credentials: 'same-origin' })
      if (!answer.ok) return false
      this.#name(readEdges(await answer.json(), this.home.startsWith('https:')))
      return true
    } catch {
      return false
    }
  }

  #name(edges: readonly string[]): void {
    this.#edges = edges.filter((edge) => edge !== this.home)
    for (const place of this.#failedAtMs.keys()) if (this.#rested(place)) this.#failedAtMs.delete(place)
    this.#current = this.#best()
  }

  /** The first that has not just failed; else the one that failed longest ago. */
  #best(): string {
    const places = this.places
    const failedAt = (place: string): number => this.#failedAtMs.get(place) ?? -Infinity
    return (
      places.find((place) => this.#rested(place)) ??
      places.reduce((best, place) => (failedAt(place) < failedAt(best) ? place : best), this.home)
    )
  }

  #rested(place: string): boolean {
    return this.#nowMs() - (this.#failedAtMs.get(place) ?? -Infinity) > REST_MS
  }

  #nowMs(): number {
    return (this.#options.nowMs ?? (() => performance.now()))()
  }

  #wait(ms: number): Promise<void> {
    return (this.#options.wait ?? waitMs)(ms, this.#closing.signal)
  }
}

/** By hand and not by a schema: this is needed before the page's libraries are there. */
function readEdges(body: unknown, isSecure: boolean): string[] {
  const list = field(field(body, 'data'), 'edges')
  if (!Array.isArray(list)) return []
  const urls = list.map((each: unknown) => field(each, 'url')).filter((url) => isPlace(url, isSecure))
  return [...new Set(urls)].slice(0, MAX_EDGES)
}

/** A browser lets a page that came over TLS ask nobody without it. */
function isPlace(url: unknown, isSecure: boolean): url is string {
  if (typeof url !== 'string' || url.length > MAX_URL_CHARACTERS || !URL.canParse(url)) return false
  const { protocol, search, hash } = new URL(url)
  if (search + hash !== '' || url.endsWith('/')) return false
  return protocol === 'https:' || (protocol === 'http:' && !isSecure)
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && name in value
    ? (value as Record<string, unknown>)[name]
    : undefined
}
