import { describe, expect, it } from 'vitest'
import { Subscription } from './subscription.ts'

describe('a subscription', () => {
  it('changes at a part, and leaves the parts before it as they were', () => {
    const subscription = new Subscription()
    subscription.change(10, 0b01111)
    subscription.change(20, 0b11111)
    expect([9, 10, 19, 20, 99].map((k) => subscription.stripesFor(k))).toEqual([0, 15, 15, 31, 31])
    expect(subscription.stripes).toBe(31)
  })

  it('forgets what was to begin later than its last change', () => {
    const subscription = new Subscription()
    subscription.change(10, 1)
    subscription.change(30, 2)
    subscription.change(20, 4)
    expect([10, 20, 30].map((k) => subscription.stripesFor(k))).toEqual([1, 4, 4])
  })

  it('remembers no more than a few changes', () => {
    const subscription = new Subscription()
    for (let k = 0; k < 1000; k++) subscription.change(k, k & 31)
    expect(subscription.stripesFor(999)).toBe(999 & 31)
    expect(subscription.stripesFor(900)).toBe(0)
  })
})
