/** Which edge a viewer asks: one until it fails, then another that the API names. Requests of one viewer, on connections of its own. */
import { Agent, request } from 'undici'
import { namedEdges } from '../shielded-cluster.ts'

export interface EdgeChoiceOptions {
  room: string
  apiUrl: string
  /** The edge to begin with. */
  first: string
  /** Named when the viewer came. */
  known: readonly string[]
}

/** `status` null: no answer, or one that broke off. */
export class AskFailed extends Error {
  readonly status: number | null

  constructor(status: number | null, what: string, options?: ErrorOptions) {
    super(`${what}: ${status ?? 'no answer'}`, options)
    this.status = status
  }
}

/** Browsers have six for each host. */
const CONNECTIONS = 6
/** An edge that answers nothing but that it cannot is left after so many times. */
const MAX_REFUSALS = 3

export class EdgeChoice {
  switches = 0
  readonly #options: EdgeChoiceOptions
  readonly #agent = new Agent({ connections: CONNECTIONS, pipelining: 1 })
  #current: string
  #known: readonly string[]
  #refusals = 0
  #choosing: Promise<void> | null = null

  constructor(options: EdgeChoiceOptions) {
    this.#options = options
    this.#current = options.first
    this.#known = options.known
  }

  get current(): string {
    return this.#current
  }

  /** The body of a 200. Throws `AskFailed`; by then another edge is chosen where this one has failed. */
  async get(path: string, options: { limitMs: number; signal: AbortSignal }): Promise<Buffer> {
    const asked = this.#current
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.limitMs)])
    try {
      const answer = await request(asked + path, { dispatcher: this.#agent, signal })
      const body = Buffer.from(await answer.body.arrayBuffer())
      if (answer.statusCode !== 200) throw new AskFailed(answer.statusCode, path)
      this.#refusals = 0
      return body
    } catch (cause) {
      const failed = cause instanceof AskFailed ? cause : new AskFailed(null, path, { cause })
      if (!options.signal.aborted) await this.#judge(asked, failed.status)
      throw failed
    }
  }

  async close(): Promise<void> {
    await this.#agent.destroy()
  }

  async #judge(asked: string, status: number | null): Promise<void> {
    if (asked !== this.#current || (status !== null && status < 500)) return
    if (status !== null && ++this.#refusals < MAX_REFUSALS) return
    await (this.#choosing ??= this.#choose(asked).finally(() => (this.#choosing = null)))
  }

  /** While the API does not answer, those it named before are asked. */
  async #choose(failed: string): Promise<void> {
    const { apiUrl, room } = this.#options
    const named = await namedEdges(apiUrl, room).catch(() => [])
    if (named.length > 0) this.#known = [...new Set([...named, ...this.#known])]
    const other = this.#known.find((url) => url !== failed)
    this.#refusals = 0
    if (other === undefined || this.#current !== failed) return
    this.#current = other
    this.switches += 1
  }
}
