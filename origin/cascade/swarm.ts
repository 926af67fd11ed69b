/** One swarm at the origin: its coordinator, and which viewer or root stands behind each of its peers. */
import { Coordinator } from '../../cascade/coordinator/coordinator.ts'
import type { Ability } from '../../cascade/messages.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import type { LiveFacts } from '../program/live-rooms.ts'
import { Suspects } from './room/pollution.ts'
import type { SwarmName } from './root-nodes.ts'
import type { CascadeViewer } from './viewer.ts'

export interface Member {
  readonly id: PeerId
  readonly swarm: Swarm
  fingerprint: string
  maxChildren: number
  /** Null while its signalling is broken off. */
  viewer: CascadeViewer | null
  awayUntilMs: number
}

export interface SwarmOptions {
  name: SwarmName
  facts: LiveFacts
  now: () => number
  random: () => number
}

const AUDIO = 'audio'
/** Where a program's bitrates are not known. */
const USUAL_KBPS = 2000

export class Swarm {
  readonly name: SwarmName
  readonly tracks: string[]
  readonly coordinator: Coordinator
  readonly members = new Map<PeerId, Member>()
  readonly roots = new Set<PeerId>()
  readonly suspects = new Suspects()
  emptySinceMs: number
  #movesTold = 0

  constructor({ name, facts, now, random }: SwarmOptions) {
    const { program, rendition } = name
    this.name = name
    this.tracks = tracksOf(rendition, facts)
    this.coordinator = new Coordinator({
      ...{ program, rendition, now, random },
      bitrateKbps: bitrateOf(this.tracks, facts),
    })
    this.emptySinceMs = now()
  }

  /** Moves since this was asked last. */
  takeMoves(): number {
    const { moves } = this.coordinator
    const fresh = moves - this.#movesTold
    this.#movesTold = moves
    return fresh
  }
}

/** What a root is capable of. */
export function rootAbility(maxChildren: number): Ability {
  return {
    device: 'root',
    relays: true,
    upload_kbps: 10_000_000,
    max_children: maxChildren,
    hidden: false,
    relay_only: false,
  }
}

/** The picture first, then the sound, as viewers name them. */
function tracksOf(rendition: string, facts: LiveFacts): string[] {
  const hasAudio = rendition !== AUDIO && facts.renditions.some(({ name }) => name === AUDIO)
  return hasAudio ? [rendition, AUDIO] : [rendition]
}

function bitrateOf(tracks: readonly string[], facts: LiveFacts): number {
  const rates = facts.renditions.filter(({ name }) => tracks.includes(name))
  const sum = rates.reduce((total, { bitrateKbps }) => total + bitrateKbps, 0)
  return sum > 0 ? sum : USUAL_KBPS
}
