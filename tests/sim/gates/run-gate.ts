/** Runs one gate and holds it against its bars; says how to run it again. */
import { InvariantBreach } from '../measure/invariants.ts'
import { BARS } from './bars.ts'
import { missesOf, type Gate, type GateResult, type GateScale } from './gate.ts'

export function runGate(gate: Gate, scale: GateScale): GateResult {
  const { name, title } = gate
  const bars = BARS[name] ?? {}
  const { seed } = scale
  try {
    const { figures, details = {} } = gate.run(scale)
    return { gate: name, title, seed, figures, bars, misses: missesOf(figures, bars), details }
  } catch (error) {
    if (!(error instanceof InvariantBreach)) throw error
    return { gate: name, title, seed, figures: {}, bars, misses: [error.message], details: {} }
  }
}

export function replayOf({ gate, seed }: GateResult, size: number): string {
  return `npm run sim -- --gates --gate ${gate} --seed ${seed}${size === 1 ? '' : ` --size ${size}`}`
}
