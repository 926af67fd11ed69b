/** Every byte of media over HTTP comes through here: errors get codes, transfers are timed, all of it ends with one `close`. */
import { errorOfAnswer, PlayerError } from '../player-error.ts'
import type { BackoffLimits } from '../room/backoff.ts'
import type { EdgeChoice } from './edge-choice.ts'
import { watchSilence } from './silence-watch.ts'

export interface Fetched {
  bytes: Uint8Array
  /** where the answer came from after redirects; by its name at the page's own server, whichever edge gave it */
  address: string
  /** the server's Date, ms since 1970, and our clock at that moment; null when the answer has none */
  date: { serverMs: number; localMs: number } | null
}

export interface FetchOptions {
  isFollow?: boolean
  signal?: AbortSignal
  /** playlists must come from the server, media may come from the browser's cache */
  isFresh?: boolean
  /** asked for before it is known which edges there are */
  isFirst?: boolean
}

export interface MediaFetchOptions {
  fetch?: typeof fetch
  nowMs?: () => number
  /** told of every answer's length */
  onBytes?: (bytes: number) => void
  /** waits between attempts of those who ask again */
  retry?: BackoffLimits
  /** where media is asked for; without it, at its own address */
  edges?: EdgeChoice | null
}

/** A held request is answered within 18 s by the server; well past that the connection is dead. */
const HELD_LIMIT_MS = 25_000
/** What exists already comes within this, or not in time to be of use. */
const TRANSFER_LIMIT_MS = 10_000
const MAX_WAITS = 8
/** A browser opens no more to one server over HTTP/1.1; further requests wait. */
const MAX_CONNECTIONS = 6
const RETRY: BackoffLimits = { firstMs: 200, maxMs: 2000 }

export class MediaFetch {
  readonly #fetch: typeof fetch
  /** the clock transfers are timed by */
  readonly nowMs: () => number
  readonly retry: BackoffLimits
  readonly #onBytes: (bytes: number) => void
  readonly #edges: EdgeChoice | null
  readonly #closing = new AbortController()
  #waking = new AbortController()
  #isFailing = false
  #underWay = 0
  /** waits of the latest answers that were not held */
  #waits: number[] = []

  constructor(options: MediaFetchOptions = {}) {
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init))
    this.nowMs = options.nowMs ?? (() => performance.now())
    this.retry = options.retry ?? RETRY
    this.#onBytes = options.onBytes ?? (() => undefined)
    this.#edges = options.edges ?? null
  }

  /** The shortest of the latest waits for a first byte; 0 before anything is known. */
  get roundTripMs(): number {
    return this.#waits.length === 0 ? 0 : Math.min(...this.#waits)
  }

  /** The latest request came to nothing: the network, or the server, is away. */
  get isFailing(): boolean {
    return this.#isFailing
  }

  /** A signal that also fires when waiting any longer makes no sense: the network is back. */
  waking(signal: AbortSignal): AbortSignal {
    return AbortSignal.any([signal, this.#waking.signal])
  }

  /** Ends waits and held requests, so that they are made anew: after a sleep, or on another network, old connections are dead. */
  wake(): void {
    this.#waking.abort()
    this.#waking = new AbortController()
  }

  /** Throws `PlayerError`: the answer's own code, or `network_failed` when nobody who could answer did. */
  async get(address: string, options: FetchOptions = {}): Promise<Fetched> {
    const edges = this.#edges
    if (!edges) return this.#getAt(null, address, options)
    if (!options.isFirst) await edges.settled
    const until = AbortSignal.any([this.#closing.signal, this.#waking.signal, ...signalsOf(options)])
    for (const tried = new Set<string>(); ;) {
      const place = edges.current
      try {
        return await this.#getAt(place, address, options)
      } catch (cause) {
        if (until.aborted || !isNobody(cause)) throw cause
        edges.fail(place)
        if (tried.add(place).has(edges.current)) throw cause
      }
    }
  }

  /** An answer without an end, piece by piece. Ends where the answer does; throws `PlayerError` as `get` does, in its middle too. */
  async *read(address: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const edges = this.#edges
    await edges?.settled
    const place = edges?.current ?? null
    const own = AbortSignal.any([signal, this.#closing.signal, this.#waking.signal])
    try {
      yield* this.#readAt(place, address, own)
    } catch (cause) {
      // who asks again asks another
      if (place !== null && !own.aborted && isNobody(cause)) edges?.fail(place)
      throw cause
    }
  }

  async #getAt(place: string | null, address: string, options: FetchOptions): Promise<Fetched> {
    const asked = this.nowMs()
    const watch = this.#watch(place)
    try {
      const answer = await this.#fetch(this.#edges?.at(place ?? '', address) ?? address, {
        signal: AbortSignal.any([...this.#signals(options), watch.gone]),
        cache: options.isFresh ? 'no-store' : 'default',
        credentials: 'same-origin',
      })
      const first = this.nowMs()
      const refusal = answer.ok ? null : errorOfAnswer(answer.status, await readCode(answer), address)
      this.#isFailing = refusal?.code === 'network_failed'
      if (refusal) throw refusal
      const date = readDate(answer)
      const bytes = new Uint8Array(await answer.arrayBuffer())
      if (!options.isFollow) this.#waits = [...this.#waits, first - asked].slice(-MAX_WAITS)
      this.#onBytes(bytes.byteLength)
      const from = answer.url || address
      return { bytes, address: this.#edges?.canonical(place ?? '', from) ?? from, date }
    } catch (cause) {
      if (cause instanceof PlayerError) throw cause
      if (!options.signal?.aborted && !this.#closing.signal.aborted) this.#isFailing = true
      throw new PlayerError('network_failed', 'the request failed', { cause })
    } finally {
      watch.stop()
    }
  }

  async *#readAt(place: string | null, address: string, own: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const watch = this.#watch(place)
    try {
      const answer = await this.#fetch(this.#edges?.at(place ?? '', address) ?? address, {
        signal: AbortSignal.any([own, watch.gone]),
        cache: 'no-store',
        credentials: 'same-origin',
      })
      const refusal = answer.ok ? null : errorOfAnswer(answer.status, await readCode(answer), address)
      this.#isFailing = refusal?.code === 'network_failed'
      if (refusal || !answer.body) throw refusal ?? new PlayerError('answer_malformed', 'no body')
      yield* piecesOf(answer.body, (bytes) => {
        watch.heard()
        this.#onBytes(bytes)
      })
    } catch (cause) {
      if (cause instanceof PlayerError) throw cause
      if (!own.aborted) this.#isFailing = true
      throw new PlayerError('network_failed', 'the connection broke', { cause })
    } finally {
      watch.stop()
    }
  }

  /** Whether an edge that is asked is still there; of the page's own server, which has none after it, nobody asks. */
  #watch(place: string | null): { gone: AbortSignal; heard: () => void; stop: () => void } {
    const gone = new AbortController()
    if (place === null || place === this.#edges?.home)
      return { gone: gone.signal, heard: () => undefined, stop: () => undefined }
    const watch = watchSilence({
      ...{ place, fetch: this.#fetch },
      canAsk: () => this.#underWay < MAX_CONNECTIONS,
      onGone: () => gone.abort(),
    })
    this.#underWay++
    const stop = (): void => {
      this.#underWay--
      watch.stop()
    }
    return { gone: gone.signal, heard: watch.heard, stop }
  }

  async getText(address: string, options: FetchOptions = {}): Promise<Fetched & { text: string }> {
    const fetched = await this.get(address, { ...options, isFresh: true })
    return { ...fetched, text: new TextDecoder().decode(fetched.bytes) }
  }

  close(): void {
    this.#closing.abort()
  }

  #signals({ signal, isFollow, isFresh }: FetchOptions): AbortSignal[] {
    const limitMs = isFollow || isFresh ? HELD_LIMIT_MS : TRANSFER_LIMIT_MS
    const own = [this.#closing.signal, this.#waking.signal, AbortSignal.timeout(limitMs)]
    return signal ? [...own, signal] : own
  }
}

function signalsOf({ signal }: FetchOptions): AbortSignal[] {
  return signal ? [signal] : []
}

/** Nobody answered, or somebody who could not: another one may. */
function isNobody(cause: unknown): boolean {
  return cause instanceof PlayerError && cause.code === 'network_failed'
}

/** Safari's streams cannot be iterated. */
async function* piecesOf(
  body: ReadableStream<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      onBytes(value.byteLength)
      yield value
    }
  } finally {
    // whoever stops reading wants no more of it
    await reader.cancel().catch(() => undefined)
  }
}

function readDate(answer: Response): Fetched['date'] {
  const serverMs = Date.parse(answer.headers.get('date') ?? '')
  return Number.isNaN(serverMs) ? null : { serverMs, localMs: Date.now() }
}

async function readCode(answer: Response): Promise<unknown> {
  const body: unknown = await answer.json().catch(() => null)
  return typeof body === 'object' && body !== null && 'code' in body ? body.code : null
}
