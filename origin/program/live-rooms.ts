/** What the API and the signalling ask the live side of the origin, and nothing more. */

export type RoomState = 'idle' | 'starting' | 'live' | 'interrupted' | 'ended' | 'refused'

/** Something a streamer should know, with a stable code (docs/errors.md) and a sentence. */
export interface Notice {
  code: string
  message: string
}

/** What the publisher sends; null where it is not known (yet) or the medium is missing. */
export interface SourceFacts {
  videoCodec: string | null
  audioCodec: string | null
  width: number | null
  height: number | null
  fps: number | null
  bitrateKbps: number | null
  keyframeIntervalMs: number | null
  audioSampleRate: number | null
  audioChannels: number | null
  encoder: string | null
  warnings: Notice[]
}

/** Who may feed a program, best first. */
export const SOURCE_KINDS = ['obs', 'standby', 'slate'] as const
export type SourceKind = (typeof SOURCE_KINDS)[number]
/** A kind that somebody publishes, by one of the room's keys. */
export type PublisherKind = Exclude<SourceKind, 'slate'>

export const PUBLISHER_KINDS: readonly PublisherKind[] = ['obs', 'standby']

/** One of a room's sources: a connected publisher, or the slate while it feeds. */
export interface SourceStatus {
  kind: SourceKind
  /** It feeds the program. */
  active: boolean
  /** Tags and keyframes arrive and their times move. */
  healthy: boolean
}

export interface RenditionFacts {
  name: string
  width: number | null
  height: number | null
  bitrateKbps: number
}

/** The live side of one room at one moment. */
export interface LiveFacts {
  state: RoomState
  programId: string | null
  startedAtMs: number | null
  /** Wall clock of the loss of the last publisher; null while one feeds the program. The slate does not end it. */
  interruptedAtMs: number | null
  /** Best first. */
  sources: SourceStatus[]
  source: SourceFacts | null
  refusal: Notice | null
  renditions: RenditionFacts[]
}

/** Whether viewers see the slate. */
export function isSlateShown(facts: LiveFacts): boolean {
  return facts.sources.some(({ kind, active }) => kind === 'slate' && active)
}

/** The live side of all rooms. */
export interface LiveRooms {
  /** Never throws: a room nothing is known of is `idle`. */
  facts(roomId: string): LiveFacts
  /** Ends the running program on purpose; resolves when it has ended, at once when none runs. */
  end(roomId: string): Promise<void>
  /** Has a connected publisher feed the program until it is lost. Throws `room_not_live` or `source_not_live`. */
  takeover(roomId: string, kind: PublisherKind): void
  /** Disconnects the publishers and forgets the room. */
  drop(roomId: string): Promise<void>
  /** Calls back at every change of a room's facts that viewers should hear of; returns the way to stop. */
  onChange(listener: (roomId: string, facts: LiveFacts) => void): () => void
}
