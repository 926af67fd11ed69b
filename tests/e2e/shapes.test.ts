/** Publishers of every shape, a few seconds of each. `npm run test:shapes` watches each for a minute. */
import { testShapes } from '../support/shape-tests.ts'
import { SHAPES } from '../support/shapes.ts'

testShapes(
  SHAPES.filter(({ isLongOnly }) => !isLongOnly),
  { watchedMs: Number(process.env['HEADWATER_SHAPES_MS'] ?? 8000), isTimed: false },
)
