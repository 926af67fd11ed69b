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
  source: SourceFacts | null
  refusal: Notice | null
  renditions: RenditionFacts[]
}

/** The live side of all rooms. */
export interface LiveRooms {
  /** Never throws: a room nothing is known of is `idle`. */
  facts(roomId: string): LiveFacts
  /** Ends the running program on purpose; resolves when it has ended, at once when none runs. */
  end(roomId: string): Promise<void>
  /** Disconnects the publisher and forgets the room. */
  drop(roomId: string): Promise<void>
  /** Calls back at every change of a room's facts that viewers should hear of; returns the way to stop. */
  onChange(listener: (roomId: string, facts: LiveFacts) => void): () => void
}
