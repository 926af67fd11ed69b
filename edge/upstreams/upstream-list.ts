/** Several upstreams as one: the room's shields in their order, then the origin; the next where one is dead, late or cannot answer. */
import { HeadwaterError } from '../../runtime/errors.ts'
import { mayBlock } from '../answer.ts'
import type { FlvRequest, ObjectRequest } from '../media-path.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'
import { carryOn, readWhole } from './carried-on.ts'
import { Hedge } from './hedge.ts'
import { race } from './race.ts'
import { orderShields } from './shield-order.ts'

export interface UpstreamListOptions {
  /** By address. */
  shields: ReadonlyMap<string, Upstream>
  /** Asked last, and alone for FLV: each edge reads a room's once, and its timeline is the origin's to say. */
  origin: Upstream
  /** An upstream gave no answer, or broke off in one, and another is asked. */
  onFailover: (cause: unknown) => void
  /** An upstream is late, and another is asked, too. */
  onHedge: () => void
}

interface Member {
  name: string
  upstream: Upstream
}

/** Until the head of what nobody has to wait for: longer than the last upstream is asked after. */
const MAX_HEAD_MS = 1200

export class UpstreamList implements Upstream {
  readonly #options: UpstreamListOptions
  readonly #shields: ReadonlyMap<string, Member>
  readonly #origin: Member
  readonly #hedge: Hedge

  constructor(options: UpstreamListOptions) {
    this.#options = options
    this.#shields = new Map([...options.shields].map(([name, upstream]) => [name, { name, upstream }]))
    this.#origin = { name: 'origin', upstream: options.origin }
    this.#hedge = new Hedge({ upstreams: options.shields.size + 1, now: () => performance.now() })
  }

  async ask(request: ObjectRequest | FlvRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    if (request.kind === 'flv') return this.#options.origin.ask(request, signal)
    this.#hedge.earn()
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

  #orderOf({ room }: ObjectRequest): Member[] {
    const ordered = orderShields(room, [...this.#shields.keys()]).map((url) => this.#shields.get(url))
    return [...ordered.filter((each) => each !== undefined), this.#origin]
  }

  /** Takes whom it asks out of `untried`; who was only late goes back to its end. */
  async #askInTurn(request: ObjectRequest, untried: Member[], signal: AbortSignal): Promise<UpstreamAnswer> {
    const late = new AbortController()
    const cap = mayBlock(request) ? null : setTimeout(() => late.abort(), MAX_HEAD_MS)
    try {
      const { answer, losers } = await race<Member>({
        next: (isLate) => this.#next(untried, isLate),
        ask: (member, own) => this.#askOne(member, request, own),
        isUseful,
        delayMs: ({ name }) => this.#hedge.delayMs(name, request),
        onFailed: (_, cause) => {
          if (untried.length > 0) this.#options.onFailover(cause)
        },
        signal: AbortSignal.any([signal, late.signal]),
      })
      untried.push(...losers)
      return answer
    } catch (cause) {
      if (!late.signal.aborted) throw cause
      throw new HeadwaterError('upstream_unavailable', `no upstream answers within ${MAX_HEAD_MS} ms`, {
        cause,
      })
    } finally {
      if (cap !== null) clearTimeout(cap)
    }
  }

  #next(untried: Member[], isLate: boolean): Member | null {
    if (isLate && (untried.length === 0 || !this.#hedge.spend())) return null
    if (isLate) this.#options.onHedge()
    return untried.shift() ?? null
  }

  /** Resolves with the whole of what could not be carried on, and with the head of all else. */
  async #askOne(member: Member, request: ObjectRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    const askedAtMs = performance.now()
    const answer = await member.upstream.ask(request, signal)
    if (isUseful(answer)) this.#hedge.took(member.name, request, performance.now() - askedAtMs)
    return isImmutable(request, answer) ? answer : readWhole(answer)
  }
}

function isImmutable(request: ObjectRequest, { status }: UpstreamAnswer): boolean {
  return status === 200 && request.kind !== 'playlist' && request.kind !== 'multivariant'
}

/** Whether it is the origin's word, by whomever it was brought. A shield that is closing or full says 503 and when to ask again. */
function isUseful({ status, isStarting }: UpstreamAnswer): boolean {
  return [200, 400, 404].includes(status) || (status === 503 && !isStarting)
}
