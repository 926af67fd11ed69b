/** Begins to fetch a room's stream before the page has its components, so that the first frame waits for neither. */
import type { LatencyMode } from '../decisions/latency-mode.ts'
import { openEdges, openStream, primeStream, type StreamParts } from './stream-parts.ts'

let early: { roomId: string; parts: StreamParts } | null = null

/** On a near server the first answers take less than this; on a far one the programs are still on their way. */
const HEAD_START_MS = 80

/**
 * Resolves when the stream's first media has been asked for, or soon: evaluating large programs meanwhile would keep the
 * answers waiting. Failures are left to the player, which asks again.
 */
export async function beginEarly(
  roomId: string,
  start: { mode: LatencyMode; rendition: string | null },
): Promise<void> {
  const parts = openStream(openEdges(location.origin, roomId), roomId)
  early = { roomId, parts }
  const displayHeight = Math.round(Math.min(innerHeight, (innerWidth * 9) / 16) * devicePixelRatio)
  const asked = new Promise<void>((resolve) => {
    primeStream(parts, { ...start, displayHeight, onAsked: resolve }).catch(() => resolve())
  })
  await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, HEAD_START_MS))])
}

/** What was begun for this room; the first to ask owns it. */
export function takeEarly(roomId: string): StreamParts | null {
  if (early?.roomId !== roomId) return null
  const { parts } = early
  early = null
  return parts
}
