/** Begins to fetch a room's stream before the page has its components, so that the first frame waits for neither. */
import type { LatencyMode } from '../decisions/latency-mode.ts'
import { openStream, primeStream, type StreamParts } from './stream-parts.ts'

let early: { roomId: string; parts: StreamParts } | null = null

/** Failures are left to the player, which asks again. */
export function beginEarly(roomId: string, start: { mode: LatencyMode; rendition: string | null }): void {
  const parts = openStream(location.origin, roomId)
  early = { roomId, parts }
  const displayHeight = Math.round(Math.min(innerHeight, (innerWidth * 9) / 16) * devicePixelRatio)
  primeStream(parts, { ...start, displayHeight }).catch(() => undefined)
}

/** What was begun for this room; the first to ask owns it. */
export function takeEarly(roomId: string): StreamParts | null {
  if (early?.roomId !== roomId) return null
  const { parts } = early
  early = null
  return parts
}
