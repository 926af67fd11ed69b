/** Several upstreams as one: the room's shields in their order, then the origin; the next where one is dead or cannot answer. */
import { HeadwaterError } from '../../runtime/errors.ts'
import type { FlvRequest, ObjectRequest } from '../media-path.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'
import { carryOn, readWhole } from './carried-on.ts'
import { orderShields } from './shield-order.ts'

export interface UpstreamListOptions {
  /** By address. */
  shields: ReadonlyMap<string, Upstream>
  /** Asked last, and alone for FLV: each edge reads a room's once, and its timeline is the origin's to say. */
  origin: Upstream
  /** An upstream gave no answer, or broke off in one, and another is asked. */
  onFailover: (cause: unknown) => void
}

export class UpstreamList implements Upstream {
  readonly #options: UpstreamListOptions
  readonly #urls: readonly string[]

  constructor(options: UpstreamListOptions) {
    this.#options = options
    this.#urls = [...options.shields.keys()]
  }

  async ask(request: ObjectRequest | FlvRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    if (request.kind === 'flv') return this.#options.origin.ask(request, signal)
    const untried = this.#orderOf(request)
    const answer = await this.#askInTurn(request, untried, signal)
    if (!isImmutable(request, answer)) return answer
    const askAnother = (cause: unknown): Promise<UpstreamAnswer> => {
      if (signal.aborted || untried.length === 0) throw cause
      this.#options.onFailover(cause)
      return this.#askInTurn(request, untried, signal)
    }
    return { ...answer, body: carryOn(answer, askAnother) }
  }

  async close(): Promise<void> {
    const { shields, origin } = this.#options
    await Promise.all([...shields.values(), origin].map((each) => each.close()))
  }

  #orderOf({ room }: ObjectRequest): Upstream[] {
    const { shields, origin } = this.#options
    const ordered = orderShields(room, this.#urls).map((url) => shields.get(url))
    return [...ordered.filter((each) => each !== undefined), origin]
  }

  /** Takes upstreams out of `untried` until one answers; what the last one says is the answer, whatever it is. */
  async #askInTurn(
    request: ObjectRequest,
    untried: Upstream[],
    signal: AbortSignal,
  ): Promise<UpstreamAnswer> {
    for (;;) {
      const upstream = untried.shift()
      if (upstream === undefined) throw new HeadwaterError('upstream_unavailable', 'no upstream answers')
      const isLast = untried.length === 0
      try {
        const answer = await askOne(upstream, request, signal)
        if (isLast || isUseful(answer)) return answer
        this.#options.onFailover(new Error(`an upstream answers ${answer.status}`))
      } catch (cause) {
        if (isLast || signal.aborted) throw cause
        this.#options.onFailover(cause)
      }
    }
  }
}

/** Resolves with the whole of what could not be carried on, and with the head of all else. */
async function askOne(
  upstream: Upstream,
  request: ObjectRequest,
  signal: AbortSignal,
): Promise<UpstreamAnswer> {
  const answer = await upstream.ask(request, signal)
  return isImmutable(request, answer) ? answer : readWhole(answer)
}

function isImmutable(request: ObjectRequest, { status }: UpstreamAnswer): boolean {
  return status === 200 && request.kind !== 'playlist' && request.kind !== 'multivariant'
}

/** Whether it is the origin's word, by whomever it was brought. A shield that is closing or full says 503 and when to ask again. */
function isUseful({ status, isStarting }: UpstreamAnswer): boolean {
  return [200, 400, 404].includes(status) || (status === 503 && !isStarting)
}
