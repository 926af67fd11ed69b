/** The live side of rooms, set by hand. */

import { HeadwaterError } from '../../runtime/errors.ts'
import type { LiveFacts, LiveRooms, PublisherKind } from '../../origin/program/live-rooms.ts'

export const IDLE: LiveFacts = {
  state: 'idle',
  programId: null,
  startedAtMs: null,
  interruptedAtMs: null,
  sources: [],
  source: null,
  refusal: null,
  renditions: [],
}

export class MemoryLiveRooms implements LiveRooms {
  readonly dropped: string[] = []
  readonly takeovers: { roomId: string; kind: PublisherKind }[] = []
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

  takeover(roomId: string, kind: PublisherKind): void {
    const { state, sources } = this.facts(roomId)
    if (state === 'idle') throw new HeadwaterError('room_not_live', 'nothing is on air')
    if (!sources.some((source) => source.kind === kind))
      throw new HeadwaterError('source_not_live', `no ${kind} is connected`)
    this.takeovers.push({ roomId, kind })
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
