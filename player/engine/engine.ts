/** What the player asks of an engine, whichever library plays. */
import type { EngineKind } from '../decisions/ability.ts'
import type { RenditionFacts } from '../decisions/choose-rendition.ts'
import type { LatencyMode } from '../decisions/latency-mode.ts'
import type { PlayerError } from '../player-error.ts'

export type EngineEnd = { reason: 'closed' } | { reason: 'failed'; error: PlayerError }

export interface EngineFacts {
  /** what is shown; null before the first frame or where the engine cannot say */
  rendition: string | null
  /** what the viewer may choose from, best first */
  renditions: readonly RenditionFacts[]
  /** null: chosen automatically */
  chosen: string | null
  /** newest media at hand minus the playhead */
  distanceS: number | null
  /** when the picture now shown reached the origin, ms since 1970 by the server's clock */
  captureTimeMs: number | null
  /** position of the playhead on the program's timeline */
  mediaTimeS: number | null
  /** the playhead is where the latency mode wants it, not further back */
  isAtLive: boolean
  httpBytes: number
  bandwidthKbps: number | null
}

export interface Engine {
  readonly kind: EngineKind
  /** resolves once, saying how it ended */
  readonly closed: Promise<EngineEnd>
  /** Begins to play on the video element it was made with. Throws `PlayerError`. */
  start(): Promise<void>
  facts(): EngineFacts
  /** null: automatically */
  choose(rendition: string | null): void
  setMode(mode: LatencyMode): void
  goToLive(): void
  /** Moves within what there is, and stays at that distance until `goToLive`. */
  seekBy(seconds: number): void
  /** Playing goes on after a pause. */
  resume(): void
  close(): Promise<void>
}

export const NO_FACTS: EngineFacts = {
  rendition: null,
  renditions: [],
  chosen: null,
  distanceS: null,
  captureTimeMs: null,
  mediaTimeS: null,
  isAtLive: true,
  httpBytes: 0,
  bandwidthKbps: null,
}
