/** A room's cascade as those see it who manage the room (docs/api.md). */
import type { SwarmView } from '../../../cascade/coordinator/view.ts'
import type { RootView } from '../root-nodes.ts'

export interface RoomCascadeView {
  enabled: boolean
  /** Ms until it goes on after it did worse than HTTP; 0 where it is on. */
  off_for_ms: number
  peers: number
  control_viewers: number
  stall_share: { cascade: number | null; control: number | null }
  bytes: RoomBytes
  swarms: (SwarmView & { roots: RootView[] })[]
}

/** What viewers had through either pipe, and what roots have sent of that. */
export interface RoomBytes {
  cascade: number
  http: number
  roots: number
}

/** Where nobody is in it. */
export const EMPTY_VIEW: Omit<RoomCascadeView, 'enabled'> = {
  off_for_ms: 0,
  peers: 0,
  control_viewers: 0,
  stall_share: { cascade: null, control: null },
  bytes: { cascade: 0, http: 0, roots: 0 },
  swarms: [],
}
