/** How far tracks are known to have come, from what passed through this edge: whether a request asks for what is there, or waits for what is to be made. */
import { PARTS_PER_SEGMENT, runningNumber } from '../media/part.ts'
import type { Answer } from './answer.ts'
import type { ObjectRequest } from './media-path.ts'

/**
 * `there`: it exists, or needs no waiting. `ahead`: it is to be made, and the origin holds the request meanwhile.
 * `unknown`: nothing is known of its track, or it is too far from what is.
 */
export type Standing = 'there' | 'ahead' | 'unknown'

/** What an origin lets wait: farther ahead it has what this edge has not heard of, or refuses. */
const MAX_PARTS_AHEAD = 24
const MAX_TRACKS = 1024
const LISTED_PART = '#EXT-X-PART:'
const PART_NAME = /URI="(\d{1,10})\.([0-7])\.m4s"/

export class TrackHeads {
  /** Running number of the newest part seen of each track, which only grows; the track heard of longest ago first. */
  readonly #heads = new Map<string, number>()

  /** To be told of every whole answer of status 200. */
  note(request: ObjectRequest, answer: Answer): void {
    if (request.kind === 'init' || request.kind === 'multivariant') return
    const key = keyOf(request)
    const reached = reachedBy(request, answer)
    const known = this.#heads.get(key)
    if (reached === null || (known !== undefined && reached < known)) return
    this.#heads.delete(key)
    this.#heads.set(key, reached)
    const [oldest] = this.#heads.keys()
    if (this.#heads.size > MAX_TRACKS && oldest !== undefined) this.#heads.delete(oldest)
  }

  standingOf(request: ObjectRequest): Standing {
    if (request.kind === 'init' || request.kind === 'multivariant') return 'there'
    const head = this.#heads.get(keyOf(request))
    // A track's first playlist waits for its first segment; every other one without a number is there.
    if (request.kind === 'playlist' && request.msn === null) return head === undefined ? 'ahead' : 'there'
    const aheadBy = head === undefined ? Infinity : neededBy(request) - head
    if (aheadBy <= 0) return 'there'
    return request.kind === 'playlist' || aheadBy <= MAX_PARTS_AHEAD ? 'ahead' : 'unknown'
  }
}

type InTrack = Exclude<ObjectRequest, { kind: 'init' | 'multivariant' }>

function keyOf({ room, program, track }: InTrack): string {
  return `${room}/${program}/${track}`
}

/** The part with which the request can be answered: for a whole segment part 0 of the next. */
function neededBy(request: InTrack): number {
  if (request.kind === 'segment') return runningNumber({ msn: request.msn + 1, part: 0 })
  if (request.kind === 'part') return runningNumber({ msn: request.msn, part: request.part })
  const { msn, part } = request
  if (part === null || part >= PARTS_PER_SEGMENT) return runningNumber({ msn: (msn ?? 0) + 1, part: 0 })
  return runningNumber({ msn: msn ?? 0, part })
}

/** What an answer proves. Null where it says nothing of the track's head. */
function reachedBy(request: InTrack, { chunks }: Answer): number | null {
  if (request.kind !== 'playlist') return neededBy(request)
  const [text] = chunks
  if (text === undefined) return null
  const at = text.lastIndexOf(LISTED_PART)
  const [, msn, part] = at < 0 ? [] : (PART_NAME.exec(text.toString('latin1', at, at + 256)) ?? [])
  return msn === undefined ? null : runningNumber({ msn: Number(msn), part: Number(part) })
}
