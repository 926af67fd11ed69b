/** The figures of the programs: how many there are in which state, and how often a publisher was lost. */
import type { Metrics } from '../../runtime/metrics.ts'
import type { LivePrograms } from './live-programs.ts'

const STATES = ['starting', 'live', 'interrupted', 'ended', 'refused'] as const

export function countPrograms(metrics: Metrics, programs: LivePrograms): void {
  metrics.gauge('headwater_program_state', 'Programs by state.', ['state'], (gauge) => {
    for (const state of STATES)
      gauge.set({ state }, programs.programs().filter((program) => program.state === state).length)
  })
  const interruptions = metrics.counter(
    'headwater_program_interruptions_total',
    'How often a live program lost its source.',
  )
  const last = new Map<string, string>()
  programs.onChange((roomId, facts) => {
    if (facts.state === 'interrupted' && last.get(roomId) !== 'interrupted') interruptions.inc()
    if (facts.programId === null) last.delete(roomId)
    else last.set(roomId, facts.state)
  })
}
