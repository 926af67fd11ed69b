/** Who is to feed a program: the best of its publishers that is well, without going back and forth. Pure. */
import { SOURCE_KINDS, type PublisherKind } from './live-rooms.ts'

export interface Contender {
  kind: PublisherKind
  isHealthy: boolean
  healthyForMs: number
  /** Something is kept of it that a program can go on with. */
  isReady: boolean
  /** Its newest tag is a keyframe: the moment to change over to it. */
  isAtKeyframe: boolean
}

export interface Situation {
  contenders: readonly Contender[]
  /** The publisher that feeds; null while nobody does, or the slate. */
  feeding: PublisherKind | null
  /** Who was told to take over, until that one is lost. */
  forced: PublisherKind | null
  /** How long a better one must have been well before it is gone back to. */
  failBackAfterMs: number
}

export type SwitchReason = 'return' | 'loss' | 'fail-back' | 'takeover'

/** Who takes over now, or null when all stays as it is. */
export function select(situation: Situation): { kind: PublisherKind; reason: SwitchReason } | null {
  const { contenders, feeding, forced, failBackAfterMs } = situation
  const able = contenders.filter(({ isHealthy, isReady }) => isHealthy && isReady).toSorted(byRank)
  const current = able.find(({ kind }) => kind === feeding)
  const wanted = able.find(({ kind }) => kind === forced)
  if (!current) {
    const next = wanted ?? able[0]
    return next ? { kind: next.kind, reason: feeding === null ? 'return' : 'loss' } : null
  }
  if (wanted)
    return wanted !== current && wanted.isAtKeyframe ? { kind: wanted.kind, reason: 'takeover' } : null
  const better = able.find((each) => byRank(each, current) < 0 && each.healthyForMs >= failBackAfterMs)
  return better?.isAtKeyframe ? { kind: better.kind, reason: 'fail-back' } : null
}

function byRank(a: Contender, b: Contender): number {
  return SOURCE_KINDS.indexOf(a.kind) - SOURCE_KINDS.indexOf(b.kind)
}
