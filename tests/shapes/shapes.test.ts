/** Publishers of every shape, a minute of each: prints a line of figures for every one. */
import { testShapes } from '../support/shape-tests.ts'
import { SHAPES } from '../support/shapes.ts'

testShapes(SHAPES, { watchedMs: Number(process.env['HEADWATER_SHAPES_MS'] ?? 60_000), isTimed: true })
