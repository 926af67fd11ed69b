/** What `window.headwater.stats()` answers. The names are fixed: people script against them. */
import type { EngineKind } from '../decisions/ability.ts'
import type { LatencyMode } from '../decisions/latency-mode.ts'
import type { OutageNotice } from '../decisions/outage-notice.ts'
import type { PlaybackState } from './playback-state.ts'

export interface ParentStats {
  id: string
  role: 'primary' | 'backup'
  rttMs: number
  loss: number
  relayed: boolean
  bytes: number
}

export interface SwitchRecord {
  /** ms since 1970 */
  at: number
  from: string
  to: string
  /** largest gap between two frames around it */
  gapMs: number
}

export interface PlayerStats {
  engine: EngineKind | null
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
  bytes: { cascade: number; http: number }
  parents: ParentStats[]
  switches: SwitchRecord[]
  rejectedParts: number
}
