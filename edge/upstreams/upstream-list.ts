/** Several upstreams as one: the room's shields in their order, then the origin; the next where one is dead, late or cannot answer. */
import type { FlvRequest, ObjectRequest } from '../media-path.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'
import { Breaker, type Passage } from './breaker.ts'
import { carryOn, readWhole } from './carried-on.ts'
import { FlvRoute, type FlvMember } from './flv-route.ts'
import { Hedge } from './hedge.ts'
import { isOverdue } from './late.ts'
import { race } from './race.ts'
import { orderShields } from './shield-order.ts'

export interface UpstreamListOptions {
  /** By address. */
  shields: ReadonlyMap<string, Upstream>
  /** Asked last. */
  origin: Upstream
  /** An upstream gave no answer, or broke off in one, and another is asked. */
  onFailover: (cause: unknown) => void
  /** An upstream is late, and another is asked, too. */
  onHedge: () => void
}

interface Member {
  name: string
  upstream: Upstream
  breaker: Breaker
}

/** A member that is asked. */
interface Asked {
  member: Member
  passage: Passage
}

export class UpstreamList implements Upstream {
  readonly #options: UpstreamListOptions
  readonly #shields: ReadonlyMap<string, Member>
  readonly #origin: Member
  readonly #hedge: Hedge
  readonly #flv: FlvRoute

  constructor(options: UpstreamListOptions) {
    this.#options = options
    const now = (): number => performance.now()
    const memberOf = (name: string, upstream: Upstream): Member => ({
      name,
      upstream,
      breaker: new Breaker(now),
    })
    this.#shields = new Map([...options.shields].map(([name, upstream]) => [name, memberOf(name, upstream)]))
    this.#origin = memberOf('origin', options.origin)
    this.#flv = new FlvRoute({ now, onFailover: options.onFailover })
    this.#hedge = new Hedge({ upstreams: options.shields.size + 1, now })
  }

  async ask(request: ObjectRequest | FlvRequest, signal: AbortSignal): Promise<UpstreamAnswer> {
    if (request.kind === 'flv') return this.#flv.ask(request, this.#flvMembers(request), signal)
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

  #flvMembers(request: FlvRequest): FlvMember[] {
    return this.#orderOf(request).map(({ name, upstream, breaker }) => ({
      ...{ name, upstream },
      isWell: () => !breaker.isOpen,
    }))
  }

  #orderOf({ room }: Pick<ObjectRequest, 'room'>): Member[] {
    const ordered = orderShields(room, [...this.#shields.keys()]).map((url) => this.#shields.get(url))
    return [...ordered.filter((each) => each !== undefined), this.#origin]
  }

  /** Takes whom it asks out of `untried`; who was only late goes back to its end. */
  async #askInTurn(request: ObjectRequest, untried: Member[], signal: AbortSignal): Promise<UpstreamAnswer> {
    const { answer, losers } = await race<Asked>({
      next: (running) => this.#next(untried, running),
      isExhausted: () => untried.length === 0,
      ask: ({ member }, own) => this.#askOne(member, request, own),
      isUseful,
      delayMs: ({ member }) => this.#hedge.delayMs(member.name, request),
      onAnswered: ({ passage }) => passage.succeed(),
      onFailed: ({ passage }, cause) => {
        passage.fail()
        if (untried.length > 0) this.#options.onFailover(cause)
      },
      onLeft: ({ passage }, why) => {
        if (why === 'silent' || isOverdue(signal)) passage.fail()
        else passage.leave()
      },
      signal,
    })
    untried.push(...losers.map(({ member }) => member))
    return answer
  }

  /** The first that is worth asking, or any where nobody else is; beside one that is late only as far as hedges go. */
  #next(untried: Member[], running: readonly Asked[]): Asked | null {
    const isLate = running.length > 0
    const member = untried.find(({ breaker }) => breaker.mayPass) ?? (isLate ? undefined : untried[0])
    if (member === undefined) return null
    if (isLate) {
      // Who waits for an upstream that is known to be silent need not wait for a budget, too.
      const isFree = running.every((asked) => asked.member.breaker.isOpen)
      if (!isFree && !this.#hedge.spend()) return null
      this.#options.onHedge()
    }
    untried.splice(untried.indexOf(member), 1)
    return { member, passage: member.breaker.pass() }
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
