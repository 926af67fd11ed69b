/** One thing that must hold, measured on a world of its own. */

/** One number a figure, so that bars can be held against it; distributions come along for people. */
export type Figures = Record<string, number>

export interface GateResult {
  gate: string
  title: string
  seed: number
  figures: Figures
  /** Names of figures and what they may be at most; `>=` before a name: at least. */
  bars: Figures
  misses: string[]
  details: Record<string, unknown>
}

export interface GateRun {
  figures: Figures
  details?: Record<string, unknown>
}

export interface GateScale {
  /** 1: as the issue has it; less for a quick look. */
  size: number
  seed: number
  say: (text: string) => void
}

export interface Gate {
  name: string
  title: string
  /** Part of `npm test`. */
  isShort: boolean
  run: (scale: GateScale) => GateRun
}

/** What was not met, a sentence each. A figure that is asked for and missing is a miss. */
export function missesOf(figures: Figures, bars: Figures): string[] {
  return Object.entries(bars).flatMap(([key, limit]) => {
    const isLeast = key.startsWith('>=')
    const name = isLeast ? key.slice(2) : key
    const value = figures[name]
    if (value === undefined || Number.isNaN(value)) return [`${name}: not measured`]
    const isMet = isLeast ? value >= limit : value <= limit
    return isMet ? [] : [`${name}: ${value}, at ${isLeast ? 'least' : 'most'} ${limit}`]
  })
}
