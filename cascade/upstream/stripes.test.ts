import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_STRIPES, assignStripes, countStripes, type StripeBearer } from './stripes.ts'

const PRIMARY: StripeBearer = { assigned: 0b01111, isUsable: true, maxStripes: 5 }
const BACKUP: StripeBearer = { assigned: 0b10000, isUsable: true, maxStripes: 5 }
const SPARE: StripeBearer = { assigned: 0, isUsable: true, maxStripes: 5 }

describe('stripes', () => {
  it('go to whom the coordinator gave them', () => {
    expect(assignStripes([PRIMARY, BACKUP, SPARE])).toEqual([0b01111, 0b10000, 0])
  })

  it('of a parent that is out go to the best of the others', () => {
    expect(assignStripes([{ ...PRIMARY, isUsable: false }, BACKUP, SPARE])).toEqual([0, ALL_STRIPES, 0])
  })

  it('move to others where a path is too narrow for them', () => {
    const [primary = 0, backup = 0] = assignStripes([{ ...PRIMARY, maxStripes: 2 }, BACKUP])
    expect([countStripes(primary), countStripes(backup)]).toEqual([2, 3])
  })

  it('are split over two backups whose paths are narrow', () => {
    const narrow = { maxStripes: 3 }
    const masks = assignStripes([
      { ...PRIMARY, isUsable: false },
      { ...BACKUP, ...narrow },
      { ...SPARE, ...narrow },
    ])
    expect(masks.map(countStripes)).toEqual([0, 3, 2])
  })

  it('have exactly one bearer each, whoever is usable, as long as anybody is', () => {
    const bearer = fc.record({
      assigned: fc.integer({ min: 0, max: ALL_STRIPES }),
      isUsable: fc.boolean(),
      maxStripes: fc.integer({ min: 0, max: 5 }),
    })
    fc.assert(
      fc.property(fc.array(bearer, { maxLength: 4 }), (parents) => {
        const masks = assignStripes(parents)
        const isAnybody = parents.some(({ isUsable }) => isUsable)
        expect(masks.reduce((all, mask) => all | mask, 0)).toBe(isAnybody ? ALL_STRIPES : 0)
        expect(masks.reduce((sum, mask) => sum + countStripes(mask), 0)).toBe(isAnybody ? 5 : 0)
        masks.forEach((mask, at) => expect(mask === 0 || parents[at]?.isUsable).toBe(true))
      }),
    )
  })
})
