/** The one state of a player, from what is known of the room and of the picture. */
import type { RoomState } from '../room/room-view.ts'

export type PlaybackState = 'loading' | 'playing' | 'interrupted' | 'ended' | 'error'

export interface PlaybackInput {
  hasFailed: boolean
  /** the program's last frame was shown */
  hasEnded: boolean
  /** a frame of the present program was shown */
  hasFrame: boolean
  /** the viewer is told that the picture does not go on */
  isInterrupted: boolean
  room: RoomState
}

export function playbackState(input: PlaybackInput): PlaybackState {
  const { hasFailed, hasEnded, hasFrame, isInterrupted, room } = input
  if (hasFailed) return 'error'
  if (hasEnded || (room === 'ended' && !hasFrame)) return 'ended'
  if (!hasFrame) return 'loading'
  return isInterrupted ? 'interrupted' : 'playing'
}

export type WaitReason = 'unknown' | 'not_found' | 'not_live' | 'starting' | 'refused' | 'connecting'

/** What a page without a picture waits for. */
export function waitReason(room: RoomState, isKnown: boolean, isMissing: boolean): WaitReason {
  if (isMissing) return 'not_found'
  if (!isKnown) return 'unknown'
  if (room === 'idle' || room === 'ended') return 'not_live'
  if (room === 'starting') return 'starting'
  return room === 'refused' ? 'refused' : 'connecting'
}
