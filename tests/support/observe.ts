/** Looks at a watch page all the while something happens, and says what was to be seen meanwhile. */
import type { WatchPage } from './watch-page.ts'

export interface Observed {
  /** each that occurred, in the order of their first appearance */
  states: string[]
  notices: (string | null)[]
  stallMs: number
  minReserveMs: number
}

const LOOK_MS = 250

/** Begins at once; `stop` ends it. */
export function observe(watch: WatchPage): { stop: () => Promise<Observed> } {
  const states = new Set<string>()
  const notices = new Set<string | null>()
  const stalls: number[] = []
  let minReserveMs = Infinity
  let isOver = false
  const looking = (async () => {
    for (;;) {
      const stats = await watch.stats()
      if (stats) {
        states.add(stats.state)
        notices.add(stats.notice)
        stalls.push(stats.stallMs)
        minReserveMs = Math.min(minReserveMs, stats.reserveMs)
      }
      if (isOver) return
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
    }
  })()
  return {
    stop: async () => {
      isOver = true
      await looking
      const stallMs = (stalls.at(-1) ?? 0) - (stalls[0] ?? 0)
      return { states: [...states], notices: [...notices], stallMs, minReserveMs }
    },
  }
}
