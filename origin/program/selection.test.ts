import { describe, expect, it } from 'vitest'
import { select, type Contender } from './selection.ts'

const well = { isHealthy: true, healthyForMs: 60_000, isReady: true, isAtKeyframe: true }
const obs: Contender = { kind: 'obs', ...well }
const standby: Contender = { kind: 'standby', ...well }
const calm = { forced: null, failBackAfterMs: 5000 } as const

describe('where nobody feeds', () => {
  it('the best one that is well takes over at once, in the middle of a GOP too', () => {
    const contenders = [standby, { ...obs, isAtKeyframe: false, healthyForMs: 0 }]
    expect(select({ ...calm, contenders, feeding: null })).toEqual({ kind: 'obs', reason: 'return' })
  })

  it.each([
    ['is ill', { isHealthy: false }],
    ['has no keyframe yet', { isReady: false }],
  ])('one that %s does not', (_, change) => {
    const contenders = [{ ...obs, ...change }, standby]
    expect(select({ ...calm, contenders, feeding: null })?.kind).toBe('standby')
    expect(select({ ...calm, contenders: contenders.slice(0, 1), feeding: null })).toBeNull()
  })
})

describe('where one feeds', () => {
  it('another takes over at once when it is lost', () => {
    const situation = { ...calm, feeding: 'obs' } as const
    expect(select({ ...situation, contenders: [standby] })).toEqual({ kind: 'standby', reason: 'loss' })
    const ill = { ...obs, isHealthy: false }
    expect(select({ ...situation, contenders: [ill, standby] })?.kind).toBe('standby')
    expect(select({ ...situation, contenders: [ill] })).toBeNull()
  })

  it('a better one takes over at a keyframe, after it has been well for long enough', () => {
    const situation = { ...calm, feeding: 'standby' } as const
    expect(select({ ...situation, contenders: [obs, standby] })).toEqual({ kind: 'obs', reason: 'fail-back' })
    expect(select({ ...situation, contenders: [{ ...obs, healthyForMs: 4999 }, standby] })).toBeNull()
    expect(select({ ...situation, contenders: [{ ...obs, isAtKeyframe: false }, standby] })).toBeNull()
  })

  it('a worse one never takes over by itself', () => {
    expect(select({ ...calm, contenders: [obs, standby], feeding: 'obs' })).toBeNull()
  })

  it('one that was told to takes over at its keyframe, and stays', () => {
    const situation = { contenders: [obs, standby], forced: 'standby', failBackAfterMs: 0 } as const
    expect(select({ ...situation, feeding: 'obs' })).toEqual({ kind: 'standby', reason: 'takeover' })
    expect(select({ ...situation, feeding: 'standby' })).toBeNull()
    const late = { ...situation, contenders: [obs, { ...standby, isAtKeyframe: false }] }
    expect(select({ ...late, feeding: 'obs' })).toBeNull()
  })
})
