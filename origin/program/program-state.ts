/** The states of a program and the moves between them: one table, and nothing else decides. Pure. */
import type { RoomState } from './live-rooms.ts'

export type ProgramState = Exclude<RoomState, 'idle'>

/**
 * `shown`: a publisher's picture has come out in every track. `lost`: the last publisher is gone, silent or stuck, and no other
 * one takes its place. `refused`: what the only publisher sends cannot be taken. `ended`: on purpose, or nobody came back in time.
 */
export type ProgramEvent = 'shown' | 'lost' | 'refused' | 'ended'

export const PROGRAM_MOVES: Record<ProgramState, Partial<Record<ProgramEvent, ProgramState>>> = {
  starting: { shown: 'live', lost: 'interrupted', refused: 'refused', ended: 'ended' },
  live: { lost: 'interrupted', refused: 'refused', ended: 'ended' },
  interrupted: { shown: 'live', refused: 'refused', ended: 'ended' },
  ended: {},
  refused: {},
}

/** The state after an event; the same one where the table has no move for it. */
export function nextState(state: ProgramState, event: ProgramEvent): ProgramState {
  return PROGRAM_MOVES[state][event] ?? state
}

/** Nothing more will come of it. */
export function isOver(state: ProgramState): boolean {
  return Object.keys(PROGRAM_MOVES[state]).length === 0
}
