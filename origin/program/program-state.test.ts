import { describe, expect, it } from 'vitest'
import { isOver, nextState, PROGRAM_MOVES, type ProgramEvent, type ProgramState } from './program-state.ts'

const STATES = Object.keys(PROGRAM_MOVES) as ProgramState[]

describe('a program', () => {
  it('is live, interrupted and live again as often as its publisher goes and comes', () => {
    const events: ProgramEvent[] = ['shown', 'lost', 'lost', 'shown', 'shown', 'lost', 'ended']
    let state: ProgramState = 'starting'
    const states = events.map((event) => (state = nextState(state, event)))
    expect(states).toEqual(['live', 'interrupted', 'interrupted', 'live', 'live', 'interrupted', 'ended'])
  })

  it('that is over stays over, and only that', () => {
    expect(STATES.filter(isOver)).toEqual(['ended', 'refused'])
    for (const event of ['shown', 'lost', 'refused', 'ended'] as const)
      expect(nextState('ended', event)).toBe('ended')
  })

  it('can be ended in every other state', () => {
    for (const state of STATES.filter((each) => !isOver(each)))
      expect(nextState(state, 'ended')).toBe('ended')
  })
})
