/** The edges there are, as the store had them a moment ago: viewers never wait for the store. */
import type { ListedEdge } from '../../runtime/store/edge-list.ts'
import { readEdges } from '../../runtime/store/edge-list.ts'
import type { Store } from '../../runtime/store/store.ts'

const READ_EVERY_MS = 1000

export class EdgeDirectory {
  readonly #store: Store
  readonly #everyMs: number
  #timer: NodeJS.Timeout | null = null
  #edges: ListedEdge[] = []

  constructor(store: Store, everyMs = READ_EVERY_MS) {
    this.#store = store
    this.#everyMs = everyMs
  }

  get edges(): readonly ListedEdge[] {
    return this.#edges
  }

  /** Where pages may be told to load media from. */
  get origins(): string[] {
    return [...new Set(this.#edges.map(({ url }) => new URL(url).origin))].toSorted()
  }

  start(): void {
    void this.#read()
    this.#timer = setInterval(() => void this.#read(), this.#everyMs)
  }

  close(): void {
    if (this.#timer) clearInterval(this.#timer)
  }

  /** While the store is away, what was read last stands. */
  async #read(): Promise<void> {
    this.#edges = await readEdges(this.#store).catch(() => this.#edges)
  }
}
