/** Whom to ask for an FLV: the room's shields in their order, then the origin; who broke off, was silent or refused comes last for a while. */
import type { FlvRequest } from '../media-path.ts'
import type { Upstream, UpstreamAnswer } from '../upstream.ts'

export interface FlvRouteOptions {
  /** Milliseconds. */
  now: () => number
  /** One did not give the stream, or broke off in it, and another is asked. */
  onFailover: (cause: unknown) => void
}

export interface FlvMember {
  name: string
  upstream: Upstream
  /** Objects come from it. */
  isWell: () => boolean
}

/** All but the last have together so long for the head of an answer, and one of them at most `MAX_HEAD_MS`. */
const HEADS_MS = 800
const MAX_HEAD_MS = 600
const ASIDE_MS = 10_000
/** How long a stream is read from another than the first before it goes back to one before, when that is well. */
const HOME_MS = 30_000

export class FlvRoute {
  readonly #options: FlvRouteOptions
  /** Until when members come last, by name. */
  readonly #aside = new Map<string, number>()

  constructor(options: FlvRouteOptions) {
    this.#options = options
  }

  /** `members` in their order; there is at least one. Resolves with the first useful answer, else with what the last one makes of it. */
  async ask(
    request: FlvRequest,
    members: readonly FlvMember[],
    signal: AbortSignal,
  ): Promise<UpstreamAnswer> {
    const inOrder = [...members].sort((a, b) => Number(this.#isAside(a)) - Number(this.#isAside(b)))
    const headMs = Math.min(MAX_HEAD_MS, HEADS_MS / Math.max(1, inOrder.length - 1))
    for (const [index, member] of inOrder.entries()) {
      const isLast = index === inOrder.length - 1
      const answer = await this.#askOne(request, member, isLast ? null : headMs, signal).catch(
        (cause: unknown) => {
          if (isLast || signal.aborted) throw cause
          return this.#giveUp(member, cause)
        },
      )
      if (answer === null) continue
      return {
        ...answer,
        body: this.#watch(member, members.slice(0, members.indexOf(member)), answer, signal),
      }
    }
    throw new Error('there is no upstream')
  }

  /** Null where another is to be asked. */
  async #askOne(
    request: FlvRequest,
    member: FlvMember,
    headMs: number | null,
    signal: AbortSignal,
  ): Promise<UpstreamAnswer | null> {
    const own = new AbortController()
    const timer = headMs === null ? null : setTimeout(() => own.abort(), headMs)
    try {
      const answer = await member.upstream.ask(request, AbortSignal.any([signal, own.signal]))
      if (headMs === null || [200, 400, 404].includes(answer.status)) return answer
      own.abort()
      return this.#giveUp(member, new Error(`an upstream answers ${answer.status}`))
    } finally {
      if (timer !== null) clearTimeout(timer)
    }
  }

  #giveUp({ name }: FlvMember, cause: unknown): null {
    this.#aside.set(name, this.#options.now() + ASIDE_MS)
    this.#options.onFailover(cause)
    return null
  }

  /** Ends, to be asked for again, where one before it in the order could give the stream again. */
  async *#watch(
    member: FlvMember,
    before: readonly FlvMember[],
    { status, body }: UpstreamAnswer,
    signal: AbortSignal,
  ): AsyncGenerator<Buffer> {
    // Not all relays at once.
    const homeAtMs = this.#options.now() + HOME_MS * (0.75 + Math.random() / 2)
    try {
      for await (const chunk of body) {
        yield chunk
        if (before.length === 0 || status !== 200 || this.#options.now() < homeAtMs) continue
        if (before.some((each) => each.isWell() && !this.#isAside(each))) return
      }
    } catch (cause) {
      if (!signal.aborted) this.#giveUp(member, cause)
      throw cause
    }
  }

  #isAside({ name }: FlvMember): boolean {
    return this.#options.now() < (this.#aside.get(name) ?? 0)
  }
}
