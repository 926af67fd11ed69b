/** What the coordinator can be asked of a swarm, for the admin's graph and for its viewers. */
import type { PeerId } from '../peer-id.ts'
import type { ParentAssignment } from '../messages.ts'

export interface PeerView {
  id: PeerId
  depth: number
  parents: ParentAssignment[]
  children: number
  device: 'desktop' | 'mobile' | 'root'
  ageMs: number
}

export interface SwarmView {
  program: string
  rendition: string
  peers: PeerView[]
}
