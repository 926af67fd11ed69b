/** The swarms of one room: one for each rendition that is on air and wanted. */
import type { LiveFacts } from '../../program/live-rooms.ts'
import type { SwarmName } from '../root-nodes.ts'
import { Swarm } from '../swarm.ts'

export interface RoomSwarmsOptions {
  roomId: string
  facts: () => LiveFacts
  /** Steady, ms. */
  now: () => number
  random: () => number
}

const MAX_SWARMS = 16

export class RoomSwarms {
  readonly #options: RoomSwarmsOptions
  readonly #swarms = new Map<string, Swarm>()

  constructor(options: RoomSwarmsOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#swarms.size
  }

  all(): Swarm[] {
    return [...this.#swarms.values()]
  }

  find(name: Omit<SwarmName, 'room'>): Swarm | null {
    return this.#swarms.get(keyOf(name)) ?? null
  }

  /** Null where that is not on air, or there are too many. */
  open({ program, rendition }: Omit<SwarmName, 'room'>): Swarm | null {
    const known = this.find({ program, rendition })
    if (known !== null) return known
    const { roomId, now, random } = this.#options
    const facts = this.#options.facts()
    const isThere = isOnAir(facts, program) && facts.renditions.some(({ name }) => name === rendition)
    if (!isThere || this.#swarms.size >= MAX_SWARMS) return null
    const swarm = new Swarm({ name: { room: roomId, program, rendition }, facts, now, random })
    this.#swarms.set(keyOf(swarm.name), swarm)
    return swarm
  }

  remove(swarm: Swarm): void {
    this.#swarms.delete(keyOf(swarm.name))
  }
}

export function isOnAir(facts: LiveFacts, program: string): boolean {
  return facts.programId === program && ['live', 'interrupted', 'starting'].includes(facts.state)
}

function keyOf({ program, rendition }: Omit<SwarmName, 'room'>): string {
  return `${program} ${rendition}`
}
