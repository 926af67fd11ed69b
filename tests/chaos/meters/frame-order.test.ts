import { describe, expect, it } from 'vitest'
import { orderOf } from './frame-order.ts'
import type { SeenFrame } from './frames.ts'

function seen(counters: (number | null)[]): SeenFrame[] {
  return counters.map((counter, index) => ({
    timeSec: index / 30,
    arrivedAtMs: index * 33,
    counter,
    isFlash: false,
  }))
}
const run = (
  firstCounter: number,
  count: number,
): { firstCounter: number; count: number; isConverted: boolean } => {
  return { firstCounter, count, isConverted: false }
}

describe('what became of the frames', () => {
  it('finds nothing where all were seen in order, over an outage', () => {
    const order = orderOf(seen([10, 11, 12, 90, 91]), [run(10, 3), run(90, 5)])
    expect(order).toMatchObject({ missing: 0, doubled: 0, backward: 0, foreign: 0, starts: [0, 3] })
  })

  it('names what is missing inside a run, at its end before a loss, and at its begin after one', () => {
    const order = orderOf(seen([10, 12, 91, 92]), [run(10, 5), run(90, 3)])
    expect(order).toMatchObject({ missing: 4, missingAtLoss: 2, missingAt: ['0:1', '0:3-4', '1:0'] })
  })

  it('does not count what lies before the record or behind its end', () => {
    expect(orderOf(seen([14, 15]), [run(10, 100)])).toMatchObject({ missing: 0 })
  })

  it('counts frames that come twice, and steps back', () => {
    expect(orderOf(seen([10, 11, 11, 12, 11]), [run(10, 3)])).toMatchObject({ doubled: 2, backward: 1 })
  })

  it('keeps pictures apart that are no publisher’s', () => {
    expect(orderOf(seen([10, null, null, 20]), [run(10, 1), run(20, 1)])).toMatchObject({
      foreign: 2,
      missing: 0,
    })
  })

  it('keeps apart what was missing before it counted', () => {
    const order = orderOf(seen([10, 12, 13, 15]), [run(10, 6)], 60)
    expect(order).toMatchObject({ missing: 1, missingEarly: 1 })
  })
})
