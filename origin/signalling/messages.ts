/** The signalling's messages: what a client may send, what it is sent, and what is said of a publisher's comings and goings. */

import { z } from 'zod'
import {
  isSlateShown,
  type LiveFacts,
  type Notice,
  type RoomState,
  type SourceStatus,
} from '../program/live-rooms.ts'
import { ROOM_ID_PATTERN } from '../room/keys.ts'
import type { PublisherView } from '../room/view.ts'

/** A client's first message. `role` is what it says of itself; rights come from the token alone. */
export const helloMessage = z.object({
  type: z.literal('hello'),
  role: z.enum(['viewer', 'publisher', 'admin']),
  room_id: z.string().regex(ROOM_ID_PATTERN),
  user_id: z.string().max(64).optional(),
  token: z.string().min(1).max(512).optional(),
  /** For a private room, where there is no cookie. */
  viewer_token: z.string().min(1).max(256).optional(),
})
export type HelloMessage = z.output<typeof helloMessage>

/** Asks whether anybody is there. */
export const pingMessage = z.object({ type: z.literal('ping') })

export type PublisherEvent =
  'publisher-interrupted' | 'publisher-reconnecting' | 'publisher-reconnected' | 'publisher-ended'

/** How a room is. `since`: wall clock at which the publisher was lost, null while one feeds; `slate`: the slate feeds meanwhile. */
export interface RoomMessage {
  type: 'room'
  state: RoomState
  program_id: string | null
  since: number | null
  slate: boolean
  at: number
}

/** What those who manage a room hear every second. */
export interface FactsMessage {
  type: 'facts'
  /** Connected publishers, best first, and the slate while it feeds. */
  sources: SourceStatus[]
  publisher: PublisherView | null
  refusal: Notice | null
  viewers: number
  at: number
}

/** What the server sends. `at` is its wall clock, milliseconds. */
export type ServerMessage =
  | RoomMessage
  | { type: PublisherEvent; at: number }
  | FactsMessage
  | { type: 'pong'; at: number }
  | { type: 'error'; code: string; message: string }

/** What has to be remembered of a room to tell a return from a start. */
export interface Presence {
  state: RoomState
  programId: string | null
  /** The publisher was lost and is not back yet. */
  isAway: boolean
  hasSlate: boolean
}

export function presenceOf(facts: LiveFacts): Presence {
  const { state, programId } = facts
  return { state, programId, isAway: state === 'interrupted', hasSlate: isSlateShown(facts) }
}

export function roomMessage(facts: LiveFacts, at: number): RoomMessage {
  return {
    type: 'room',
    state: facts.state,
    program_id: facts.programId,
    since: facts.interruptedAtMs,
    slate: isSlateShown(facts),
    at,
  }
}

/** What follows from a change: the new presence, whether the room is to be told, and what of the publisher. */
export function observe(
  before: Presence,
  facts: LiveFacts,
): { presence: Presence; isChange: boolean; event: PublisherEvent | null } {
  const { state, programId } = facts
  const hasSlate = isSlateShown(facts)
  const isChange = state !== before.state || programId !== before.programId || hasSlate !== before.hasSlate
  const isAway = state === 'interrupted' || (state === 'starting' && before.isAway)
  const presence = { state, programId, isAway, hasSlate }
  return { presence, isChange, event: isChange ? eventOf(before, state) : null }
}

function eventOf(before: Presence, state: RoomState): PublisherEvent | null {
  if (state === before.state) return null
  if (state === 'interrupted') return 'publisher-interrupted'
  if (state === 'starting' && before.isAway) return 'publisher-reconnecting'
  if (state === 'live' && before.isAway) return 'publisher-reconnected'
  if (state === 'ended') return 'publisher-ended'
  return null
}
