/** Reads one FLV from the upstream for as long as it is wanted: asks again when it is lost. */

import { setTimeout as delay } from 'node:timers/promises'
import { FlvParser } from '../../media/flv-stream.ts'
import type { FlvTag } from '../../media/flv-stream.ts'
import type { Answer } from '../answer.ts'
import { answerOf, errorAnswer, JSON_TYPE } from '../answer.ts'
import type { FlvRequest } from '../media-path.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'

export interface FlvSourceTiming {
  /** First pause before asking again; doubled up to `maxBackoffMs`. */
  minBackoffMs: number
  maxBackoffMs: number
  /** How long "not live" is not believed after a connection that broke: an origin starting again says so too. */
  doubtMs: number
  /** A connection that lived as long is one; after a shorter one the next pause is longer, whatever it brought. */
  steadyMs: number
}

export interface FlvSourceOptions {
  request: FlvRequest
  upstream: Upstream
  timing: FlvSourceTiming
  /** A connection was opened: tags of a new one follow. */
  onOpen: (program: string | null, resumedMs: number | null) => void
  onTags: (tags: FlvTag[]) => void
  /** A connection ended or could not be made; it is asked for again. */
  onLost: (cause: unknown) => void
  /** There is nothing to read (any more): the last call. */
  onEnd: (answer: Answer) => void
  onAsk: () => void
}

type Reading =
  | { how: 'refused'; answer: Answer }
  | { how: 'ended'; hasTags: boolean }
  | { how: 'lost'; hasTags: boolean; cause: unknown }

// Larger than any tag OBS sends (an 8K keyframe), far below what a length field can claim.
const MAX_TAG_BYTES = 8 * 1024 * 1024
const MAX_REFUSAL_BYTES = 64 * 1024

export class FlvSource {
  readonly #options: FlvSourceOptions
  readonly #abort = new AbortController()
  #isOpened = false

  constructor(options: FlvSourceOptions) {
    this.#options = options
  }

  start(): void {
    void this.#run()
  }

  close(): void {
    this.#abort.abort()
  }

  async #run(): Promise<void> {
    const { timing, onLost, onEnd } = this.#options
    let backoffMs = timing.minBackoffMs
    let brokenAt: number | null = null
    for (;;) {
      const askedAtMs = Date.now()
      const reading = await this.#read()
      if (this.#abort.signal.aborted) return
      if (reading.how === 'refused') {
        const isDoubtful = brokenAt !== null && Date.now() - brokenAt < timing.doubtMs
        if (!isDoubtful) return onEnd(reading.answer)
      } else if (!this.#isOpened) {
        return onEnd(errorAnswer('upstream_unavailable', 'the origin is not there'))
      } else {
        if (reading.hasTags && Date.now() - askedAtMs >= timing.steadyMs) backoffMs = timing.minBackoffMs
        if (reading.how === 'ended') brokenAt = null
        else brokenAt = reading.hasTags ? Date.now() : (brokenAt ?? Date.now())
      }
      onLost(reading.how === 'lost' ? reading.cause : reading.how)
      // Jitter, so that the relays of all rooms do not meet a starting origin in one instant.
      await delay(backoffMs * (0.75 + Math.random() / 2), null, { signal: this.#abort.signal }).catch(
        () => null,
      )
      if (this.#abort.signal.aborted) return
      backoffMs = Math.min(backoffMs * 2, timing.maxBackoffMs)
    }
  }

  async #read(): Promise<Reading> {
    let hasTags = false
    try {
      this.#options.onAsk()
      const answer = await this.#options.upstream.ask(this.#options.request, this.#abort.signal)
      if (answer.status !== 200) return await this.#readRefusal(answer)
      this.#isOpened = true
      this.#options.onOpen(answer.program, answer.resumedMs)
      const parser = new FlvParser({ maxTagBytes: MAX_TAG_BYTES })
      for await (const chunk of answer.body) {
        const tags = parser.push(chunk)
        if (tags.length === 0) continue
        hasTags = true
        this.#options.onTags(tags)
      }
      return { how: 'ended', hasTags }
    } catch (cause) {
      return { how: 'lost', hasTags, cause }
    }
  }

  async #readRefusal(answer: UpstreamAnswer): Promise<Reading> {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of answer.body) {
      bytes += chunk.length
      if (bytes > MAX_REFUSAL_BYTES) break
      chunks.push(chunk)
    }
    const isViewersBusiness = answer.status === 400 || answer.status === 404
    if (!isViewersBusiness) throw new Error(`the origin answers ${answer.status}`)
    return { how: 'refused', answer: answerOf(answer.status, JSON_TYPE, chunks) }
  }
}
