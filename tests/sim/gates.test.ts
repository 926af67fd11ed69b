/** The simulator's gates in short; `npm run sim -- --gates` is the whole of them. */
import { describe, expect, test } from 'vitest'
import { CATALOGUE } from './gates/catalogue.ts'
import { replayOf, runGate } from './gates/run-gate.ts'

const SIZE = 0.02
const SEED = 1
const LIMIT_MS = 180_000

describe('gates of the cascade, in short', () => {
  test.each(CATALOGUE.filter(({ isShort }) => isShort))(
    '$name: $title',
    (gate) => {
      const result = runGate(gate, { size: SIZE, seed: SEED, say: () => undefined })
      console.log(JSON.stringify(result))
      expect(result.misses, replayOf(result, SIZE)).toEqual([])
    },
    LIMIT_MS,
  )
})
