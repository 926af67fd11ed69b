/** Chooses, for one track of the stream, between the cascade and HTTP, and holds HTTP back while the cascade feeds it. */
import { runningNumber, type Part } from '../../media/part.ts'
import type { Track } from '../../media/track.ts'
import { choosePipe, type Pipe } from '../decisions/source-policy.ts'

/** What is needed of a track's feed. */
export interface PipedFeed {
  readonly track: Pick<Track, 'note' | 'find' | 'head'>
  pause(): void
  resume(): void
}

export interface PipeContext {
  isPinned: boolean
  isJoined: boolean
  reserveMs: number
}

/** A failure is forgotten after so long. */
const FORGET_MS = 60_000
/** In parts; more than any proof asks for. */
const MAX_REMEMBERED = 64

export class TrackPipe {
  readonly feed: PipedFeed
  #pipe: Pipe = 'http'
  /** what the cascade brought lately, whether it was the first to */
  #brought = new Set<number>()
  #head: number | null = null
  #movedAtMs: number
  #failures: number[] = []

  constructor(feed: PipedFeed, nowMs: number) {
    this.feed = feed
    this.#movedAtMs = nowMs
  }

  get pipe(): Pipe {
    return this.#pipe
  }

  /** A part out of the cascade. False: it was here already. */
  note({ header, bytes }: Part): boolean {
    const number = runningNumber(header)
    const isNew = !this.feed.track.find(header.msn, header.part)?.bytes && this.feed.track.note(header, bytes)
    this.#brought.add(number)
    for (const old of this.#brought) if (old < number - MAX_REMEMBERED) this.#brought.delete(old)
    return isNew
  }

  /** Chooses anew, and acts on it. */
  look(context: PipeContext, nowMs: number): void {
    const { head } = this.feed.track
    const number = head && runningNumber(head)
    if (number !== this.#head) this.#movedAtMs = nowMs
    this.#head = number
    this.#failures = this.#failures.filter((at) => nowMs - at < FORGET_MS)
    const pipe = choosePipe({
      ...context,
      pipe: this.#pipe,
      head: number,
      ...this.#run(),
      stuckMs: nowMs - this.#movedAtMs,
      failures: this.#failures.length,
    })
    if (pipe !== this.#pipe) this.#change(pipe, context, nowMs)
  }

  /** HTTP takes over for good. */
  close(): void {
    this.#pipe = 'http'
    this.feed.resume()
  }

  #change(pipe: Pipe, { isPinned, isJoined }: PipeContext, nowMs: number): void {
    this.#pipe = pipe
    if (pipe === 'cascade') return this.feed.pause()
    // it has to prove itself anew
    this.#brought.clear()
    if (!isPinned && isJoined) this.#failures.push(nowMs)
    this.feed.resume()
  }

  /** Parts come in any order. */
  #run(): { newest: number | null; run: number } {
    if (this.#brought.size === 0) return { newest: null, run: 0 }
    const newest = Math.max(...this.#brought)
    let run = 1
    while (this.#brought.has(newest - run)) run++
    return { newest, run }
  }
}
