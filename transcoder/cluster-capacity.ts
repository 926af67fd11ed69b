/** What the transcoders of a cluster tell each other of the room they have: who is full leaves a program to whoever is not. */
import { z } from 'zod'
import type { Store } from '../runtime/store/store.ts'

/** What each transcoder says in the store, by its node. */
const stateSchema = z.object({ atMs: z.number(), freeCores: z.number() })

const NODES_KEY = 'transcoders'
/** Who has said nothing for this long is gone; clocks of a cluster are nearer than that. */
const GONE_AFTER_MS = 10_000

export class ClusterCapacity {
  readonly #store: Store
  readonly #node: string
  #others: { freeCores: number }[] = []

  constructor(store: Store, node: string) {
    this.#store = store
    this.#node = node
  }

  /** Says what is free here, and reads what is elsewhere. Never rejects: without the store what was read last stands. */
  async exchange(freeCores: number): Promise<void> {
    try {
      const now = Date.now()
      await this.#store.hashSet(NODES_KEY, this.#node, JSON.stringify({ atMs: now, freeCores }))
      const { [this.#node]: _, ...others } = await this.#store.hashAll(NODES_KEY)
      const states = Object.entries(others).map(([node, text]) => ({ node, ...parse(text) }))
      const [living, gone] = [true, false].map((isLiving) =>
        states.filter(({ atMs }) => now - atMs < GONE_AFTER_MS === isLiving),
      )
      this.#others = living ?? []
      for (const { node } of gone ?? []) await this.#store.hashDelete(NODES_KEY, node)
    } catch {
      // The store is away.
    }
  }

  /** Whether another transcoder has room for so much. */
  hasRoomElsewhere(cores: number): boolean {
    return this.#others.some(({ freeCores }) => freeCores >= cores)
  }

  async leave(): Promise<void> {
    await this.#store.hashDelete(NODES_KEY, this.#node).catch(() => false)
  }
}

function parse(text: string): z.infer<typeof stateSchema> {
  try {
    return stateSchema.parse(JSON.parse(text))
  } catch {
    return { atMs: 0, freeCores: 0 }
  }
}
