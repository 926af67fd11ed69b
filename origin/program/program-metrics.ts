/** The figures of the programs: how many there are in which state, how often a publisher was lost, and who fed instead. */
import type { Metrics } from '../../runtime/metrics.ts'
import type { LiveFacts, SourceKind } from './live-rooms.ts'
import { PROGRAM_MOVES, type ProgramState } from './program-state.ts'

/** What is counted as it happens. */
export interface ProgramFigures {
  switched(to: SourceKind): void
  /** The slate has fed for so long, again. */
  slate(ms: number): void
}

/** What is counted by looking. */
export interface CountedPrograms {
  programs(): { state: ProgramState }[]
  onChange(listener: (roomId: string, facts: LiveFacts) => void): unknown
}

const STATES = Object.keys(PROGRAM_MOVES) as ProgramState[]

export function countPrograms(metrics: Metrics, programs: CountedPrograms): ProgramFigures {
  metrics.gauge('headwater_program_state', 'Programs by state.', ['state'], (gauge) => {
    for (const state of STATES)
      gauge.set({ state }, programs.programs().filter((program) => program.state === state).length)
  })
  const interruptions = metrics.counter(
    'headwater_program_interruptions_total',
    'How often a program was left without a publisher.',
  )
  const switches = metrics.counter(
    'headwater_program_switches_total',
    'How often another source began to feed a program, by its kind.',
    ['to'],
  )
  const slate = metrics.counter(
    'headwater_program_slate_seconds_total',
    'For how long slates have fed programs, together.',
  )
  const last = new Map<string, string>()
  programs.onChange((roomId, facts) => {
    if (facts.state === 'interrupted' && last.get(roomId) !== 'interrupted') interruptions.inc()
    if (facts.programId === null) last.delete(roomId)
    else last.set(roomId, facts.state)
  })
  return {
    switched: (to) => switches.inc({ to }),
    slate: (ms) => slate.inc(ms / 1000),
  }
}
