/** Follows one track as LL-HLS players do: a playlist request that is held until the next part is there, then that part. */
import { setTimeout as delay } from 'node:timers/promises'
import { PARTS_PER_SEGMENT, partIdOf } from '../../../media/part.ts'
import { partUri } from '../../../media/playlist/address.ts'
import { parseMediaPlaylist, type ParsedMediaPlaylist } from '../../../media/playlist/parse.ts'
import { AskFailed, type EdgeChoice } from './edge-choice.ts'

export interface TrackFollowerOptions {
  /** The track's folder, such as `/live/room/program/360p`. */
  folder: string
  edges: EdgeChoice
  signal: AbortSignal
  onPart: (number: number, bytes: Buffer) => void
  /** A part that the server says it does not have. */
  onMissing: (number: number) => void
}

/** As the player's own: past what the server holds a request for, and what a transfer may take. */
const HELD_LIMIT_MS = 25_000
const TRANSFER_LIMIT_MS = 10_000
const FIRST_WAIT_MS = 100
const MAX_WAIT_MS = 2000

export class TrackFollower {
  readonly #options: TrackFollowerOptions
  /** The part it wants next. */
  #next = 0

  constructor(options: TrackFollowerOptions) {
    this.#options = options
  }

  /** The newest part there is. */
  async head(): Promise<number> {
    return headOf(await this.#playlist(''))
  }

  /** Everything from `first` on, in order, until the signal. Never rejects. */
  async follow(first: number): Promise<void> {
    const { signal } = this.#options
    this.#next = first
    while (!signal.aborted) {
      const { msn, part } = partIdOf(this.#next)
      const playlist = await this.#again(() =>
        this.#playlist(`?_HLS_msn=${msn}&_HLS_part=${part}&_HLS_skip=YES`),
      )
      if (!playlist) return
      const before = this.#next
      for (const head = headOf(playlist); this.#next <= head; this.#next++) await this.#take(this.#next)
      if (this.#next === before) await delay(FIRST_WAIT_MS, null, { signal }).catch(() => null)
    }
  }

  async #take(number: number): Promise<void> {
    const { folder, edges, signal, onPart, onMissing } = this.#options
    const path = `${folder}/${partUri(partIdOf(number))}`
    const bytes = await this.#again(() =>
      edges.get(path, { limitMs: TRANSFER_LIMIT_MS, signal }).catch((error: unknown) => {
        if (error instanceof AskFailed && error.status === 404) return 'missing' as const
        throw error
      }),
    )
    if (bytes === 'missing') onMissing(number)
    else if (bytes) onPart(number, bytes)
  }

  async #playlist(query: string): Promise<ParsedMediaPlaylist> {
    const { folder, edges, signal } = this.#options
    const text = await edges.get(`${folder}/index.m3u8${query}`, { limitMs: HELD_LIMIT_MS, signal })
    return parseMediaPlaylist(text.toString())
  }

  /** Until it succeeds, with growing waits; null once the signal is given. */
  async #again<Result>(ask: () => Promise<Result>): Promise<Result | null> {
    const { signal } = this.#options
    for (let waitMs = FIRST_WAIT_MS; !signal.aborted; waitMs = Math.min(2 * waitMs, MAX_WAIT_MS)) {
      try {
        return await ask()
      } catch {
        await delay(waitMs, null, { signal }).catch(() => null)
      }
    }
    return null
  }
}

function headOf({ segments }: ParsedMediaPlaylist): number {
  const last = segments.at(-1)
  if (!last) return -1
  const count = last.uri === null ? last.parts.length : PARTS_PER_SEGMENT
  return last.msn * PARTS_PER_SEGMENT + count - 1
}
