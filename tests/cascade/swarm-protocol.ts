/** What the processes of a swarm over real SCTP say to each other. */
import type { Signal } from '../../edge/datachannel/connection.ts'
import type { ParentAssignment } from '../../cascade/messages.ts'
import type { PeerId } from '../../cascade/peer-id.ts'
import type { LostReason, ParentSwitch, PeerFacts } from '../../cascade/peer-options.ts'

/** How a peer goes: it stops and says nothing; its connections close; it says good-bye. */
export type Death = 'silence' | 'close' | 'leave'

export interface StreamShape {
  /** Of video, in all its parts. */
  bitrateKbps: number
  /** When the first part is complete, ms since 1970. */
  startsAtMs: number
}

export type ToWorker =
  | { do: 'stream'; stream: StreamShape }
  | { do: 'spawn'; id: PeerId; isRoot: boolean; maxChildren: number }
  | { do: 'parents'; id: PeerId; parents: ParentAssignment[] }
  | { do: 'signal'; from: PeerId; to: PeerId; signal: Signal }
  | { do: 'die'; id: PeerId; how: Death }
  | { do: 'remove'; id: PeerId }
  | { do: 'report' }

/** A part as one peer got it. `delayMs`: from when it was made. */
export interface Arrival {
  id: PeerId
  number: number
  delayMs: number
  source: 'cascade' | 'http'
}

export interface WorkerReport {
  cpuSeconds: number
  /** How late this process's timers were, 99th percentile: above some tens of ms it measures the machine and not the cascade. */
  lagMs: number
  residentMib: number
  peers: { id: PeerId; isRoot: boolean; facts: PeerFacts }[]
}

export type FromWorker =
  | { is: 'ready' }
  | { is: 'signal'; from: PeerId; to: PeerId; signal: Signal }
  | { is: 'lost'; id: PeerId; parent: PeerId; why: LostReason }
  | { is: 'switch'; id: PeerId; change: ParentSwitch }
  | { is: 'arrivals'; arrivals: Arrival[] }
  | { is: 'report'; report: WorkerReport }

export const SWARM = { room: 'room-1', program: 'p1a2b3c4', rendition: '720p', tracks: ['720p'] } as const
