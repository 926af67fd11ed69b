/** Looks at a watch page again and again while something happens, and says what was seen and when. */
import { expect } from 'vitest'
import { HiccupMeter } from '../chaos/meters/hiccups.ts'
import type { WatchPage } from './watch-page.ts'

export interface Observed {
  /** Each one once. */
  states: string[]
  notices: (string | null)[]
  stallMs: number
  minReserveMs: number
  /** The longest time that this process stood still meanwhile, and with it the machine. */
  lateMs: number
  /** A line for each change, for who has to find out why it was not as it should be. */
  trace: string
}

const LOOK_MS = 250
/** A busy machine misses frames with seconds in the buffer; a player without data misses far more. */
export const STALL_SLACK_MS = 1000
const RESERVE_LEFT_MS = 1000

/** Begins at once; `stop` ends it. */
export function observe(watch: WatchPage): { stop: () => Promise<Observed> } {
  const log = new ObservationLog()
  const hiccups = new HiccupMeter()
  const fromMs = Date.now()
  let isOver = false
  const looking = (async () => {
    for (;;) {
      // A page that is closed before it is done with belongs to a test that has failed already.
      const stats = await watch.stats().catch(() => null)
      if (watch.page.isClosed()) return
      if (stats) log.note(stats, Date.now() - fromMs)
      if (isOver) return
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await looking
      const lateMs = hiccups.longest(fromMs, Date.now())
      hiccups.close()
      return log.read(lateMs)
    },
  }
}

/** Nothing on the screen but the stream. */
export function expectUnnoticed(seen: Observed): void {
  expectUnstalled(seen)
  expect(seen.notices, seen.trace).toEqual([null])
  expect(seen.minReserveMs, seen.trace).toBeGreaterThan(RESERVE_LEFT_MS - seen.lateMs)
}

/** The picture went on all the time, whatever was said over it. */
export function expectUnstalled({ states, stallMs, lateMs, trace }: Observed): void {
  expect(states, trace).toEqual(['playing'])
  expect(stallMs, trace).toBeLessThan(STALL_SLACK_MS + lateMs)
}

type Stats = NonNullable<Awaited<ReturnType<WatchPage['stats']>>>

class ObservationLog {
  readonly #all: Stats[] = []
  readonly #lines: string[] = []
  #last = ''

  note(stats: Stats, atMs: number): void {
    this.#all.push(stats)
    const { engine, state, notice, stallMs, reserveMs } = stats
    const now = `${engine} ${state}, notice ${notice}, stalled for ${Math.round(stallMs)} ms`
    if (now === this.#last) return
    this.#last = now
    this.#lines.push(`${atMs} ms: ${now}, reserve ${Math.round(reserveMs)} ms`)
  }

  read(lateMs: number): Observed {
    const stalls = this.#all.map(({ stallMs }) => stallMs)
    return {
      states: [...new Set(this.#all.map(({ state }) => state))],
      notices: [...new Set(this.#all.map(({ notice }) => notice))],
      stallMs: (stalls.at(-1) ?? 0) - (stalls[0] ?? 0),
      minReserveMs: Math.min(...this.#all.map(({ reserveMs }) => reserveMs)),
      lateMs,
      trace: [...this.#lines, `late by ${Math.round(lateMs)} ms at most`].join('\n'),
    }
  }
}
