/**
 * Which pipe fills a track: the cascade when it proves that it can, HTTP whenever that is in doubt. Both fill the same track, so
 * a change between them cannot be seen; what it costs is bytes, never picture.
 */

export type Pipe = 'cascade' | 'http'

export interface SourceFacts {
  pipe: Pipe
  /** the publisher is away, or the program over: only the server knows how it goes on */
  isPinned: boolean
  /** a parent is there in a swarm that carries this track */
  isJoined: boolean
  /** newest part of the track behind which none is missing, as a running number; null: none yet */
  head: number | null
  /** newest part out of the cascade; null: none since it was last doubted */
  newest: number | null
  /** so many came out of it one after the other, `newest` the last */
  run: number
  /** since `head` moved */
  stuckMs: number
  /** media loaded ahead of the playhead */
  reserveMs: number
  /** how often, lately, the cascade was believed and then failed */
  failures: number
}

/** Three quarters of a second without a hole: the link carries, and so does what is behind it. */
const PROOF_PARTS = 3
/** Twice as long after each failure, up to ten seconds. */
const MAX_PROOF_PARTS = 40
const PART_MS = 250
/** A third of the reserve is left for HTTP to answer in. */
const STUCK_SHARE = 1 / 3
const SHORTEST_STUCK_MS = 600
const LONGEST_STUCK_MS = 2000
/** The cascade may be behind HTTP by so much of the reserve, and by one part in any case. */
const LAG_SHARE = 1 / 4

export function choosePipe(facts: SourceFacts): Pipe {
  if (facts.isPinned || !facts.isJoined) return 'http'
  if (facts.pipe === 'cascade') return facts.stuckMs > stuckLimitMs(facts.reserveMs) ? 'http' : 'cascade'
  return isProven(facts) ? 'cascade' : 'http'
}

/** For how long a track that the cascade feeds may stand still. */
export function stuckLimitMs(reserveMs: number): number {
  return Math.max(SHORTEST_STUCK_MS, Math.min(LONGEST_STUCK_MS, reserveMs * STUCK_SHARE))
}

function isProven({ head, newest, run, reserveMs, failures }: SourceFacts): boolean {
  if (head === null || newest === null) return false
  if (run < Math.min(MAX_PROOF_PARTS, PROOF_PARTS * 2 ** failures)) return false
  const joinsOn = newest - run <= head
  const lagParts = head - newest
  return joinsOn && lagParts <= Math.max(1, Math.floor((reserveMs * LAG_SHARE) / PART_MS))
}
