import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_STRIPES, countStripes } from '../frame/frame.ts'
import { assignStripes, type StripeBearer } from './stripes.ts'

const PRIMARY: StripeBearer = { assigned: 0b01111, isUsable: true, maxStripes: 5, mostStripes: 5 }
const BACKUP: StripeBearer = { assigned: 0b10000, isUsable: true, maxStripes: 5, mostStripes: 5 }
const SPARE: StripeBearer = { assigned: 0, isUsable: true, maxStripes: 5, mostStripes: 5 }

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
    const narrow = { maxStripes: 3, mostStripes: 3 }
    const masks = assignStripes([
      { ...PRIMARY, isUsable: false },
      { ...BACKUP, ...narrow },
      { ...SPARE, ...narrow },
    ])
    expect(masks.map(countStripes)).toEqual([0, 3, 2])
  })

  it('are borne with delay where nobody can with ease', () => {
    const masks = assignStripes([
      { ...PRIMARY, maxStripes: 2, mostStripes: 3 },
      { ...BACKUP, maxStripes: 2, mostStripes: 3 },
    ])
    expect(masks.map(countStripes)).toEqual([3, 2])
  })

  it('are nobody’s where no path has room', () => {
    const masks = assignStripes([{ ...PRIMARY, maxStripes: 2, mostStripes: 3 }])
    expect(masks.map(countStripes)).toEqual([3])
  })

  it('have one bearer at the most, and one as long as there is room', () => {
    const bearer = fc
      .record({
        assigned: fc.integer({ min: 0, max: ALL_STRIPES }),
        isUsable: fc.boolean(),
        maxStripes: fc.integer({ min: 0, max: 5 }),
        more: fc.integer({ min: 0, max: 5 }),
      })
      .map(({ more, ...rest }) => ({ ...rest, mostStripes: Math.min(5, rest.maxStripes + more) }))
    fc.assert(
      fc.property(fc.array(bearer, { maxLength: 4 }), (parents) => {
        const masks = assignStripes(parents)
        const room = parents.reduce((sum, parent) => sum + (parent.isUsable ? parent.mostStripes : 0), 0)
        const borne = masks.reduce((sum, mask) => sum + countStripes(mask), 0)
        expect(countStripes(masks.reduce((all, mask) => all | mask, 0))).toBe(borne)
        expect(borne).toBe(Math.min(5, room))
        masks.forEach((mask, at) => {
          const most = parents[at]?.isUsable ? parents[at].mostStripes : 0
          expect(countStripes(mask)).toBeLessThanOrEqual(most)
        })
      }),
    )
  })
})
