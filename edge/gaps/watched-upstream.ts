/** One upstream, and what of its answers tells whether it is an object that fails or the upstream. */
import type { FlvRequest, ObjectRequest } from '../media-path.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'
import { isOverdue } from '../upstreams/late.ts'
import type { Gaps } from './gaps.ts'

export interface WatchedUpstreamOptions {
  /** Tells upstreams apart. */
  name: string
  upstream: Upstream
  gaps: Pick<Gaps, 'answered' | 'failed' | 'got'>
}

/** The upstream's own word that it, or what it has, is in order. */
const ANSWERS = [200, 400, 404]
/** Somebody behind the one who answers cannot be reached. */
const AWAY = [502, 503, 504]

export class WatchedUpstream implements Upstream {
  readonly #options: WatchedUpstreamOptions

  constructor(options: WatchedUpstreamOptions) {
    this.#options = options
  }

  async ask(request: ObjectRequest | FlvRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    const { name, upstream, gaps } = this.#options
    if (request.kind === 'flv') return upstream.ask(request, signal)
    try {
      const answer = await upstream.ask(request, signal)
      if (answer.status === 200) return { ...answer, body: this.#watch(request, answer, signal) }
      if (ANSWERS.includes(answer.status)) gaps.answered(name)
      else if (answer.status >= 500 && !AWAY.includes(answer.status)) gaps.failed(name, request)
      return answer
    } catch (cause) {
      // One that refuses connections is away; one that accepts them and is silent is judged by what else it answers.
      if (isOverdue(signal)) gaps.failed(name, request)
      throw cause
    }
  }

  async close(): Promise<void> {
    await this.#options.upstream.close()
  }

  async *#watch(
    request: ObjectRequest,
    { body }: UpstreamAnswer,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    const { name, gaps } = this.#options
    try {
      yield* body
    } catch (cause) {
      if (!signal.aborted) gaps.failed(name, request)
      throw cause
    }
    gaps.answered(name)
    gaps.got(request)
  }
}
