/** Follows one track through the edge's cache: part after part as they are made, each asked for before it is there. */
import { setTimeout as delay } from 'node:timers/promises'
import { partIdOf, PARTS_PER_SEGMENT, readPart, runningNumber } from '../../media/part.ts'
import type { Part } from '../../media/part.ts'
import { parseMediaPlaylist, type ParsedMediaPlaylist } from '../../media/playlist/parse.ts'
import type { Answer } from '../answer.ts'
import type { Coalescer } from '../coalescer.ts'
import { parseMediaPath } from '../media-path.ts'
import { fetchWhole } from './fetch-whole.ts'

export interface TrackFeedOptions {
  room: string
  program: string
  track: string
  coalescer: Pick<Coalescer, 'find'>
  onPart(part: Part): void
  /** A failure, which is tried again. */
  onTrouble(reason: string): void
}

export type FeedEnd = 'ended' | 'not_live' | 'closed'

const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 2000
/** So far behind the newest segment's beginning, what was left out is still given. */
const CATCH_UP_PARTS = 2 * PARTS_PER_SEGMENT

export class TrackFeed {
  readonly #options: TrackFeedOptions
  readonly #abort = new AbortController()
  #next: number | null = null
  #given = -1
  #pauseMs = FIRST_PAUSE_MS

  constructor(options: TrackFeedOptions) {
    this.#options = options
  }

  /** Resolves when the track has ended, is not there any more, or `close`. To be called once. */
  async run(): Promise<FeedEnd> {
    while (!this.#abort.signal.aborted) {
      try {
        const end = this.#next === null ? await this.#findNext() : await this.#takePart(this.#next)
        if (end !== null) return end
      } catch (error) {
        if (this.#abort.signal.aborted) break
        this.#options.onTrouble(error instanceof Error ? error.message : String(error))
        await this.#pause()
      }
    }
    return 'closed'
  }

  close(): void {
    this.#abort.abort()
  }

  /**
   * The newest segment's beginning: independent, and what those who join now need. Behind a gap or a failure what follows the last
   * part given, also where another segment has begun meanwhile, unless that is long ago: it would be in the way of what is live.
   */
  async #findNext(): Promise<FeedEnd | null> {
    const answer = await this.#ask('index.m3u8')
    if (answer.status === 404) return 'not_live'
    const playlist = parseMediaPlaylist(bodyOf(answer).toString('utf8'))
    if (playlist.ended) return 'ended'
    const newest = playlist.segments.at(-1)
    if (newest === undefined) throw new Error('a playlist without segments')
    const beginning = runningNumber({ msn: newest.uri === null ? newest.msn : newest.msn + 1, part: 0 })
    const gaps = gapsOf(playlist)
    const isNear = this.#given >= Math.max(0, beginning - CATCH_UP_PARTS)
    let next = isNear ? this.#given + 1 : beginning
    while (gaps.has(next)) next++
    this.#next = next
    return null
  }

  async #takePart(number: number): Promise<null> {
    const { msn, part } = partIdOf(number)
    const answer = await this.#ask(`${msn}.${part}.m4s`)
    if (answer.status === 404) {
      // Fallen out of the window, behind the end, or a gap: the playlist knows.
      this.#next = null
      await this.#pause()
    } else if (!isWaitOver(answer)) {
      this.#options.onPart(readPart(bodyOf(answer)))
      this.#given = number
      this.#next = number + 1
      this.#pauseMs = FIRST_PAUSE_MS
    }
    return null
  }

  async #ask(file: string): Promise<Answer> {
    const { room, program, track, coalescer } = this.#options
    const request = parseMediaPath(`/live/${room}/${program}/${track}/${file}`)
    if (request.kind === 'flv' || request.kind === 'redirect') throw new Error(`${file} is no object`)
    return fetchWhole(coalescer, request, this.#abort.signal)
  }

  async #pause(): Promise<void> {
    const ms = this.#pauseMs * (0.5 + Math.random())
    this.#pauseMs = Math.min(2 * this.#pauseMs, MAX_PAUSE_MS)
    await delay(ms, null, { signal: this.#abort.signal }).catch(() => null)
  }
}

/** Parts that cannot be had, by their numbers: GAP=YES, also where an upstream says it and not this edge. */
function gapsOf({ segments }: ParsedMediaPlaylist): Set<number> {
  const numbers = segments.flatMap(({ msn, parts }) =>
    parts.flatMap(({ gap }, part) => (gap ? [runningNumber({ msn, part })] : [])),
  )
  return new Set(numbers)
}

/** The origin held the request for as long as it may: to be asked again at once. */
function isWaitOver({ status, chunks }: Answer): boolean {
  return status === 503 && codeOf(chunks) === 'part_timeout'
}

function codeOf(chunks: readonly Buffer[]): unknown {
  try {
    return (JSON.parse(Buffer.concat(chunks).toString('utf8')) as { code?: unknown }).code
  } catch {
    return null
  }
}

function bodyOf({ status, chunks }: Answer): Buffer {
  if (status !== 200) throw new Error(`answered ${status} ${String(codeOf(chunks) ?? '')}`)
  const [only, ...more] = chunks
  return only !== undefined && more.length === 0 ? only : Buffer.concat(chunks)
}
