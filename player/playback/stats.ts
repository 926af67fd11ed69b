/** What `window.headwater.stats()` answers. The names are fixed: people script against them. */
import type { EngineKind } from '../decisions/ability.ts'
import type { LatencyMode } from '../decisions/latency-mode.ts'
import type { OutageNotice } from '../decisions/outage-notice.ts'
import type { PlaybackState } from './playback-state.ts'

export interface ParentStats {
  id: string
  role: 'primary' | 'backup'
  /** bit mask of what it is asked to push */
  stripes: number
  /** null: not measured yet */
  rttMs: number | null
  /** 0 to 1 */
  loss: number
  relayed: boolean
  bytes: number
}

export type ChildStats = Pick<ParentStats, 'id' | 'stripes' | 'rttMs' | 'loss' | 'bytes'>

export interface SwitchRecord {
  /** ms since 1970 */
  at: number
  /** a rendition, an engine or a parent */
  from: string
  to: string
  /** largest gap between two frames around it; between parents: between what came from one and from the other */
  gapMs: number
}

export interface PlayerStats {
  engine: EngineKind | null
  /** `cascade` while what is loaded comes from other peers */
  pipe: 'cascade' | 'http'
  mode: LatencyMode
  state: PlaybackState
  /** what the viewer is told of an outage */
  notice: OutageNotice['kind'] | null
  firstFrameMs: number | null
  latencyMs: number | null
  reserveMs: number
  stalls: number
  stallMs: number
  droppedFrames: number
  rendition: string | null
  peerId: string | null
  /** `cascade`: received from other peers; `sent`: passed on to others */
  bytes: { cascade: number; http: number; sent: number }
  parents: ParentStats[]
  children: ChildStats[]
  /** hops from the root; null: in no swarm */
  depth: number | null
  /** oldest first */
  switches: SwitchRecord[]
  /** chunks and parts that the origin did not sign: neither played nor passed on */
  rejectedParts: number
  verifiedChunks: number
}
