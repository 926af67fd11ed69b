/** The live side of rooms, set by hand. */

import type { LiveFacts, LiveRooms } from '../../origin/program/live-rooms.ts'

export const IDLE: LiveFacts = {
  state: 'idle',
  programId: null,
  startedAtMs: null,
  source: null,
  refusal: null,
  renditions: [],
}

export class MemoryLiveRooms implements LiveRooms {
  readonly dropped: string[] = []
  readonly #facts = new Map<string, LiveFacts>()
  readonly #listeners = new Set<(roomId: string, facts: LiveFacts) => void>()

  facts(roomId: string): LiveFacts {
    return this.#facts.get(roomId) ?? IDLE
  }

  set(roomId: string, changes: Partial<LiveFacts>): void {
    const facts = { ...this.facts(roomId), ...changes }
    this.#facts.set(roomId, facts)
    for (const listener of this.#listeners) listener(roomId, facts)
  }

  async end(roomId: string): Promise<void> {
    if (this.facts(roomId).state !== 'idle') this.set(roomId, { state: 'ended' })
  }

  async drop(roomId: string): Promise<void> {
    this.dropped.push(roomId)
    this.#facts.delete(roomId)
  }

  onChange(listener: (roomId: string, facts: LiveFacts) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
