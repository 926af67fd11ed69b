/** One fetch, many readers: detached from every client, read while it arrives, kept only when it arrived whole. */

import { HeadwaterError } from '../runtime/errors.ts'
import type { Answer } from './answer.ts'
import { answerOf, errorAnswer, JSON_TYPE, mayBlock, typeOf } from './answer.ts'
import type { ObjectRequest } from './media-path.ts'
import type { Upstream, UpstreamAnswer } from './upstream.ts'
import { Late } from './upstreams/late.ts'

export interface FillHead {
  status: number
  length: number | null
}

/** `whole` is the origin's answer; `stale` an older one in its place; `failed` an error of ours. */
export interface FillEnd {
  how: 'whole' | 'stale' | 'failed'
  answer: Answer
}

/** What a reader is told, in this order; a late one is told at once what it missed. */
export interface FillReader {
  onHead?(head: FillHead): void
  onChunk?(chunk: Buffer): void
  onEnd(end: FillEnd): void
}

export interface FillOptions {
  request: ObjectRequest
  upstream: Upstream
  /** A larger body is a failure. */
  maxBytes: number
  /** How long a parked request nobody waits for any more is kept. */
  graceMs: number
  /** Told once, before the readers, however it ends; may put an older answer in the place of a failure. */
  onSettled: (end: FillEnd, cause: unknown) => FillEnd
}

export class Fill {
  readonly #options: FillOptions
  readonly #abort = new AbortController()
  readonly #readers = new Set<FillReader>()
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #head: FillHead | null = null
  #end: FillEnd | null = null
  #grace: NodeJS.Timeout | null = null

  constructor(options: FillOptions) {
    this.#options = options
  }

  get readers(): number {
    return this.#readers.size
  }

  /** Asks the origin. To be called once. */
  start(): void {
    void this.#run()
  }

  /** Adds a reader; returns the way to leave. */
  join(reader: FillReader): () => void {
    this.#clearGrace()
    if (this.#head !== null) reader.onHead?.(this.#head)
    for (const chunk of this.#chunks) reader.onChunk?.(chunk)
    if (this.#end !== null) {
      reader.onEnd(this.#end)
      return () => undefined
    }
    this.#readers.add(reader)
    return () => this.#leave(reader)
  }

  /** Ends the fetch; readers are told that it failed. */
  close(): void {
    this.#settle(
      { how: 'failed', answer: errorAnswer('upstream_unavailable', 'the fetch was given up') },
      null,
    )
    this.#abort.abort()
  }

  async #run(): Promise<void> {
    try {
      const answer = await this.#options.upstream.ask(this.#options.request, this.#abort.signal)
      this.#begin(answer)
      for await (const chunk of answer.body) this.#add(chunk)
      this.#finish()
    } catch (error) {
      this.#settle({ how: 'failed', answer: failureOf(error) }, error)
      this.#abort.abort()
    }
  }

  #begin(answer: UpstreamAnswer): void {
    // Anything else is between the origin and us (a wrong cluster secret, a proxy's page), never a viewer's business.
    if (![200, 400, 404, 503].includes(answer.status)) throw new Error(`the origin answers ${answer.status}`)
    if (this.#end !== null) return
    this.#head = { status: answer.status, length: answer.length }
    for (const reader of this.#readers) reader.onHead?.(this.#head)
  }

  #add(chunk: Buffer): void {
    if (this.#end !== null) return
    this.#bytes += chunk.length
    if (this.#bytes > this.#options.maxBytes)
      throw new Error(`body larger than ${this.#options.maxBytes} bytes`)
    this.#chunks.push(chunk)
    for (const reader of this.#readers) reader.onChunk?.(chunk)
  }

  #finish(): void {
    const status = this.#head?.status ?? 0
    const type = status === 200 ? typeOf(this.#options.request) : JSON_TYPE
    const body = this.#bytes > 0 ? [joinTightly(this.#chunks, this.#bytes)] : []
    this.#settle({ how: 'whole', answer: answerOf(status, type, body) }, null)
  }

  #settle(end: FillEnd, cause: unknown): void {
    if (this.#end !== null) return
    this.#clearGrace()
    const settled = this.#options.onSettled(end, cause)
    this.#end = settled
    for (const reader of this.#readers) reader.onEnd(settled)
    this.#readers.clear()
  }

  #leave(reader: FillReader): void {
    this.#readers.delete(reader)
    this.expectReaders()
  }

  /** Gives up a parked request whose readers do not come within the grace. */
  expectReaders(): void {
    if (this.#readers.size > 0 || this.#head !== null || this.#end !== null) return
    if (!mayBlock(this.#options.request) || this.#grace !== null) return
    this.#grace = setTimeout(() => this.close(), this.#options.graceMs)
  }

  #clearGrace(): void {
    if (this.#grace !== null) clearTimeout(this.#grace)
    this.#grace = null
  }
}

/**
 * One buffer, so that a hit is one write; of its own memory, so that what is kept is what is counted: a view would keep the
 * socket's read buffer, and a small buffer out of Node's pool all of that.
 */
function joinTightly(chunks: readonly Buffer[], bytes: number): Buffer {
  const joined = Buffer.allocUnsafeSlow(bytes)
  let at = 0
  for (const chunk of chunks) at += chunk.copy(joined, at)
  return joined
}

function failureOf(error: unknown): Answer {
  const isTold = error instanceof Late || (error instanceof HeadwaterError && error.code === 'part_timeout')
  return isTold
    ? errorAnswer(error.code, error.message)
    : errorAnswer('upstream_unavailable', 'the origin is not there')
}
