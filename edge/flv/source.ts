/** Reads one FLV from the upstream for as long as it is wanted: asks again when it is lost, and takes the rendition below it when it is not to be had. */

import { setTimeout as delay } from 'node:timers/promises'
import { FlvParser } from '../../media/flv-stream.ts'
import type { FlvTag } from '../../media/flv-stream.ts'
import type { Answer } from '../answer.ts'
import { answerOf, errorAnswer, JSON_TYPE } from '../answer.ts'
import type { FlvRequest } from '../media-path.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'
import { Late } from '../upstreams/late.ts'
import { findLowerRung } from './lower-rung.ts'
import { isThereAgain } from './probe.ts'

export interface FlvSourceTiming {
  /** First pause before asking again; doubled up to `maxBackoffMs`. */
  minBackoffMs: number
  maxBackoffMs: number
  /** How long "not live" is not believed after a connection that broke: an origin starting again says so too. */
  doubtMs: number
  /** A connection that lived as long is one; after a shorter one the next pause is longer, whatever it brought. */
  steadyMs: number
  /** How long a lower rendition is sent before the wanted one is looked for; twice as long after each time in vain, up to eight times. */
  lookUpMs: number
}

/** What a connection brings: tags follow. */
export interface FlvOpening {
  program: string | null
  resumedMs: number | null
  rendition: string
}

export interface FlvSourceOptions {
  request: FlvRequest
  upstream: Upstream
  timing: FlvSourceTiming
  /** Ends where a rendition is not to be had, instead of taking another. */
  endsAtFailure: boolean
  /** A connection was opened: tags of a new one follow. */
  onOpen: (opening: FlvOpening) => void
  onTags: (tags: FlvTag[]) => void
  /** A connection ended or could not be made; it is asked for again. */
  onLost: (cause: unknown) => void
  /** Another rendition is read from now on. */
  onMove: (rendition: string, direction: 'down' | 'up') => void
  /** There is nothing to read (any more): the last call. */
  onEnd: (answer: Answer) => void
  onAsk: () => void
}

/** `tagsForMs`: how long tags came; null for none. */
type Reading =
  | { how: 'refused'; answer: Answer }
  | { how: 'ended'; tagsForMs: number | null }
  | { how: 'lost'; tagsForMs: number | null; cause: unknown }
  | { how: 'left' }

/** The upstream answers, and not with the stream. */
class NotGiven extends Error {}

// Larger than any tag OBS sends (an 8K keyframe), far below what a length field can claim.
const MAX_TAG_BYTES = 8 * 1024 * 1024
const MAX_REFUSAL_BYTES = 64 * 1024
/** As of any object: docs/operations.md. */
const MAX_FAILURES = 3
const MAX_LOOK_UP_FACTOR = 8

export class FlvSource {
  readonly #options: FlvSourceOptions
  readonly #abort = new AbortController()
  #current: FlvRequest
  #isOpened = false
  /** In a row, of the current rendition, by an upstream that could be reached. */
  #failures = 0
  #newestMs = 0
  #backoffMs: number
  /** When a connection broke last; null where the last one ended in order. */
  #brokenAtMs: number | null = null
  #lookUpMs: number

  constructor(options: FlvSourceOptions) {
    this.#options = options
    this.#current = options.request
    this.#lookUpMs = options.timing.lookUpMs
    this.#backoffMs = options.timing.minBackoffMs
  }

  start(): void {
    void this.#run()
  }

  close(): void {
    this.#abort.abort()
  }

  async #run(): Promise<void> {
    const { timing, onLost, onEnd } = this.#options
    for (;;) {
      const reading = await this.#readCurrent()
      if (this.#abort.signal.aborted) return
      if (reading.how === 'left') continue
      const end = reading.how === 'refused' ? this.#believe(reading) : this.#judge(reading)
      if (end !== null) return onEnd(end)
      onLost(reading.how === 'lost' ? reading.cause : reading.how)
      if (await this.#moveDown()) continue
      // Jitter, so that the relays of all rooms do not meet a starting origin in one instant.
      await this.#pause(this.#backoffMs * (0.75 + Math.random() / 2))
      if (this.#abort.signal.aborted) return
      this.#backoffMs = Math.min(this.#backoffMs * 2, timing.maxBackoffMs)
    }
  }

  /** The refusal, or null where it may be that of an origin that starts again. */
  #believe({ answer }: Reading & { how: 'refused' }): Answer | null {
    const isDoubtful =
      this.#brokenAtMs !== null && Date.now() - this.#brokenAtMs < this.#options.timing.doubtMs
    return isDoubtful ? null : answer
  }

  /** What viewers are told where it is not asked for again. */
  #judge(reading: Reading & { how: 'ended' | 'lost' }): Answer | null {
    if (!this.#isOpened) return errorAnswer('upstream_unavailable', 'the origin is not there')
    const { timing, endsAtFailure } = this.#options
    const { how, tagsForMs } = reading
    const isSteady = tagsForMs !== null && tagsForMs >= timing.steadyMs
    if (isSteady) {
      this.#backoffMs = timing.minBackoffMs
      this.#failures = 0
    }
    if (how === 'ended') this.#brokenAtMs = null
    else if (tagsForMs !== null) this.#brokenAtMs = Date.now()
    else this.#brokenAtMs ??= Date.now()
    if (how === 'ended' ? !isSteady : isFault(reading.cause)) this.#failures++
    if (!endsAtFailure || this.#failures < MAX_FAILURES) return null
    return errorAnswer('upstream_unavailable', 'the origin does not give this stream')
  }

  /** `left` where the wanted rendition is there again in the place of a lower one. */
  async #readCurrent(): Promise<Reading> {
    if (this.#current === this.#options.request) return this.#read(this.#abort.signal)
    const left = new AbortController()
    const looking = AbortSignal.any([this.#abort.signal, left.signal])
    const isBack = this.#lookUp(looking).then((isThere) => {
      if (isThere) left.abort()
      return isThere
    })
    const reading = await this.#read(looking)
    left.abort()
    if (!(await isBack)) return reading
    const { request, timing, onMove } = this.#options
    this.#current = request
    this.#failures = 0
    this.#lookUpMs = Math.min(this.#lookUpMs * 2, timing.lookUpMs * MAX_LOOK_UP_FACTOR)
    onMove(request.rendition, 'up')
    return { how: 'left' }
  }

  /** Looks for the wanted rendition until it is there, which is told by true, or `signal`. */
  async #lookUp(signal: AbortSignal): Promise<boolean> {
    const { upstream, request, timing, onAsk } = this.#options
    for (;;) {
      await this.#pause(this.#lookUpMs, signal)
      if (signal.aborted) return false
      onAsk()
      if (await isThereAgain(upstream, request, { newestMs: () => this.#newestMs, signal }))
        return !signal.aborted
      this.#lookUpMs = Math.min(this.#lookUpMs * 2, timing.lookUpMs * MAX_LOOK_UP_FACTOR)
    }
  }

  /** Tells whether the rendition below is read from now on. */
  async #moveDown(): Promise<boolean> {
    if (this.#failures < MAX_FAILURES) return false
    const { upstream, onMove } = this.#options
    const lower = await findLowerRung(upstream, this.#current, this.#abort.signal)
    if (lower === null || this.#abort.signal.aborted) return false
    this.#current = lower
    this.#failures = 0
    onMove(lower.rendition, 'down')
    return true
  }

  async #read(signal: AbortSignal): Promise<Reading> {
    const { upstream, onAsk, onOpen, onTags } = this.#options
    const request = this.#current
    let openedAtMs: number | null = null
    let tagsForMs: number | null = null
    try {
      onAsk()
      const answer = await upstream.ask(request, signal)
      if (answer.status !== 200) return await readRefusal(answer)
      this.#isOpened = true
      openedAtMs = Date.now()
      const { program, resumedMs } = answer
      onOpen({ program, resumedMs, rendition: request.rendition })
      const parser = new FlvParser({ maxTagBytes: MAX_TAG_BYTES })
      for await (const chunk of answer.body) {
        const tags = parser.push(chunk)
        const last = tags.at(-1)
        if (last === undefined) continue
        tagsForMs = Date.now() - openedAtMs
        if (last.type !== 'script') this.#newestMs = last.timestampMs
        onTags(tags)
      }
      return { how: 'ended', tagsForMs }
    } catch (cause) {
      const isBroken = openedAtMs !== null
      return { how: 'lost', tagsForMs, cause: isBroken ? new NotGiven(reasonOf(cause), { cause }) : cause }
    }
  }

  async #pause(ms: number, signal = this.#abort.signal): Promise<void> {
    await delay(ms, null, { signal }).catch(() => null)
  }
}

async function readRefusal(answer: UpstreamAnswer): Promise<Reading> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer.body) {
    bytes += chunk.length
    if (bytes > MAX_REFUSAL_BYTES) break
    chunks.push(chunk)
  }
  const { status } = answer
  if (status === 400 || status === 404) return { how: 'refused', answer: answerOf(status, JSON_TYPE, chunks) }
  const message = `the origin answers ${status}`
  // Those are said by one who cannot reach whoever has the stream.
  throw [502, 503, 504].includes(status) ? new Error(message) : new NotGiven(message)
}

/** A stream that is not given, by somebody who is there; one that cannot be reached is no fault of the rendition. */
function isFault(cause: unknown): boolean {
  return cause instanceof NotGiven || cause instanceof Late
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
