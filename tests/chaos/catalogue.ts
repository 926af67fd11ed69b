/** Every case, in the order of the table. */
import type { ChaosCase } from './chaos-case.ts'
import { ABSENCE_CASES } from './cases/absence.ts'
import { ENCODER_CASES } from './cases/encoder.ts'
import { MANY_CASES } from './cases/many.ts'
import { ORIGIN_CASES } from './cases/origin.ts'
import { PUBLISHER_CASES } from './cases/publisher.ts'
import { TOKEN_CASES } from './cases/tokens.ts'
import { TWO_SOURCE_CASES } from './cases/two-sources.ts'
import { PEER_CASES } from './peers/peer-case.ts'

export const CATALOGUE: readonly ChaosCase[] = [
  ...PUBLISHER_CASES,
  ...TWO_SOURCE_CASES,
  ...ABSENCE_CASES,
  ...ENCODER_CASES,
  ...ORIGIN_CASES,
  ...TOKEN_CASES,
  ...MANY_CASES,
  ...PEER_CASES,
]
